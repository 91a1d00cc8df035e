// Sort, scan, scatter.
#pragma once

#include <algorithm>
#include <cmath>
#include <numeric>

#include "kernel_builder.h"

inline void test_sort(int64_t rows, int64_t n, bool descending, bool by_column) {
  Buf<float> x(rows * n);
  Buf<int64_t> y(rows * n);
  for (int64_t i = 0; i < x.n; ++i) x[i] = i % 13 == 5 ? NAN : i % 17 == 3 ? -0.0f : float(int(random_bits() % 41) - 20);
  const std::vector<int64_t> strides = by_column ? std::vector<int64_t>{1, rows} : std::vector<int64_t>{n, 1};
  Kernel k("sort", {rows}, {n});
  k.attr("descending", descending);
  k.access(x.handle, WEFT_F32, false, {strides});
  k.access(y.handle, WEFT_I64, true, {strides});
  k.run();
  for (int64_t r = 0; r < rows; ++r) {
    std::vector<int64_t> want(static_cast<size_t>(n));
    std::iota(want.begin(), want.end(), 0);
    const auto at = [&](int64_t i) { return x[r * strides[0] + i * strides[1]]; };
    std::stable_sort(want.begin(), want.end(), [&](int64_t i, int64_t j) {
      if (std::isnan(at(i)) || std::isnan(at(j))) return !std::isnan(at(i)) && std::isnan(at(j));
      return descending ? at(i) > at(j) : at(i) < at(j);
    });
    for (int64_t i = 0; i < n; ++i) expect(y[r * strides[0] + i * strides[1]] == want[size_t(i)], "sort");
  }
}

inline void test_scan() {
  const int64_t rows = 301, n = 57;
  Buf<int8_t> x(rows * n);
  Buf<int64_t> y(rows * n);
  for (int64_t i = 0; i < x.n; ++i) x[i] = int8_t(random_bits());
  for (int op = 0; op < 4; ++op)
    for (bool by_column : {false, true}) {
      const std::vector<int64_t> strides = by_column ? std::vector<int64_t>{1, rows} : std::vector<int64_t>{n, 1};
      Kernel k("scan", {rows}, {n});
      k.attr("op", op);
      k.access(x.handle, WEFT_I8, false, {strides});
      k.access(y.handle, WEFT_I64, true, {strides});
      k.run();
      for (int64_t r = 0; r < rows; ++r) {
        uint64_t total = 0;
        for (int64_t i = 0; i < n; ++i) {
          const int64_t at = r * strides[0] + i * strides[1], v = x[at];
          if (i == 0) total = uint64_t(v);
          else if (op == 0) total += uint64_t(v);
          else if (op == 1) total *= uint64_t(v);
          else total = uint64_t(op == 2 ? std::max(int64_t(total), v) : std::min(int64_t(total), v));
          expect(y[at] == int64_t(total), "scan");
        }
      }
    }
}

inline void test_scatter(int64_t rows, int64_t columns, int64_t n, bool per_column, bool in_place) {
  Buf<float> base(rows * columns), values(n * columns), out(rows * columns);
  Buf<int64_t> index(per_column ? n * columns : n);
  for (int op = 0; op < 5; ++op) {
    for (int64_t i = 0; i < base.n; ++i) base[i] = float(uniform(-1, 1));
    for (int64_t i = 0; i < values.n; ++i) values[i] = float(uniform(-1, 1));
    for (int64_t i = 0; i < index.n; ++i) index[i] = int64_t(random_bits() % uint64_t(rows + 3)) - 1;
    std::vector<float> want(base.data, base.data + base.n);
    for (int64_t k = 0; k < n; ++k)
      for (int64_t c = 0; c < columns; ++c) {
        const int64_t row = per_column ? index[k * columns + c] : index[k];
        if (row < 0 || row >= rows) continue;
        float& to = want[size_t(row * columns + c)];
        const float v = values[k * columns + c];
        to = op == 0 ? v : op == 1 ? to + v : op == 2 ? to * v : op == 3 ? std::max(to, v) : std::min(to, v);
      }
    Kernel s("scatter", {rows, columns}, {n});
    s.attr("op", op);
    s.access(base.handle, WEFT_F32, false, {{columns, 1, 0}});
    s.access(index.handle, WEFT_I64, false, {{0, per_column ? 1 : 0, per_column ? columns : 1}});
    s.access(values.handle, WEFT_F32, false, {{0, 1, columns}});
    s.access(in_place ? base.handle : out.handle, WEFT_F32, true, {{columns, 1, 0}});
    s.run();
    for (int64_t i = 0; i < out.n; ++i) expect((in_place ? base[i] : out[i]) == want[size_t(i)], "scatter");
  }
}

inline void test_others() {
  for (bool descending : {false, true}) {
    test_sort(7, 100, descending, false);
    test_sort(5, 3000, descending, true);
    test_sort(1, 100003, descending, false);  // one long row: the team sorts it together
  }
  test_scan();
  test_scatter(20, 70, 300, false, false);
  test_scatter(20, 3, 300, false, true);
  test_scatter(50, 600, 100, true, false);
  test_scatter(0, 5, 10, false, false);
}
