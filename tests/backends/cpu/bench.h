// A few timings: the best of several runs. On a busy machine run it with WEFT_NUM_THREADS=1 and WEFT_BENCH_CLOCK=cpu.
#pragma once

#include <time.h>

#include <algorithm>

#include "kernel_builder.h"

inline double seconds_now(clockid_t clock) {
  timespec t;
  clock_gettime(clock, &t);
  return double(t.tv_sec) + 1e-9 * double(t.tv_nsec);
}

template <class F>
double best_seconds(F f) {
  const char* choice = std::getenv("WEFT_BENCH_CLOCK");
  const clockid_t clock = choice && std::strcmp(choice, "cpu") == 0 ? CLOCK_PROCESS_CPUTIME_ID : CLOCK_MONOTONIC;
  double best = 1e9;
  const double begin = seconds_now(clock);
  for (int i = 0; i < 200; ++i) {
    const double start = seconds_now(clock);
    f();
    const double end = seconds_now(clock);
    best = std::min(best, end - start);
    if (i > 5 && end - begin > 0.3) break;
  }
  return best;
}

inline void bench_map(const char* name, int64_t n, const char* op, bool binary) {
  Buf<float> x(n), y(n), z(n);
  for (int64_t i = 0; i < n; ++i) x[i] = y[i] = float(i % 100) * 0.01f;
  Kernel k("loop", {n});
  const int a = k.load(x.handle, WEFT_F32, WEFT_F32, {{1}}), b = binary ? k.load(y.handle, WEFT_F32, WEFT_F32, {{1}}) : -1;
  k.store(k.op(op, WEFT_F32, a, b), z.handle, WEFT_F32, {{1}});
  const double t = best_seconds([&] { k.run(); });
  std::printf("%-22s %9.1f us  %6.1f GB/s\n", name, t * 1e6, double(n) * (binary ? 12 : 8) / t * 1e-9);
}

inline void bench_gemm(int64_t batch, int64_t m, int64_t n, int64_t k, bool tb, bool swap = false) {
  Buf<float> a(batch * m * k), b(batch * k * n), c(batch * m * n);
  for (int64_t i = 0; i < a.n; ++i) a[i] = float(i % 7);
  for (int64_t i = 0; i < b.n; ++i) b[i] = float(i % 5);
  Kernel g("gemm", {batch, m, n}, {k});
  g.attr("batch", 1), g.attr("m", 1), g.attr("n", 1);
  g.stage(true);
  const int x = g.load(a.handle, WEFT_F32, WEFT_F32, {{m * k, swap ? 1 : k, 0, swap ? m : 1}});
  const int y = g.load(b.handle, WEFT_F32, WEFT_F32, {{k * n, 0, tb ? k : 1, tb ? 1 : n}});
  const int sum = g.op("reduce.sum", WEFT_F32, g.op("mul", WEFT_F32, x, y));
  g.stage(false);
  g.store(sum, c.handle, WEFT_F32, {{m * n, n, 1}});
  const double t = best_seconds([&] { g.run(); });
  std::printf("gemm %ldx%ldx%ldx%ld%s%s  %9.1f us  %6.1f GFLOP/s\n", long(batch), long(m), long(n), long(k), swap ? " At" : "", tb ? " Bt" : "", t * 1e6,
              2e-9 * double(batch * m * n * k) / t);
}

// 3x3, padding 1; channels last or first.
inline void bench_conv(int64_t batch, int64_t c, int64_t h, int64_t oc, bool last) {
  Buf<float> x(batch * c * h * h), f(oc * c * 9), y(batch * oc * h * h);
  const int64_t sc = last ? 1 : h * h, sw = last ? c : 1, sh = sw * h;
  Kernel g("conv", {oc, batch, h, h}, {c, 3, 3});
  g.attr("batch", 0), g.attr("m", 1), g.attr("n", 3);
  g.stage(true);
  const int p = g.load(f.handle, WEFT_F32, WEFT_F32, {{c * 9, 0, 0, 0, 9, 3, 1}});
  const int q = g.load(x.handle, WEFT_F32, WEFT_F32,
                       {{0, c * h * h, 0, 0, sc, 0, 0}, 0, {{-1, h, 1, sh, {0, 0, 1, 0, 0, 1, 0}}, {-1, h, 1, sw, {0, 0, 0, 1, 0, 0, 1}}}, 0});
  const int sum = g.op("reduce.sum", WEFT_F32, g.op("mul", WEFT_F32, p, q));
  g.stage(false);
  g.store(sum, y.handle, WEFT_F32, {{last ? 1 : h * h, oc * h * h, last ? oc * h : h, last ? oc : 1}});
  const double t = best_seconds([&] { g.run(); });
  std::printf("conv3x3 %ldx%ldx%ldx%ld->%ld %s  %9.1f us  %6.1f GFLOP/s\n", long(batch), long(c), long(h), long(h), long(oc), last ? "NHWC" : "NCHW", t * 1e6,
              2e-9 * double(batch * h * h * oc * c * 9) / t);
}

inline void bench_softmax(int64_t rows, int64_t n) {
  Buf<float> x(rows * n), y(rows * n);
  for (int64_t i = 0; i < rows * n; ++i) x[i] = float(i % 100) * 0.1f;
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
  const double t = best_seconds([&] { k.run(); });
  std::printf("softmax %ldx%ld  %9.1f us\n", long(rows), long(n), t * 1e6);
}

inline void bench_sum(int64_t rows, int64_t n, bool columns) {
  Buf<float> x(rows * n), y(rows);
  Kernel k("loop", {rows}, {n});
  k.stage(true);
  const int s = k.op("reduce.sum", WEFT_F32, k.load(x.handle, WEFT_F32, WEFT_F32, {columns ? std::vector<int64_t>{1, rows} : std::vector<int64_t>{n, 1}}));
  k.stage(false);
  k.store(s, y.handle, WEFT_F32, {{1}});
  const double t = best_seconds([&] { k.run(); });
  std::printf("sum %ldx%ld %s  %9.1f us  %6.1f GB/s\n", long(rows), long(n), columns ? "columns" : "rows", t * 1e6, double(rows * n) * 4 / t * 1e-9);
}

inline void bench_transpose(int64_t n) {
  Buf<float> x(n * n), y(n * n);
  Kernel k("loop", {n, n});
  k.store(k.load(x.handle, WEFT_F32, WEFT_F32, {{1, n}}), y.handle, WEFT_F32, {{n, 1}});
  const double t = best_seconds([&] { k.run(); });
  std::printf("transpose %ldx%ld  %9.1f us  %6.1f GB/s\n", long(n), long(n), t * 1e6, double(n * n) * 8 / t * 1e-9);
}

inline void bench_elementwise() {
  bench_map("add 16", 16, "add", true);
  bench_map("add 10k", 10000, "add", true);
  bench_map("add 10M", 10000000, "add", true);
  for (const char* op : {"exp", "log", "tanh", "erf", "sin"}) {
    bench_map(op, 100000, op, false);
    bench_map((std::string(op) + " 10M").c_str(), 10000000, op, false);
  }
  bench_softmax(64, 10);
  bench_softmax(4096, 1024);
  bench_sum(64, 156250, false);
  bench_sum(1, 10000000, false);
  bench_sum(1024, 4096, true);
  bench_transpose(2048);
}

inline void bench_gemms() {
  bench_gemm(1, 1024, 1024, 1024, false);
  bench_gemm(1, 1024, 1024, 1024, true);
  bench_gemm(1, 1024, 1024, 1024, false, true);
  bench_gemm(1, 2048, 2048, 2048, false);
  for (int64_t n : {16, 64, 128, 256, 512}) bench_gemm(1, n, n, n, false);
  bench_gemm(1, 64, 10, 784, true);
  bench_gemm(1, 64, 512, 784, true);
  bench_gemm(1, 1, 1024, 1024, true);
  bench_gemm(64, 64, 64, 64, false);
  bench_gemm(64, 256, 256, 64, true);
}

inline void bench_convs() {
  bench_conv(16, 64, 32, 64, false);
  bench_conv(16, 64, 32, 64, true);
  bench_conv(32, 3, 32, 32, false);
}
