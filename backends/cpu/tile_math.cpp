// Elementary functions over tiles. float32: the vector math of math_f32.h. float64: exp and log likewise call the C library for
// each element, which is exact enough for anything and rarely hot.
#include <math.h>

#include "math_f32.h"
#include "tile.h"

WEFT_ISA_BEGIN

namespace {

template <float (*f)(float)>
struct Float {
  static inline float apply(float a) { return f(a); }
};
template <float (*f)(float, float)>
struct Float2 {
  static inline float apply(float a, float b) { return f(a, b); }
};
template <double (*f)(double)>
struct Double {
  static inline double apply(double a) { return f(a); }
};
template <double (*f)(double, double)>
struct Double2 {
  static inline double apply(double a, double b) { return f(a, b); }
};

// sin, cos and tan of large angles need more bits of pi than the vector code has: those elements are redone one by one.
template <float (*f)(float), double (*exact)(double)>
void trig_tile(void* dst, const void* a, const void*, const void*, int64_t n) {
  const float* x = static_cast<const float*>(a);
  float* d = static_cast<float*>(dst);
  constexpr int64_t block = 256;
  for (int64_t start = 0; start < n; start += block) {
    const int64_t count = n - start < block ? n - start : block;
    float result[block];
    int large = 0;
    for (int64_t i = 0; i < count; ++i) {
      result[i] = f(x[start + i]);
      large |= __builtin_fabsf(x[start + i]) > trig_limit;
    }
    if (large) {
      for (int64_t i = 0; i < count; ++i)
        if (__builtin_fabsf(x[start + i]) > trig_limit) result[i] = float(exact(x[start + i]));
    }
    for (int64_t i = 0; i < count; ++i) d[start + i] = result[i];
  }
}

TileFn find_f32(Op op, int scalars) {
  switch (op) {
    case Op::exp: return unary_tile<Float<exp_f32>, float, float>;
    case Op::expm1: return unary_tile<Float<expm1_f32>, float, float>;
    case Op::log: return unary_tile<Float<log_f32>, float, float>;
    case Op::log1p: return unary_tile<Float<log1p_f32>, float, float>;
    case Op::sin: return trig_tile<sin_f32, ::sin>;
    case Op::cos: return trig_tile<cos_f32, ::cos>;
    case Op::tan: return trig_tile<tan_f32, ::tan>;
    case Op::asin: return unary_tile<Float<asin_f32>, float, float>;
    case Op::acos: return unary_tile<Float<acos_f32>, float, float>;
    case Op::atan: return unary_tile<Float<atan_f32>, float, float>;
    case Op::tanh: return unary_tile<Float<tanh_f32>, float, float>;
    case Op::erf: return unary_tile<Float<erf_f32>, float, float>;
    case Op::atan2: return pick_binary<Float2<atan2_f32>, float, float>(scalars);
    case Op::pow: return pick_binary<Float2<pow_f32>, float, float>(scalars);
    default: return nullptr;
  }
}

TileFn find_f64(Op op, int scalars) {
  switch (op) {
    case Op::exp: return unary_tile<Double<::exp>, double, double>;
    case Op::expm1: return unary_tile<Double<::expm1>, double, double>;
    case Op::log: return unary_tile<Double<::log>, double, double>;
    case Op::log1p: return unary_tile<Double<::log1p>, double, double>;
    case Op::sin: return unary_tile<Double<::sin>, double, double>;
    case Op::cos: return unary_tile<Double<::cos>, double, double>;
    case Op::tan: return unary_tile<Double<::tan>, double, double>;
    case Op::asin: return unary_tile<Double<::asin>, double, double>;
    case Op::acos: return unary_tile<Double<::acos>, double, double>;
    case Op::atan: return unary_tile<Double<::atan>, double, double>;
    case Op::tanh: return unary_tile<Double<::tanh>, double, double>;
    case Op::erf: return unary_tile<Double<::erf>, double, double>;
    case Op::atan2: return pick_binary<Double2<::atan2>, double, double>(scalars);
    case Op::pow: return pick_binary<Double2<::pow>, double, double>(scalars);
    default: return nullptr;
  }
}

}  // namespace

TileFn find_math(const FindArgs& q) {
  if (q.type == WEFT_F32) return find_f32(q.op, q.scalars);
  if (q.type == WEFT_F64) return find_f64(q.op, q.scalars);
  return nullptr;
}

WEFT_ISA_END
