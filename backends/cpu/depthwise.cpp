// Convolution of one channel by one filter, tap by tap over rows of padded planes. Compiled with contraction on.
#include "scalar.h"

WEFT_ISA_BEGIN

namespace {

#if defined(__AVX512F__)
constexpr int lanes = 16;
#elif defined(__AVX2__)
constexpr int lanes = 8;
#else
constexpr int lanes = 4;
#endif

typedef float V __attribute__((vector_size(lanes * sizeof(float)), aligned(sizeof(float)), may_alias));
typedef int32_t Mask __attribute__((vector_size(lanes * sizeof(float))));

inline V load(const float* p) { return *reinterpret_cast<const V*>(p); }

void image(float* out, const float* plane, const DepthwiseShape& s, const float* filter) {
  for (int64_t r = 0; r < s.rows; ++r, out += s.columns, plane += s.pitch) {
    // The last vector goes over some places again; writing past a row's end is no harm but in the last.
    for (int64_t c = 0; c < s.columns; c += lanes) {
      const int64_t at = c + lanes <= s.columns || s.columns < lanes ? c : s.columns - lanes;
      V sum = {};
      for (int64_t k = 0; k < s.taps; ++k) sum += filter[k] * load(plane + s.tap[k] + at);
      *reinterpret_cast<V*>(out + at) = sum;
    }
  }
}

// `Taps` of them at a time, so that their sums do not wait for one another.
template <int Taps>
void filter_taps(float* sums, const float* plane, const DepthwiseShape& s, const int64_t* tap, const float* gradient) {
  const int64_t whole = s.columns / lanes * lanes;
  Mask rest = {};  // zeros, whatever lies beyond a row
  for (int64_t i = whole; i < s.columns; ++i) rest[i - whole] = -1;
  V sum[Taps];
  for (int k = 0; k < Taps; ++k) sum[k] = load(sums + k * lanes);
  for (int64_t r = 0; r < s.rows; ++r, plane += s.pitch, gradient += s.columns) {
    for (int64_t c = 0; c < whole; c += lanes) {
      const V y = load(gradient + c);
#pragma GCC unroll 9
      for (int k = 0; k < Taps; ++k) sum[k] += load(plane + tap[k] + c) * y;
    }
    if (whole == s.columns) continue;
    const V y = V(Mask(load(gradient + whole)) & rest);
#pragma GCC unroll 9
    for (int k = 0; k < Taps; ++k) sum[k] += V(Mask(load(plane + tap[k] + whole)) & rest) * y;
  }
  for (int k = 0; k < Taps; ++k) *reinterpret_cast<V*>(sums + k * lanes) = sum[k];
}

template <int Most>
void filter_some(int64_t taps, float* sums, const float* plane, const DepthwiseShape& s, const int64_t* tap, const float* gradient) {
  if constexpr (Most > 1) {
    if (taps < Most) return filter_some<Most - 1>(taps, sums, plane, s, tap, gradient);
  }
  filter_taps<Most>(sums, plane, s, tap, gradient);
}

void filter(float* sums, const float* plane, const DepthwiseShape& s, const float* gradient) {
  constexpr int most = 9;
  for (int64_t k = 0; k < s.taps; k += most) filter_some<most>(s.taps - k, sums + k * lanes, plane, s, s.tap + k, gradient);
}

}  // namespace

DepthwiseFns find_depthwise() { return {lanes, image, filter}; }

WEFT_ISA_END
