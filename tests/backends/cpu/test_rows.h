// What loops do once instead of often: for a run, for a row, for a window, for two instructions. Against plain loops, to the bit.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernel_builder.h"

inline void fill_uniform(Buf<float>& x, double low = -2, double high = 2) {
  for (int64_t i = 0; i < x.n; ++i) x[i] = float(uniform(low, high));
}

inline float apply_op(const std::string& op, float a, float b) {
  volatile float r = op == "add" ? a + b : op == "sub" ? a - b : op == "mul" ? a * b : a / b;
  return r;
}

// second(first(a, b), c), or c on the left; any of the three may be one value.
inline void test_pairs() {
  const int64_t n = 777;
  Buf<float> a(n), b(n), c(n), y(n);
  fill_uniform(a), fill_uniform(b), fill_uniform(c);
  for (const char* first : {"add", "sub", "mul"})
    for (const char* second : {"add", "sub", "mul", "div"})
      for (int variant = 0; variant < 16; ++variant) {
        const bool left = variant & 8;
        Kernel k("loop", {n});
        const auto value = [&](Buf<float>& from, int bit) {
          return variant & bit ? k.param(WEFT_F32, __builtin_bit_cast(uint32_t, from[0])) : k.load(from.handle, WEFT_F32, WEFT_F32, {{1}});
        };
        const int x = value(a, 1), w = value(b, 2), z = value(c, 4), inner = k.op(first, WEFT_F32, x, w);
        k.store(k.op(second, WEFT_F32, left ? z : inner, left ? inner : z), y.handle, WEFT_F32, {{1}});
        k.run();
        for (int64_t i = 0; i < n; ++i) {
          const float f = apply_op(first, a[variant & 1 ? 0 : i], b[variant & 2 ? 0 : i]), g = c[variant & 4 ? 0 : i];
          expect(y[i] == (left ? apply_op(second, g, f) : apply_op(second, f, g)), std::string("pair ") + first + " " + second);
        }
      }
}

// A softmax whose last stage repeats the exponentials of the one before, or reads them through an access of its own.
inline void softmax(Buf<float>& x, Buf<float>& y, int64_t rows, int64_t n, bool repeats) {
  Kernel k("loop", {rows}, {n});
  const Where where = {{n, 1}};
  const int access = k.access(x.handle, WEFT_F32, false, where);
  const auto load = [&] { return repeats ? k.op("load", WEFT_F32, -1, -1, -1, access) : k.load(x.handle, WEFT_F32, WEFT_F32, where); };
  k.stage(true);
  const int top = k.op("reduce.max", WEFT_F32, load());
  k.stage(true);
  const int sum = k.op("reduce.sum", WEFT_F32, k.op("exp", WEFT_F32, k.op("sub", WEFT_F32, load(), top)));
  k.stage(true);
  k.store(k.op("div", WEFT_F32, k.op("exp", WEFT_F32, k.op("sub", WEFT_F32, load(), top)), sum), y.handle, WEFT_F32, where);
  k.run();
}

inline void test_sharing() {
  for (const int64_t n : {1, 10, 1000, 40000}) {
    const int64_t rows = 5;
    Buf<float> x(rows * n), y(rows * n), z(rows * n);
    fill_uniform(x, -20, 20);
    softmax(x, y, rows, n, true);
    softmax(x, z, rows, n, false);
    for (int64_t r = 0; r < rows; ++r) {
      double total = 0, top = -INFINITY;
      for (int64_t i = 0; i < n; ++i) top = std::max(top, double(x[r * n + i]));
      for (int64_t i = 0; i < n; ++i) total += std::exp(x[r * n + i] - top);
      for (int64_t i = r * n; i < (r + 1) * n; ++i) {
        expect(y[i] == z[i], "a row in one tile and in several");
        expect(std::fabs(y[i] - std::exp(x[i] - top) / total) <= 1e-5 * std::exp(x[i] - top) / total + 1e-30, "softmax");
      }
    }
  }
  // A later stage must see what an earlier one stored over its input.
  const int64_t rows = 9, n = 130;
  Buf<float> x(rows * n), y(rows * n);
  for (int64_t i = 0; i < x.n; ++i) x[i] = float(i % 50);
  Kernel k("loop", {rows}, {n});
  const int access = k.access(x.handle, WEFT_F32, false, {{n, 1}});
  k.stage(true);
  const int top = k.op("reduce.max", WEFT_F32, k.op("load", WEFT_F32, -1, -1, -1, access));
  k.stage(true);
  const int old = k.op("load", WEFT_F32, -1, -1, -1, access);
  k.store(k.op("add", WEFT_F32, old, old), x.handle, WEFT_F32, {{n, 1}});
  k.stage(true);
  k.store(k.op("add", WEFT_F32, k.op("load", WEFT_F32, -1, -1, -1, access), top), y.handle, WEFT_F32, {{n, 1}});
  k.run();
  for (int64_t i = 0; i < x.n; ++i) {
    float want = 0;
    for (int64_t j = i / n * n; j < (i / n + 1) * n; ++j) want = std::max(want, float(j % 50));
    expect(y[i] == 2 * float(i % 50) + want, "a stage that stores over the input of the next");
  }
}

// Rows of a table, scaled by a factor for each row; the index and the factor are the same along a row.
inline void test_row_gather(int64_t rows, int64_t columns) {
  const int64_t entries = 50;
  Buf<float> table(entries * columns), scale(rows), y(rows * columns), z(rows * columns);
  Buf<int32_t> index(rows);
  fill_uniform(table), fill_uniform(scale);
  for (int64_t i = 0; i < rows; ++i) index[i] = int32_t(random_bits() % uint64_t(2 * entries)) - int32_t(entries);
  Kernel k("loop", {rows, columns});
  const int raw = k.op("cast", WEFT_I64, k.load(index.handle, WEFT_I32, WEFT_I32, {{1, 0}}));
  const int wrapped = k.op("add", WEFT_I64, raw, k.param(WEFT_I64, uint64_t(entries)));
  const int at = k.op("select", WEFT_I64, k.op("lt", WEFT_BOOL, raw, k.imm(WEFT_I64, 0)), wrapped, raw);
  k.op("check", WEFT_BOOL, k.op("lt", WEFT_BOOL, at, k.imm(WEFT_I64, uint64_t(entries))), -1, -1, 7);
  const int row = k.load(table.handle, WEFT_F32, WEFT_F32, {{0, 1}, 0, {}, 0, {{at, {columns, entries}}}});
  k.store(row, y.handle, WEFT_F32, {{columns, 1}});
  k.store(k.op("mul", WEFT_F32, row, k.load(scale.handle, WEFT_F32, WEFT_F32, {{1, 0}})), z.handle, WEFT_F32, {{columns, 1}});
  k.run();
  for (int64_t i = 0; i < rows * columns; ++i) {
    const int64_t r = i / columns, from = (index[r] + (index[r] < 0 ? entries : 0)) * columns + i % columns;
    expect(y[i] == table[from] && z[i] == table[from] * scale[r], "rows of a table");
  }
  expect(backend()->status(0) == 0, "a check of rows holds");
}

// Windows of 2x2 over images: rows lie evenly spaced, with gaps. First few windows of many points, then many of few.
inline void test_windows(int64_t images, int64_t h, int64_t w) {
  Buf<float> x(images * 4 * h * w), y(images * h * w), total(images), halves(images * 4 * h * w);
  fill_uniform(x);
  Kernel pool("loop", {images * h, w}, {2, 2});
  pool.stage(true);
  const int top = pool.op("reduce.max", WEFT_F32, pool.load(x.handle, WEFT_F32, WEFT_F32, {{4 * w, 2, 2 * w, 1}}));
  pool.stage(false);
  pool.store(top, y.handle, WEFT_F32, {{w, 1, 0, 0}});
  pool.run();
  // The sum of what each window's greatest element exceeds the others by, an image at a time.
  Kernel excess("loop", {images}, {h, 2, w, 2});
  excess.stage(true);
  const int each = excess.load(x.handle, WEFT_F32, WEFT_F32, {{4 * h * w, 4 * w, 2 * w, 2, 1}});
  const int best = excess.load(y.handle, WEFT_F32, WEFT_F32, {{h * w, w, 0, 1, 0}});
  const int difference = excess.op("sub", WEFT_F32, best, each);
  excess.store(difference, halves.handle, WEFT_F32, {{4 * h * w, 4 * w, 2 * w, 2, 1}});
  const int sum = excess.op("reduce.sum", WEFT_F32, difference);
  excess.stage(false);
  excess.store(sum, total.handle, WEFT_F32, {{1, 0, 0, 0, 0}});
  excess.run();
  for (int64_t i = 0; i < images; ++i) {
    double want = 0;
    for (int64_t r = 0; r < h; ++r)
      for (int64_t c = 0; c < w; ++c) {
        const float* p = x.data + i * 4 * h * w + 4 * w * r + 2 * c;
        const float greatest = std::max({p[0], p[1], p[2 * w], p[2 * w + 1]});
        expect(y[(i * h + r) * w + c] == greatest, "max of windows");
        for (const int64_t k : {int64_t(0), int64_t(1), 2 * w, 2 * w + 1}) {
          expect(halves[int64_t(p - x.data) + k] == greatest - p[k], "stores in windows");
          want += greatest - p[k];
        }
      }
    expect(std::fabs(total[i] - want) <= 1e-4 * want, "a sum over windows");
  }
}

inline void test_dense_scan(int64_t rows, int64_t n, bool in_place) {
  Buf<float> x(rows * n), y(rows * n);
  fill_uniform(x);
  std::vector<float> want(x.data, x.data + x.n);
  for (int64_t i = 0; i < x.n; ++i)
    if (i % n) want[size_t(i)] += want[size_t(i - 1)];
  Kernel k("scan", {rows}, {n});
  k.attr("op", 0);
  k.access(x.handle, WEFT_F32, false, {{n, 1}});
  k.access(in_place ? x.handle : y.handle, WEFT_F32, true, {{n, 1}});
  k.run();
  for (int64_t i = 0; i < x.n; ++i) expect((in_place ? x[i] : y[i]) == want[size_t(i)], "scan of dense rows");
}

inline void test_rows() {
  test_pairs();
  test_sharing();
  for (const int64_t columns : {3, 4, 33, 3000}) test_row_gather(301, columns);
  test_windows(7, 5, 3);
  test_windows(40, 14, 28);
  test_dense_scan(19, 1000, false);
  test_dense_scan(8, 77, true);
  test_dense_scan(0, 5, false);
  // Large enough to be streamed past the caches, at an odd length.
  const int64_t n = (25 << 18) + 3;
  Buf<float> x(n), y(n);
  for (int64_t i = 0; i < n; ++i) x[i] = float(i % 1000);
  Kernel k("loop", {n});
  k.store(k.op("neg", WEFT_F32, k.load(x.handle, WEFT_F32, WEFT_F32, {{1}})), y.handle, WEFT_F32, {{1}});
  k.run();
  bool same = true;
  for (int64_t i = 0; i < n; ++i) same = same && y[i] == -x[i];
  expect(same, "a large result");
}
