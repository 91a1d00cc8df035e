// Loop kernels: accesses of every sort, stages, reductions in both modes.
#pragma once

#include <algorithm>
#include <cmath>

#include "kernel_builder.h"

// The order every reduction must follow.
template <class T, class F>
T tree(const std::vector<T>& x, F f) {
  std::vector<T> lanes(x.begin(), x.begin() + int64_t(std::min<size_t>(x.size(), 64)));
  for (size_t i = 64; i < x.size(); ++i) lanes[i % 64] = f(lanes[i % 64], x[i]);
  for (size_t w = 32; w; w /= 2)
    for (size_t l = 0; l < w; ++l)
      if (l + w < lanes.size()) lanes[l] = f(lanes[l], lanes[l + w]);
  return lanes[0];
}

inline void test_strides() {
  const int64_t a = 37, b = 53;
  Buf<float> x(a * b), y(a * b), row(b);
  for (int64_t i = 0; i < a * b; ++i) x[i] = float(i);
  for (int64_t j = 0; j < b; ++j) row[j] = float(1000 * j);
  const auto run = [&](std::vector<int64_t> xs, int64_t offset, std::vector<int64_t> ys, const char* what, auto want) {
    std::fill(y.data, y.data + y.n, -1.0f);
    Kernel k("loop", {a, b});
    const int v = k.load(x.handle, WEFT_F32, WEFT_F32, {xs, offset}), r = k.load(row.handle, WEFT_F32, WEFT_F32, {{0, 1}});
    k.store(k.op("add", WEFT_F32, v, r), y.handle, WEFT_F32, {ys});
    k.run();
    for (int64_t i = 0; i < a; ++i)
      for (int64_t j = 0; j < b; ++j) expect(y[i * ys[0] + j * ys[1]] == want(i, j) + row[j], what);
  };
  run({b, 1}, 0, {b, 1}, "contiguous", [&](int64_t i, int64_t j) { return x[i * b + j]; });
  run({1, a}, 0, {b, 1}, "transposed load", [&](int64_t i, int64_t j) { return x[i + j * a]; });
  run({b, 1}, 0, {1, a}, "transposed store", [&](int64_t i, int64_t j) { return x[i * b + j]; });
  run({0, 1}, 5, {b, 1}, "zero stride", [&](int64_t, int64_t j) { return x[5 + j]; });
  run({1, 0}, 5, {b, 1}, "zero stride inside", [&](int64_t i, int64_t) { return x[5 + i]; });
  run({-b, -1}, a * b - 1, {b, 1}, "negative strides", [&](int64_t i, int64_t j) { return x[a * b - 1 - i * b - j]; });
  run({b, -1}, b - 1, {b, 1}, "reversed rows", [&](int64_t i, int64_t j) { return x[i * b + b - 1 - j]; });

  // A large transpose, over an odd batch.
  const int64_t n = 3, p = 301, q = 211;
  Buf<float> big(n * p * q), turned(n * p * q);
  for (int64_t i = 0; i < n * p * q; ++i) big[i] = float(i % 9973);
  Kernel t("loop", {n, q, p});
  t.store(t.op("neg", WEFT_F32, t.load(big.handle, WEFT_F32, WEFT_F32, {{p * q, 1, q}})), turned.handle, WEFT_F32, {{p * q, p, 1}});
  t.run();
  for (int64_t i = 0; i < n * p * q; ++i) {
    const int64_t m = i / (p * q), r = i / p % q, c = i % p;
    expect(turned[i] == -big[m * p * q + c * q + r], "large transpose");
  }
}

inline void test_bounds() {
  // y[i, j] = pad(x)[i - 2, j - 3], with fill 7; then a concatenation by bounded stores.
  const int64_t a = 20, b = 45;
  Buf<float> x(a * b), y((a + 4) * (b + 9));
  for (int64_t i = 0; i < a * b; ++i) x[i] = float(i + 1);
  float seven = 7;
  uint32_t bits;
  std::memcpy(&bits, &seven, 4);
  Kernel k("loop", {a + 4, b + 9});
  const Where padded = {{0, 0}, 0, {{-2, a, 1, b, {1, 0}}, {-3, b, 1, 1, {0, 1}}}, bits};
  k.store(k.load(x.handle, WEFT_F32, WEFT_F32, padded), y.handle, WEFT_F32, {{b + 9, 1}});
  k.run();
  for (int64_t i = 0; i < a + 4; ++i)
    for (int64_t j = 0; j < b + 9; ++j) {
      const bool inside = i >= 2 && i - 2 < a && j >= 3 && j - 3 < b;
      expect(y[i * (b + 9) + j] == (inside ? x[(i - 2) * b + j - 3] : 7), "padding");
    }

  // Reversed, and steps of 3 along the run.
  Buf<float> z(a * b);
  Kernel r("loop", {a, b});
  r.store(r.load(x.handle, WEFT_F32, WEFT_F32, {{b, 0}, 0, {{b + 3, b, 1, 1, {0, -1}}}, 0}), z.handle, WEFT_F32, {{b, 1}});
  r.run();
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = 0; j < b; ++j) expect(z[i * b + j] == (b + 3 - j < b ? x[i * b + b + 3 - j] : 0), "reversed bound");
  Kernel s("loop", {a, b});
  s.store(s.load(x.handle, WEFT_F32, WEFT_F32, {{b, 0}, 0, {{-4, b, 1, 1, {0, 3}}}, 0}), z.handle, WEFT_F32, {{b, 1}});
  s.run();
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = 0; j < b; ++j) {
      const int64_t t = 3 * j - 4;
      expect(z[i * b + j] == (t >= 0 && t < b ? x[i * b + t] : 0), "bound with a step along the run");
    }

  // Dilation: every third element of a longer row is x's.
  Buf<float> d(a * 150);
  Kernel e("loop", {a, 150});
  e.store(e.load(x.handle, WEFT_F32, WEFT_F32, {{b, 0}, 0, {{-1, b, 3, 1, {0, 1}}}, bits}), d.handle, WEFT_F32, {{150, 1}});
  e.run();
  for (int64_t i = 0; i < a; ++i)
    for (int64_t j = 0; j < 150; ++j) {
      const int64_t t = j - 1;
      const bool inside = t >= 0 && t % 3 == 0 && t / 3 < b;
      expect(d[i * 150 + j] == (inside ? x[i * b + t / 3] : 7), "dilated bound");
    }

  // Stores outside do nothing.
  Buf<float> w(b);
  std::fill(w.data, w.data + b, -1.0f);
  Kernel o("loop", {b});
  o.store(o.load(x.handle, WEFT_F32, WEFT_F32, {{1}}), w.handle, WEFT_F32, {{0}, 0, {{-5, 20, 1, 1, {1}}}, 0});
  o.run();
  for (int64_t j = 0; j < b; ++j) expect(w[j] == (j < 20 ? x[j + 5] : -1), "bounded store");
}

inline void test_indexed() {
  const int64_t rows = 30, width = 70, n = 41;
  Buf<float> table(rows * width), y(n * width), picked(n * width);
  Buf<int64_t> index(n), column(n * width);
  for (int64_t i = 0; i < rows * width; ++i) table[i] = float(i);
  for (int64_t i = 0; i < n; ++i) index[i] = int64_t(random_bits() % 40) - 5;  // some outside: they clamp
  for (int64_t i = 0; i < n * width; ++i) column[i] = int64_t(random_bits() % uint64_t(width));
  const auto clamp = [&](int64_t i) { return std::clamp<int64_t>(i, 0, rows - 1); };
  Kernel k("loop", {n, width});
  const int i = k.load(index.handle, WEFT_I64, WEFT_I64, {{1, 0}});
  k.store(k.load(table.handle, WEFT_F32, WEFT_F32, {{0, 1}, 0, {}, 0, {{i, {width, rows}}}}), y.handle, WEFT_F32, {{width, 1}});
  const int c = k.load(column.handle, WEFT_I64, WEFT_I64, {{width, 1}});
  k.store(k.load(table.handle, WEFT_F32, WEFT_F32, {{0, 0}, 0, {}, 0, {{i, {width, rows}}, {c, {1, width}}}}), picked.handle, WEFT_F32, {{width, 1}});
  k.run();
  for (int64_t a = 0; a < n; ++a)
    for (int64_t b = 0; b < width; ++b) {
      expect(y[a * width + b] == table[clamp(index[a]) * width + b], "indexed rows");
      expect(picked[a * width + b] == table[clamp(index[a]) * width + column[a * width + b]], "two indices");
    }

  // Cross entropy picks one element of each row, next to a row reduction; index and coordinate together.
  Buf<float> sum(n);
  Kernel s("loop", {n}, {width});
  s.stage(true);
  const int v = s.load(y.handle, WEFT_F32, WEFT_F32, {{width, 1}});
  const int coordinate = s.op("index", WEFT_I64, -1, -1, -1, 1), row = s.op("index", WEFT_I64, -1, -1, -1, 0);
  const int hit = s.op("eq", WEFT_BOOL, coordinate, row);
  const int total = s.op("reduce.sum", WEFT_F32, s.op("select", WEFT_F32, hit, v, s.immf(0)));
  s.stage(false);
  s.store(total, sum.handle, WEFT_F32, {{1}});
  s.run();
  for (int64_t a = 0; a < n; ++a) expect(sum[a] == y[a * width + a], "index instruction");
}

// Reductions of x seen as [rows, n], stored by rows or by columns: the same bits, in the order the backend promises.
inline void test_reductions(int64_t rows, int64_t n) {
  Buf<float> by_row(std::max<int64_t>(rows * n, 1)), by_column(std::max<int64_t>(rows * n, 1));
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < n; ++j) {
      float v = float(uniform(-1, 1));
      if ((i * 7 + j) % 501 == 500) v = NAN;
      by_row[i * n + j] = by_column[j * rows + i] = v;
    }
  struct Result {
    Buf<float> sum, largest, least, prod;
    Buf<int64_t> arg, arg_least;
    Buf<uint8_t> any, all;
    explicit Result(int64_t r) : sum(r), largest(r), least(r), prod(r), arg(r), arg_least(r), any(r), all(r) {}
  } result[2] = {Result(rows), Result(rows)};
  for (int layout = 0; layout < 2; ++layout) {
    Result& r = result[layout];
    Kernel k("loop", {rows}, {n});
    k.stage(true);
    const int v = layout ? k.load(by_column.handle, WEFT_F32, WEFT_F32, {{1, rows}}) : k.load(by_row.handle, WEFT_F32, WEFT_F32, {{n, 1}});
    const int sum = k.op("reduce.sum", WEFT_F32, k.op("mul", WEFT_F32, v, k.immf(1.1f)));
    const int largest = k.op("reduce.max", WEFT_F32, v), least = k.op("reduce.min", WEFT_F32, v), prod = k.op("reduce.prod", WEFT_F32, v);
    const int arg = k.op("reduce.argmax", WEFT_I64, v), arg_least = k.op("reduce.argmin", WEFT_I64, v);
    const int positive = k.op("lt", WEFT_BOOL, k.immf(-0.9f), v);
    const int any = k.op("reduce.any", WEFT_BOOL, k.op("not", WEFT_BOOL, positive)), all = k.op("reduce.all", WEFT_BOOL, positive);
    k.stage(false);
    k.store(sum, r.sum.handle, WEFT_F32, {{1}});
    k.store(largest, r.largest.handle, WEFT_F32, {{1}});
    k.store(least, r.least.handle, WEFT_F32, {{1}});
    k.store(prod, r.prod.handle, WEFT_F32, {{1}});
    k.store(arg, r.arg.handle, WEFT_I64, {{1}});
    k.store(arg_least, r.arg_least.handle, WEFT_I64, {{1}});
    k.store(any, r.any.handle, WEFT_BOOL, {{1}});
    k.store(all, r.all.handle, WEFT_BOOL, {{1}});
    k.run();
    for (int64_t i = 0; i < rows; ++i) {
      std::vector<float> x, scaled;
      bool is_any = false, is_all = true, nan = false;
      int64_t top = 0, bottom = 0;
      for (int64_t j = 0; j < n; ++j) {
        const float f = by_row[i * n + j];
        x.push_back(f);
        scaled.push_back(f * 1.1f);
        is_any |= !(f > -0.9f);
        is_all &= f > -0.9f;
        if (!nan && (std::isnan(f) || f > x[size_t(top)])) top = j;
        if (!nan && (std::isnan(f) || f < x[size_t(bottom)])) bottom = j;
        nan |= std::isnan(f);
      }
      const std::string where = " of " + std::to_string(rows) + "x" + std::to_string(n) + (layout ? " by column" : " by row");
      expect(r.any[i] == is_any && r.all[i] == is_all, "any, all" + where);
      if (n == 0) {
        expect(r.sum[i] == 0 && r.prod[i] == 1, "empty sum" + where);
        continue;
      }
      const float want = tree(scaled, [](float p, float q) { return p + q; });
      const float want_prod = tree(x, [](float p, float q) { return p * q; });
      expect(std::isnan(want) ? std::isnan(r.sum[i]) : want == r.sum[i], "sum" + where);
      expect(std::isnan(want_prod) ? std::isnan(r.prod[i]) : want_prod == r.prod[i], "prod" + where);
      expect(nan ? std::isnan(r.largest[i]) && std::isnan(r.least[i])
                 : r.largest[i] == *std::max_element(x.begin(), x.end()) && r.least[i] == *std::min_element(x.begin(), x.end()),
             "max, min" + where);
      expect(r.arg[i] == top && r.arg_least[i] == bottom, "argmax, argmin" + where);
    }
  }
}

inline void test_softmax(int64_t rows, int64_t n) {
  Buf<float> x(rows * n), y(rows * n), z(rows * n), mean(rows);
  for (int64_t i = 0; i < rows * n; ++i) x[i] = float(uniform(-5, 5));
  Kernel k("loop", {rows}, {n});
  k.stage(true);
  int v = k.load(x.handle, WEFT_F32, WEFT_F32, {{n, 1}});
  const int top = k.op("reduce.max", WEFT_F32, v);
  k.stage(true);
  v = k.load(x.handle, WEFT_F32, WEFT_F32, {{n, 1}});
  const int sum = k.op("reduce.sum", WEFT_F32, k.op("exp", WEFT_F32, k.op("sub", WEFT_F32, v, top)));
  k.stage(true);
  v = k.load(x.handle, WEFT_F32, WEFT_F32, {{n, 1}});
  k.store(k.op("div", WEFT_F32, k.op("exp", WEFT_F32, k.op("sub", WEFT_F32, v, top)), sum), y.handle, WEFT_F32, {{n, 1}});
  k.run();
  for (int64_t i = 0; i < rows; ++i) {
    double most = -1e9, total = 0;
    for (int64_t j = 0; j < n; ++j) most = std::max(most, double(x[i * n + j]));
    for (int64_t j = 0; j < n; ++j) total += std::exp(x[i * n + j] - most);
    for (int64_t j = 0; j < n; ++j) expect(std::fabs(y[i * n + j] - std::exp(x[i * n + j] - most) / total) < 2e-6, "softmax " + std::to_string(n));
  }

  // Layer norm, written over x in place (a donated buffer), with the mean kept.
  std::vector<float> before(x.data, x.data + x.n);
  Kernel l("loop", {rows}, {n});
  l.stage(true);
  const int s = l.op("reduce.sum", WEFT_F32, l.load(x.handle, WEFT_F32, WEFT_F32, {{n, 1}}));
  l.stage(false);
  const int m = l.op("mul", WEFT_F32, s, l.immf(1.0f / float(n)));
  l.store(m, mean.handle, WEFT_F32, {{1}});
  l.stage(true);
  int d = l.op("sub", WEFT_F32, l.load(x.handle, WEFT_F32, WEFT_F32, {{n, 1}}), m);
  const int squares = l.op("reduce.sum", WEFT_F32, l.op("mul", WEFT_F32, d, d));
  l.stage(false);
  const int deviation = l.op("sqrt", WEFT_F32, l.op("add", WEFT_F32, l.op("mul", WEFT_F32, squares, l.immf(1.0f / float(n))), l.immf(1e-5f)));
  l.stage(true);
  const int again = l.load(x.handle, WEFT_F32, WEFT_F32, {{n, 1}});
  const int normal = l.op("div", WEFT_F32, l.op("sub", WEFT_F32, again, m), deviation);
  l.store(normal, x.handle, WEFT_F32, {{n, 1}});
  l.store(l.op("add", WEFT_F32, normal, again), z.handle, WEFT_F32, {{n, 1}});
  l.run();
  for (int64_t i = 0; i < rows; ++i) {
    double average = 0, variance = 0;
    for (int64_t j = 0; j < n; ++j) average += before[size_t(i * n + j)] / double(n);
    for (int64_t j = 0; j < n; ++j) variance += std::pow(before[size_t(i * n + j)] - average, 2) / double(n);
    expect(std::fabs(mean[i] - average) < 1e-5, "layer norm mean");
    for (int64_t j = 0; j < n; ++j) {
      const double want = (before[size_t(i * n + j)] - average) / std::sqrt(variance + 1e-5);
      expect(std::fabs(x[i * n + j] - want) < 2e-5, "layer norm in place");
      expect(std::fabs(z[i * n + j] - want - before[size_t(i * n + j)]) < 4e-5, "layer norm and the old value");
    }
  }
}

// 2x2 pooling of [N, C, H, W] with stride 2 and padding 1.
inline void test_pooling() {
  const int64_t n = 3, c = 5, h = 13, w = 15, oh = 7, ow = 8;
  Buf<float> x(n * c * h * w), y(n * c * oh * ow);
  for (int64_t i = 0; i < x.n; ++i) x[i] = float(uniform(-1, 1));
  Kernel k("loop", {n * c, oh, ow}, {2, 2});
  k.stage(true);
  uint32_t low;
  const float least = -INFINITY;
  std::memcpy(&low, &least, 4);
  const int v = k.load(x.handle, WEFT_F32, WEFT_F32, {{h * w, 0, 0, 0, 0}, 0, {{-1, h, 1, w, {0, 2, 0, 1, 0}}, {-1, w, 1, 1, {0, 0, 2, 0, 1}}}, low});
  const int top = k.op("reduce.max", WEFT_F32, v);
  k.stage(false);
  k.store(top, y.handle, WEFT_F32, {{oh * ow, ow, 1}});
  k.run();
  for (int64_t p = 0; p < n * c; ++p)
    for (int64_t i = 0; i < oh; ++i)
      for (int64_t j = 0; j < ow; ++j) {
        float want = -INFINITY;
        for (int64_t a = 2 * i - 1; a < 2 * i + 1; ++a)
          for (int64_t b = 2 * j - 1; b < 2 * j + 1; ++b)
            if (a >= 0 && a < h && b >= 0 && b < w) want = std::max(want, x[p * h * w + a * w + b]);
        expect(y[(p * oh + i) * ow + j] == want, "pooling");
      }
}

inline void test_aliasing() {
  // x is overwritten while its old value is still needed, and read again by a later load.
  const int64_t n = 5000;
  Buf<float> x(n), y(n);
  for (int64_t i = 0; i < n; ++i) x[i] = float(i);
  Kernel k("loop", {n});
  const int v = k.load(x.handle, WEFT_F32, WEFT_F32, {{1}});
  k.store(k.op("add", WEFT_F32, v, k.immf(1)), x.handle, WEFT_F32, {{1}});
  const int again = k.load(x.handle, WEFT_F32, WEFT_F32, {{1}});
  k.store(k.op("add", WEFT_F32, k.op("mul", WEFT_F32, v, k.immf(2)), again), y.handle, WEFT_F32, {{1}});
  k.run();
  for (int64_t i = 0; i < n; ++i) expect(x[i] == float(i + 1) && y[i] == float(3 * i + 1), "aliasing");
}

inline void test_checks_and_empties() {
  Buf<int64_t> x(1000);
  for (int64_t i = 0; i < 1000; ++i) x[i] = i;
  for (int64_t limit : {2000, 700}) {
    Kernel k("loop", {1000});
    const int v = k.load(x.handle, WEFT_I64, WEFT_I64, {{1}});
    k.op("check", WEFT_BOOL, k.op("lt", WEFT_BOOL, v, k.param(WEFT_I64, uint64_t(limit))), -1, -1, 42);
    k.run();
    expect(backend()->status(0) == (limit == 700 ? 42 : 0), "check");
    expect(backend()->status(0) == 0, "status clears");
  }
  Buf<float> empty(0), one(1);
  Kernel k("loop", {0, 5});
  k.store(k.load(empty.handle, WEFT_F32, WEFT_F32, {{5, 1}}), empty.handle, WEFT_F32, {{5, 1}});
  k.run();
  Kernel s("loop", {});
  s.store(s.op("add", WEFT_F32, s.immf(1), s.param(WEFT_F32, 0x40000000)), one.handle, WEFT_F32, {{}});
  s.run();
  expect(one[0] == 3, "no dimensions");
  Kernel bad("loop", {4});
  bad.op("sinh", WEFT_F32, bad.immf(1));
  expect(!bad.compile() && std::strstr(backend()->last_error(), "sinh"), "unknown instruction");
  Kernel unknown("attention", {4});
  expect(!unknown.compile() && !*backend()->last_error(), "unknown kind");
}

inline void test_loops() {
  test_strides();
  test_bounds();
  test_indexed();
  for (auto [rows, n] : {std::pair<int64_t, int64_t>{1, 5000}, {7, 3}, {64, 10}, {300, 64}, {33, 65}, {50, 1000}, {1000, 129}, {5, 0}, {3, 4099}})
    test_reductions(rows, n);
  test_softmax(64, 10);
  test_softmax(37, 1000);
  test_softmax(3, 5000);
  test_pooling();
  test_aliasing();
  test_checks_and_empties();
}
