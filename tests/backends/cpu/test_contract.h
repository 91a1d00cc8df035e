// Matrix products and convolutions against naive loops.
#pragma once

#include <array>
#include <cmath>

#include "kernel_builder.h"

inline void test_gemm(int64_t batch, int64_t m, int64_t n, int64_t k, bool ta, bool tb, bool tc) {
  Buf<float> a(batch * m * k), b(batch * k * n), c(batch * m * n), bias(n);
  for (int64_t i = 0; i < a.n; ++i) a[i] = float(int64_t(random_bits() % 17)) - 8;
  for (int64_t i = 0; i < b.n; ++i) b[i] = float(int64_t(random_bits() % 17)) - 8;
  for (int64_t i = 0; i < n; ++i) bias[i] = float(i % 5);
  Kernel g("gemm", {batch, m, n}, {k});
  g.attr("batch", 1), g.attr("m", 1), g.attr("n", 1);
  g.stage(true);
  const int x = g.load(a.handle, WEFT_F32, WEFT_F32, {{m * k, ta ? 1 : k, 0, ta ? m : 1}});
  const int y = g.load(b.handle, WEFT_F32, WEFT_F32, {{k * n, 0, tb ? k : 1, tb ? 1 : n}});
  const int sum = g.op("reduce.sum", WEFT_F32, g.op("mul", WEFT_F32, x, y));
  g.stage(false);
  const int shifted = g.op("add", WEFT_F32, sum, g.load(bias.handle, WEFT_F32, WEFT_F32, {{0, 0, 1}}));
  g.store(g.op("max", WEFT_F32, shifted, g.immf(0)), c.handle, WEFT_F32, {{m * n, tc ? 1 : n, tc ? m : 1}});
  g.run();
  const std::string name = "gemm " + std::to_string(batch) + "x" + std::to_string(m) + "x" + std::to_string(n) + "x" + std::to_string(k);
  for (int64_t p = 0; p < batch; ++p)
    for (int64_t i = 0; i < m; ++i)
      for (int64_t j = 0; j < n; ++j) {
        double want = bias[j];
        for (int64_t l = 0; l < k; ++l) want += double(a[p * m * k + (ta ? l * m + i : i * k + l)]) * b[p * k * n + (tb ? j * k + l : l * n + j)];
        expect(c[p * m * n + (tc ? j * m + i : i * n + j)] == std::max(want, 0.0), name);
      }
}

template <class T, class Out>
void test_gemm_type(int storage, int type, int64_t m, int64_t n, int64_t k, auto convert, auto value) {
  Buf<T> a(m * k), b(k * n);
  Buf<Out> c(m * n);
  for (int64_t i = 0; i < a.n; ++i) a[i] = convert(int(random_bits() % 13) - 6);
  for (int64_t i = 0; i < b.n; ++i) b[i] = convert(int(random_bits() % 13) - 6);
  Kernel g("gemm", {m, n}, {k});
  g.attr("batch", 0), g.attr("m", 1), g.attr("n", 1);
  g.stage(true);
  const int loaded = storage == WEFT_F16 || storage == WEFT_BF16 ? WEFT_F32 : storage == WEFT_I8 ? WEFT_I32 : storage;
  int x = g.load(a.handle, storage, loaded, {{k, 0, 1}}), y = g.load(b.handle, storage, loaded, {{0, 1, n}});
  if (loaded != type) x = g.op("cast", type, x), y = g.op("cast", type, y);
  const int sum = g.op("reduce.sum", type, g.op("mul", type, x, y));
  g.stage(false);
  g.store(sum, c.handle, type, {{n, 1}});
  g.run();
  for (int64_t i = 0; i < m; ++i)
    for (int64_t j = 0; j < n; ++j) {
      double want = 0;
      for (int64_t l = 0; l < k; ++l) want += value(a[i * k + l]) * value(b[l * n + j]);
      expect(double(c[i * n + j]) == want, "gemm of type " + std::to_string(storage));
    }
}

// Forward convolution of NCHW: m = (N, OH, OW), n = (OC), k = (C, KH, KW).
inline void test_conv(int64_t stride, int64_t pad, int64_t dilation, bool swapped) {
  const int64_t batch = 2, c = 5, h = 11, w = 14, oc = 9, kh = 3, kw = 3;
  const int64_t oh = (h + 2 * pad - dilation * (kh - 1) - 1) / stride + 1, ow = (w + 2 * pad - dilation * (kw - 1) - 1) / stride + 1;
  Buf<float> x(batch * c * h * w), f(oc * c * kh * kw), y(batch * oc * oh * ow);
  for (int64_t i = 0; i < x.n; ++i) x[i] = float(int(random_bits() % 9) - 4);
  for (int64_t i = 0; i < f.n; ++i) f[i] = float(int(random_bits() % 9) - 4);
  // swapped: m = (OC), n = (N, OH, OW), with the window on B.
  const auto dims = [&](int64_t b, int64_t i, int64_t j, int64_t o, int64_t ci, int64_t a, int64_t e) {
    return swapped ? std::vector<int64_t>{o, b, i, j, ci, a, e} : std::vector<int64_t>{b, i, j, o, ci, a, e};
  };
  const auto outer = [&](int64_t b, int64_t i, int64_t j, int64_t o) { return swapped ? std::vector<int64_t>{o, b, i, j} : std::vector<int64_t>{b, i, j, o}; };
  Kernel g("conv", outer(batch, oh, ow, oc), {c, kh, kw});
  g.attr("batch", 0), g.attr("m", swapped ? 1 : 3), g.attr("n", swapped ? 3 : 1);
  g.stage(true);
  const Where image = {dims(c * h * w, 0, 0, 0, h * w, 0, 0),
                       0,
                       {{-pad, h, 1, w, dims(0, stride, 0, 0, 0, dilation, 0)}, {-pad, w, 1, 1, dims(0, 0, stride, 0, 0, 0, dilation)}},
                       0};
  const Where filter = {dims(0, 0, 0, c * kh * kw, kh * kw, kw, 1)};
  const int p = g.load(swapped ? f.handle : x.handle, WEFT_F32, WEFT_F32, swapped ? filter : image);
  const int q = g.load(swapped ? x.handle : f.handle, WEFT_F32, WEFT_F32, swapped ? image : filter);
  const int sum = g.op("reduce.sum", WEFT_F32, g.op("mul", WEFT_F32, p, q));
  g.stage(false);
  g.store(sum, y.handle, WEFT_F32, {outer(oc * oh * ow, ow, 1, oh * ow)});
  g.run();
  std::vector<float> naive(size_t(y.n));
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t o = 0; o < oc; ++o)
      for (int64_t i = 0; i < oh; ++i)
        for (int64_t j = 0; j < ow; ++j) {
          double want = 0;
          for (int64_t ci = 0; ci < c; ++ci)
            for (int64_t a = 0; a < kh; ++a)
              for (int64_t e = 0; e < kw; ++e) {
                const int64_t r = i * stride + a * dilation - pad, s = j * stride + e * dilation - pad;
                if (r >= 0 && r < h && s >= 0 && s < w) want += double(x[((b * c + ci) * h + r) * w + s]) * f[((o * c + ci) * kh + a) * kw + e];
              }
          expect(y[((b * oc + o) * oh + i) * ow + j] == float(want), "conv");
        }

  // Gradient to the input: dx[b, c, r, s] = sum over (o, a, e) of dy[b, o, (r + pad - a d) / stride, ...] f[o, c, a, e].
  Buf<float> dx(x.n);
  Kernel d("conv", {batch, h, w, c}, {oc, kh, kw});
  d.attr("batch", 0), d.attr("m", 3), d.attr("n", 1);
  d.stage(true);
  const int dy = d.load(y.handle, WEFT_F32, WEFT_F32,
                        {{oc * oh * ow, 0, 0, 0, oh * ow, 0, 0},
                         0,
                         {{pad, oh, stride, ow, {0, 1, 0, 0, 0, -dilation, 0}}, {pad, ow, stride, 1, {0, 0, 1, 0, 0, 0, -dilation}}},
                         0});
  const int weight = d.load(f.handle, WEFT_F32, WEFT_F32, {{0, 0, 0, kh * kw, c * kh * kw, kw, 1}});
  const int total = d.op("reduce.sum", WEFT_F32, d.op("mul", WEFT_F32, dy, weight));
  d.stage(false);
  d.store(total, dx.handle, WEFT_F32, {{c * h * w, w, 1, h * w}});
  d.run();
  std::vector<double> want(size_t(x.n), 0.0);
  for (int64_t b = 0; b < batch; ++b)
    for (int64_t o = 0; o < oc; ++o)
      for (int64_t i = 0; i < oh; ++i)
        for (int64_t j = 0; j < ow; ++j)
          for (int64_t ci = 0; ci < c; ++ci)
            for (int64_t a = 0; a < kh; ++a)
              for (int64_t e = 0; e < kw; ++e) {
                const int64_t r = i * stride + a * dilation - pad, s = j * stride + e * dilation - pad;
                if (r >= 0 && r < h && s >= 0 && s < w)
                  want[size_t(((b * c + ci) * h + r) * w + s)] += double(y[((b * oc + o) * oh + i) * ow + j]) * f[((o * c + ci) * kh + a) * kw + e];
              }
  for (int64_t i = 0; i < x.n; ++i) expect(dx[i] == float(want[size_t(i)]), "conv gradient");
}

inline void test_contractions() {
  for (int t = 0; t < 8; ++t) {
    test_gemm(1, 65, 77, 93, t & 1, t & 2, t & 4);
    test_gemm(3, 14, 32, 16, t & 1, t & 2, t & 4);
  }
  test_gemm(1, 200, 130, 1100, false, false, false);
  test_gemm(1, 1, 300, 64, false, true, false);
  test_gemm(2, 33, 70, 9000, true, false, false);  // in chunks of k
  test_gemm(1, 300, 1, 64, true, false, false);
  test_gemm(9, 5, 7, 3, false, false, true);
  test_gemm(1, 300, 700, 40, false, true, false);
  for (auto [m, n, k] : {std::array<int64_t, 3>{0, 4, 4}, {4, 0, 4}, {4, 4, 0}}) test_gemm(2, m, n, k, false, false, false);
  test_gemm(0, 4, 4, 4, false, false, false);
  test_gemm_type<double, double>(WEFT_F64, WEFT_F64, 70, 45, 300, [](int v) { return v; }, [](double v) { return v; });
  test_gemm_type<int32_t, int32_t>(WEFT_I32, WEFT_I32, 20, 33, 50, [](int v) { return v; }, [](int v) { return double(v); });
  test_gemm_type<int64_t, int64_t>(WEFT_I64, WEFT_I64, 20, 33, 50, [](int v) { return v; }, [](int64_t v) { return double(v); });
  test_gemm_type<int8_t, int64_t>(WEFT_I8, WEFT_I64, 20, 33, 50, [](int v) { return int8_t(v); }, [](int8_t v) { return double(v); });
  const auto to_bfloat = [](int v) {
    const float f = float(v);
    uint32_t bits;
    std::memcpy(&bits, &f, 4);
    return uint16_t(bits >> 16);
  };
  const auto from_bfloat = [](uint16_t v) {
    const uint32_t bits = uint32_t(v) << 16;
    float f;
    std::memcpy(&f, &bits, 4);
    return double(f);
  };
  test_gemm_type<uint16_t, float>(WEFT_BF16, WEFT_F32, 40, 50, 60, to_bfloat, from_bfloat);
  for (bool swapped : {false, true}) {
    test_conv(1, 0, 1, swapped);
    test_conv(1, 1, 1, swapped);
    test_conv(2, 1, 1, swapped);
    test_conv(1, 2, 2, swapped);
    test_conv(2, 2, 2, swapped);
  }
}
