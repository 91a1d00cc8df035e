// What this machine can do: peak arithmetic, the bandwidth of memory, and the elementwise rows written out by hand, fused, into memory
// that is warm. Math is within about 2 ulp, as weft's is; the errors found are printed too. Writes one JSON object; seconds are medians of 15.
#include <omp.h>
#include <sys/mman.h>
#ifdef __SSE__
#include <xmmintrin.h>
#endif

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace {

constexpr int64_t n = 10'000'000;

template <class F>
double median_seconds(F f) {
  f();
  std::vector<double> seconds;
  for (int i = 0; i < 15; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    f();
    seconds.push_back(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  }
  std::sort(seconds.begin(), seconds.end());
  return seconds[7];
}

// Independent multiply-adds in registers, on all threads.
template <class T>
double peak_flops() {
  constexpr int chains = 12, lanes = 64 / int(sizeof(T));
  typedef T V __attribute__((vector_size(64)));
  constexpr int64_t steps = 4'000'000;
  T sink = 0;
  const double seconds = median_seconds([&] {
#pragma omp parallel reduction(+ : sink)
    {
      V acc[chains];
      for (int c = 0; c < chains; ++c) acc[c] = V{} + T(c);  // all different, or the compiler computes one alone
      V a = V{} + T(1.0000001), b = V{} + T(1e-9);
      for (int64_t s = 0; s < steps; ++s) {
#pragma GCC unroll 12
        for (int c = 0; c < chains; ++c) acc[c] = acc[c] * a + b;
      }
      for (const V& v : acc) sink += v[0];
    }
  });
  volatile T keep = sink;
  (void)keep;
  return 2.0 * chains * lanes * steps * omp_get_max_threads() / seconds;
}

float bits_to_float(int32_t i) {
  float f;
  std::memcpy(&f, &i, 4);
  return f;
}

// e^x - 1 = 2^k (e^r - 1) + (2^k - 1) with |r| <= ln(2) / 2.
inline float expm1_poly(float r) {
  constexpr float c[] = {1 / 40320.0f, 1 / 5040.0f, 1 / 720.0f, 1 / 120.0f, 1 / 24.0f, 1 / 6.0f, 0.5f};
  float p = c[0];
#pragma GCC unroll 6
  for (int i = 1; i < 7; ++i) p = std::fma(p, r, c[i]);
  return std::fma(r * r, p, r);
}

struct Split {
  float r;
  int32_t k;
};

inline Split split(float x) {
  const float shift = 0x1.8p23f, t = std::fma(x, 0x1.715476p0f, shift), k = t - shift;
  int32_t bits;
  std::memcpy(&bits, &t, 4);
  return {std::fma(k, -0x1.7f7d1cp-20f, std::fma(k, -0x1.62e4p-1f, x)), bits - 0x4b400000};
}

inline float power_of_two(int32_t k) { return bits_to_float((k + 127) << 23); }

inline float exp(float x) {
  const Split s = split(std::min(std::max(x, -104.0f), 89.0f));
  const int32_t half = s.k >> 1;
  return (expm1_poly(s.r) + 1.0f) * power_of_two(half) * power_of_two(s.k - half);
}

inline float tanh(float x) {
  const float a = std::min(std::fabs(x), 10.0f);
  const Split s = split(2 * a);
  const float scale = power_of_two(s.k), e = std::fma(scale, expm1_poly(s.r), scale - 1.0f);
  return std::copysign(e / (e + 2.0f), x);
}

inline float sigmoid(float x) { return 1.0f / (1.0f + exp(-x)); }

float* huge_pages() {
  constexpr size_t page = 2 << 20;
  const size_t bytes = (n * sizeof(float) + page - 1) / page * page;
  void* memory = std::aligned_alloc(page, bytes);
  madvise(memory, bytes, MADV_HUGEPAGE);
  return static_cast<float*>(memory);
}

// Written back through the cache, or past it: whichever is faster.
template <class F>
double elementwise(const float* x, const float* y, float* out, F f) {
  const double cached = median_seconds([=] {
#pragma omp parallel for simd schedule(static)
    for (int64_t i = 0; i < n; ++i) out[i] = f(x[i], y[i]);
  });
#ifdef __SSE__
  constexpr int64_t block = 1024;
  const double streamed = median_seconds([=] {
#pragma omp parallel for schedule(static)
    for (int64_t begin = 0; begin < n; begin += block) {
      alignas(64) float tile[block];
      const int64_t count = std::min(block, n - begin);
      for (int64_t i = 0; i < count; ++i) tile[i] = f(x[begin + i], y[begin + i]);
      for (int64_t i = 0; i < count; i += 4) _mm_stream_ps(out + begin + i, _mm_load_ps(tile + i));
    }
    _mm_sfence();
  });
  return std::min(cached, streamed);
#else
  return cached;
#endif
}

// The largest error over a range, in units of the last place of the correctly rounded result.
template <class F, class G>
double ulps(F f, G exact, float low, float high) {
  double worst = 0;
  for (int i = 0; i <= 1'000'000; ++i) {
    const float x = low + (high - low) * float(i) / 1e6f;
    const double want = exact(double(x));
    const float near = std::fabs(float(want));
    const double unit = double(std::nextafterf(near, INFINITY)) - near;
    worst = std::max(worst, std::fabs(f(x) - want) / unit);
  }
  return worst;
}

}  // namespace

int main() {
  float *x = huge_pages(), *y = huge_pages(), *out = huge_pages();
#pragma omp parallel for schedule(static)
  for (int64_t i = 0; i < n; ++i) {
    x[i] = float(i % 4001) / 1000 - 2;
    y[i] = float(i % 1009) / 500 - 1;
    out[i] = 0;
  }
  const auto run = [&](auto f) { return elementwise(x, y, out, f); };
  std::printf("{\"threads\": %d, \"float32\": %.4g, \"float64\": %.4g, ", omp_get_max_threads(), peak_flops<float>(), peak_flops<double>());
  std::printf("\"triad\": %.4g, ", 12.0 * n / run([](float a, float b) { return a + 3 * b; }));
  std::printf("\"add\": %.4g, ", run([](float a, float b) { return a + b; }));
  std::printf("\"exp\": %.4g, ", run([](float a, float) { return exp(a); }));
  std::printf("\"chain\": %.4g, ", run([](float a, float) { return tanh(a * 1.5f + 0.5f) * sigmoid(a) + 0.25f; }));
  std::printf("\"gelu\": %.4g, ", run([](float a, float) { return 0.5f * a * (1 + tanh(0.7978845608f * (a + 0.044715f * a * a * a))); }));
  const double errors[] = {ulps([](float a) { return exp(a); }, [](double a) { return std::exp(a); }, -87, 88),
                           ulps([](float a) { return tanh(a); }, [](double a) { return std::tanh(a); }, -9, 9)};
  std::printf("\"exp_ulp\": %.3g, \"tanh_ulp\": %.3g}\n", errors[0], errors[1]);
}
