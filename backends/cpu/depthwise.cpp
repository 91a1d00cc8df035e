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

void filter(float* sums, const float* plane, const DepthwiseShape& s, const float* gradient) {
  for (int64_t k = 0; k < s.taps; ++k) {
    V sum = load(sums + k * lanes);
    const float *x = plane + s.tap[k], *y = gradient;
    for (int64_t r = 0; r < s.rows; ++r, x += s.pitch, y += s.columns) {
      int64_t c = 0;
      for (; c + lanes <= s.columns; c += lanes) sum += load(x + c) * load(y + c);
      if (c == s.columns) continue;
      // Zeros, whatever lies beyond the row.
      Mask inside;
      for (int i = 0; i < lanes; ++i) inside[i] = c + i < s.columns ? -1 : 0;
      sum += V(Mask(load(x + c)) & inside) * V(Mask(load(y + c)) & inside);
    }
    *reinterpret_cast<V*>(sums + k * lanes) = sum;
  }
}

}  // namespace

DepthwiseFns find_depthwise() { return {lanes, image, filter}; }

WEFT_ISA_END
