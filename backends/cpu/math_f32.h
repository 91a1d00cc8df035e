// Vector math for float32: plain branch-free expressions, so that a compiler can run them in vector loops and every element rounds
// the same wherever it lies. All stay within 2 ulp over the whole range. The functions that networks live on (exp, expm1, log, tanh,
// erf) are all float; the others are computed in double and rounded once, which leaves little more than half an ulp.
#pragma once

#include "scalar.h"

WEFT_ISA_BEGIN

// Multiply-add, fused where the instruction set can.
static inline float mad(float a, float b, float c) {
#ifdef __FMA__
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}
static inline double mad(double a, double b, double c) {
#ifdef __FMA__
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

// c[0] + c[1] x + ... by Horner's rule.
template <class T, int N>
static inline T horner(T x, const T (&c)[N]) {
  T r = c[N - 1];
#pragma GCC unroll 16
  for (int i = N - 2; i >= 0; --i) r = mad(r, x, c[i]);
  return r;
}

constexpr double half_pi = 0x1.921fb54442d18p0, pi = 0x1.921fb54442d18p1;
constexpr double infinity = __builtin_inf();

// x = n ln 2 + r with n an integer and |r| <= ln 2 / 2; adding 1.5 * 2^23 leaves n in the low bits of a float.
struct Binary {
  float r;
  int32_t exponent;  // n
};

static inline Binary reduce_binary(float x) {
  constexpr float shift = 0x1.8p23f;
  const float t = mad(x, 0x1.715476p0f, shift);
  const float n = t - shift;
  const float r = mad(n, -0x1.7f7d1cp-20f, mad(n, -0x1.62e4p-1f, x));
  return {r, int32_t(bit_cast<uint32_t>(t) - bit_cast<uint32_t>(shift))};
}

// 2^k for -126 <= k <= 127.
static inline float power_of_two(int32_t k) { return bit_cast<float>((k + 127) << 23); }

// e^r for |r| <= ln 2 / 2.
static inline float exp_reduced(float r) {
  return horner<float>(r, {1.0f, 1.0f, 0x1.fffffcp-2f, 0x1.55548ap-3f, 0x1.555916p-5f, 0x1.123fc6p-7f, 0x1.6a1a6ep-10f});
}

static inline float exp_f32(float x) {
  const float a = __builtin_fabsf(x);
  const Binary b = reduce_binary(__builtin_copysignf(a > 104.0f ? 104.0f : a, x));
  // 2^n may lie outside the normal range: scale in two steps, of which only the last rounds.
  const int32_t half = b.exponent >> 1;
  return exp_reduced(b.r) * power_of_two(half) * power_of_two(b.exponent - half);
}

static inline float expm1_f32(float x) {
  float c = x < -20.0f ? -20.0f : x;
  c = c > 89.0f ? 89.0f : c;
  const Binary b = reduce_binary(c);
  // Half the result, since 2^n itself may overflow.
  const float half = power_of_two(b.exponent - 1);
  const float p = mad(b.r * b.r, horner<float>(b.r, {0x1.fffffep-2f, 0x1.5554aap-3f, 0x1.55568p-5f, 0x1.122dp-7f, 0x1.6beb24p-10f}), b.r);
  const float r = 2.0f * mad(half, p, half - 0.5f);
  return __builtin_fabsf(x) < 0x1p-25f ? x : r;
}

static inline float tanh_f32(float x) {
  // An odd polynomial up to 0.55, beyond it 1 - 2 / (e^2|x| + 1); from 10 on the result rounds to 1.
  const float a = __builtin_fabsf(x), z = x * x;
  const float small = mad(a * z, horner<float>(z, {-0x1.55554cp-2f, 0x1.110d3cp-3f, -0x1.b92bbap-5f, 0x1.595682p-6f, -0x1.9bba4ep-8f}), a);
  const float c = a > 10.0f ? 10.0f : a;
  const Binary b = reduce_binary(2.0f * c);
  const float large = 1.0f - 2.0f / mad(power_of_two(b.exponent), exp_reduced(b.r), 1.0f);
  return __builtin_copysignf(a > 0.55f ? large : small, x);
}

static inline float erf_f32(float x) {
  // A polynomial up to 1, beyond it 1 - exp(-q(|x|)); from 4 on the result rounds to 1.
  const float a = __builtin_fabsf(x), z = x * x;
  const float small =
      mad(a, horner<float>(z, {0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2cf8p-4f, -0x1.b7f90cp-6f, 0x1.5405bp-8f, -0x1.a3f6f8p-11f, 0x1.496a1ep-14f}), a);
  const float b = a > 4.0f ? 4.0f : a;
  const float q =
      horner<float>(b, {-0x1.8b3fdep-13f, 0x1.212c2ep0f, 0x1.4434fp-1f, 0x1.bc18d4p-4f, -0x1.9d0bep-6f, 0x1.13990ap-8f, -0x1.ceeb1ep-12f, 0x1.6c06d2p-16f});
  const Binary e = reduce_binary(-q);
  const float large = mad(-power_of_two(e.exponent), exp_reduced(e.r), 1.0f);
  return __builtin_copysignf(a > 1.0f ? large : small, x);
}

static inline float log_f32(float x) {
  // x = 2^e (1 + f) with 1 + f in [sqrt 1/2, sqrt 2).
  constexpr uint32_t root = 0x3f3504f3u;
  const bool tiny = x < 0x1p-126f;
  const uint32_t i = bit_cast<uint32_t>(tiny ? x * 0x1p23f : x) + (0x3f800000u - root);
  const float e = float(int32_t(i >> 23) - 127) - (tiny ? 23.0f : 0.0f);
  const float f = bit_cast<float>((i & 0x007fffffu) + root) - 1.0f, z = f * f;
  const float p =
      horner<float>(f, {0x1.555554p-2f, -0x1.000228p-2f, 0x1.99a008p-3f, -0x1.547244p-3f, 0x1.22da22p-3f, -0x1.0d8552p-3f, 0x1.055b46p-3f, -0x1.38b4ccp-4f});
  const float low = mad(f * z, p, mad(e, 0x1.7f7d1cp-20f, -0.5f * z));
  float r = mad(e, 0x1.62e4p-1f, f + low);
  r = x == __builtin_inff() ? x : r;
  r = x == 0.0f ? -__builtin_inff() : r;
  return x >= 0.0f ? r : __builtin_nanf("");
}

// e^x in double to about 1e-14, for |x| < 700; clamped beyond.
static inline double exp_core(double x) {
  constexpr double shift = 0x1.8p52;
  double c = x < -700.0 ? -700.0 : x;
  c = c > 700.0 ? 700.0 : c;
  const double t = mad(c, 0x1.71547652b82fep0, shift);
  const double n = t - shift;
  const double r = mad(n, -0x1.abc9e3b39803fp-56, mad(n, -0x1.62e42fefa39efp-1, c));
  const double p =
      horner<double>(r, {1.0, 1.0, 0.5, 1 / 6.0, 1 / 24.0, 1 / 120.0, 1 / 720.0, 1 / 5040.0, 1 / 40320.0, 1 / 362880.0, 1 / 3628800.0, 1 / 39916800.0});
  return p * bit_cast<double>((bit_cast<uint64_t>(t) << 52) + 0x3ff0000000000000u);
}

// log x in double for normal x > 0, relative error about 1e-15.
static inline double log_core(double x) {
  // x = 2^e m with m in [sqrt 1/2, sqrt 2); then log m = 2 artanh((m - 1) / (m + 1)).
  constexpr uint64_t root = 0x3fe6a09e667f3bcdu;
  const uint64_t i = bit_cast<uint64_t>(x) + (0x3ff0000000000000u - root);
  const double e = bit_cast<double>((i >> 52) | 0x4330000000000000u) - (0x1p52 + 1023.0);
  const double m = bit_cast<double>((i & 0x000fffffffffffffu) + root);
  const double s = (m - 1.0) / (m + 1.0), z = s * s;
  const double p = horner<double>(z, {1 / 3.0, 1 / 5.0, 1 / 7.0, 1 / 9.0, 1 / 11.0, 1 / 13.0, 1 / 15.0, 1 / 17.0, 1 / 19.0});
  return mad(e, 0x1.62e42fefa39efp-1, mad(2.0 * s * z, p, 2.0 * s));
}

static inline double log_special(double x, double r) {
  r = x == infinity ? infinity : r;
  r = x == 0.0 ? -infinity : r;
  return x >= 0.0 ? r : __builtin_nan("");
}

static inline float log1p_f32(float x) {
  const double d = x, r = log_special(1.0 + d, log_core(1.0 + d));
  return float(__builtin_fabs(d) < 0x1p-12 ? d - 0.5 * d * d : r);
}

// Sine and cosine of the reduced argument, and which quadrant it came from. Good for |x| up to trig_limit.
constexpr float trig_limit = 1e6f;

struct Reduced {
  double sine, cosine;
  uint64_t quadrant;
};

static inline Reduced reduce_angle(double x) {
  constexpr double shift = 0x1.8p52;
  const double t = mad(x, 0x1.45f306dc9c883p-1, shift);
  const double n = t - shift;
  // pi/2 in two parts, the first of 33 bits so that n times it is exact.
  const double r = mad(n, -0x1.0b4611a626331p-34, mad(n, -0x1.921fb544p0, x));
  const double z = r * r;
  const double s = horner<double>(z, {-1 / 6.0, 1 / 120.0, -1 / 5040.0, 1 / 362880.0, -1 / 39916800.0, 1 / 6227020800.0});
  const double c = horner<double>(z, {-0.5, 1 / 24.0, -1 / 720.0, 1 / 40320.0, -1 / 3628800.0, 1 / 479001600.0});
  return {mad(r * z, s, r), mad(z, c, 1.0), bit_cast<uint64_t>(t)};
}

static inline float sin_f32(float x) {
  const Reduced q = reduce_angle(x);
  const double r = q.quadrant & 1 ? q.cosine : q.sine;
  const double sine = bit_cast<double>(bit_cast<uint64_t>(r) ^ ((q.quadrant & 2) << 62));
  return x == 0.0f ? x : float(sine);  // keeps -0
}

static inline float cos_f32(float x) {
  const Reduced q = reduce_angle(x);
  const double r = q.quadrant & 1 ? q.sine : q.cosine;
  return float(bit_cast<double>(bit_cast<uint64_t>(r) ^ (((q.quadrant + 1) & 2) << 62)));
}

static inline float tan_f32(float x) {
  const Reduced q = reduce_angle(x);
  const bool odd = q.quadrant & 1;
  const double r = (odd ? -q.cosine : q.sine) / (odd ? q.sine : q.cosine);
  return x == 0.0f ? x : float(r);
}

// asin on [0, 1/2].
static inline double asin_core(double x, double z) {
  return x * horner<double>(z, {0.9999999999999463, 0.16666666670945945, 0.0749999944348846, 0.04464313686372692, 0.03037484020008976, 0.02247503312123596,
                                0.016456326065107364, 0.018703766924123975, -0.0029962004945576284, 0.03206881210614489});
}

static inline float asin_f32(float x) {
  // Above 1/2, asin x = pi/2 - 2 asin sqrt((1 - x) / 2).
  const double a = __builtin_fabs(double(x)), z = 0.5 * (1.0 - a);
  const bool large = a > 0.5;
  const double y = large ? __builtin_sqrt(z) : a;
  const double r = asin_core(y, large ? z : a * a);
  return float(__builtin_copysign(large ? half_pi - 2.0 * r : r, double(x)));
}

static inline float acos_f32(float x) {
  const double d = x, a = __builtin_fabs(d), z = 0.5 * (1.0 - a);
  const bool large = a > 0.5;
  const double y = large ? __builtin_sqrt(z) : a;
  const double r = asin_core(y, large ? z : a * a);
  const double small = half_pi - __builtin_copysign(r, d);
  const double far = d < 0.0 ? pi - 2.0 * r : 2.0 * r;
  return float(large ? far : small);
}

// atan on [0, 1].
static inline double atan_core(double x) {
  // Above tan(pi/8), atan x = pi/4 + atan((x - 1) / (x + 1)).
  const bool large = x > 0.41421356237309503;
  const double y = large ? (x - 1.0) / (x + 1.0) : x;
  const double r = y * horner<double>(y * y, {0.9999999999999741, -0.333333333308596, 0.1999999961153503, -0.1428569072351462, 0.11110391687988169,
                                              -0.09078472029494283, 0.07564236783231368, -0.058763569712920294, 0.03068854358296399});
  return large ? 0.5 * half_pi + r : r;
}

static inline float atan_f32(float x) {
  const double a = __builtin_fabs(double(x));
  const bool large = a > 1.0;
  const double r = atan_core(large ? 1.0 / a : a);
  return float(__builtin_copysign(large ? half_pi - r : r, double(x)));
}

static inline float atan2_f32(float y, float x) {
  const double ax = __builtin_fabs(double(x)), ay = __builtin_fabs(double(y));
  const bool steep = ay > ax;
  const double small = steep ? ax : ay, large = steep ? ay : ax;
  double ratio = small / large;
  ratio = large == 0.0 ? 0.0 : ratio;
  ratio = small == infinity ? 1.0 : ratio;
  double r = atan_core(ratio);
  r = steep ? half_pi - r : r;
  r = bit_cast<uint32_t>(x) >> 31 ? pi - r : r;
  r = __builtin_copysign(r, double(y));
  return float(x != x || y != y ? double(x) + double(y) : r);
}

static inline float pow_f32(float x, float y) {
  const double a = __builtin_fabs(double(x)), e = y;
  const double power = e * log_special(a, log_core(a));
  double r = exp_core(power);
  r = power != power ? power : r;
  // Outside |power| < 700 exp_core stops short of 0 and infinity, but both are far beyond float.
  r = a == 1.0 ? 1.0 : r;
  const bool integral = __builtin_trunc(e) == e;
  const bool odd = integral && __builtin_trunc(e * 0.5) * 2.0 != e;
  const bool negative = bit_cast<uint32_t>(x) >> 31;
  r = negative && odd ? -r : r;
  const bool undefined = x < 0.0f && a != infinity && !integral;
  r = undefined || x != x || y != y ? __builtin_nan("") : r;
  return y == 0.0f || x == 1.0f ? 1.0f : float(r);
}

WEFT_ISA_END
