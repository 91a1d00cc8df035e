// Elementwise instructions against the C library.
#pragma once

#include <cmath>
#include <functional>
#include <limits>

#include "kernel_builder.h"

inline double ulps(float got, double want) {
  if (std::isnan(want)) return std::isnan(got) ? 0 : 1e9;
  const float rounded = float(want);
  if (std::isinf(rounded) || std::isinf(got)) return rounded == got || std::fabs(want) > 3.4028235e38 * (1 - 1e-6) ? 0 : 1e9;
  if (want == 0) return got == 0 && std::signbit(got) == std::signbit(want) ? 0 : 1e9;
  const float a = std::fabs(rounded);
  const double unit = std::max(double(std::nextafterf(a, INFINITY)) - a, 0x1p-149);
  return std::fabs(got - want) / unit;
}

inline void fill_special(Buf<float>& x, double low, double high) {
  const float special[] = {0.0f, -0.0f, INFINITY, -INFINITY, NAN,   1.0f,   -1.0f,   0x1p-149f, -0x1p-149f, 0x1p-126f, 3.4028235e38f, -3.4028235e38f,
                           0.5f, 2.0f,  -2.0f,    3.0f,      -3.0f, 88.72f, -103.9f, 89.0f,     1e6f,       1e7f,      1e30f};
  for (int64_t i = 0; i < x.n; ++i) {
    if (i < int64_t(std::size(special))) x[i] = special[i];
    else if (i % 3 == 0) x[i] = float(std::copysign(std::exp(uniform(-80, 80)), uniform(-1, 1)));
    else x[i] = float(uniform(low, high));
  }
}

inline void test_unary(const char* name, double (*f)(double), double low, double high, double bound) {
  const int64_t n = 20011;
  Buf<float> x(n), y(n);
  fill_special(x, low, high);
  Kernel k("loop", {n});
  k.store(k.op(name, WEFT_F32, k.load(x.handle, WEFT_F32, WEFT_F32, {{1}})), y.handle, WEFT_F32, {{1}});
  k.run();
  double worst = 0;
  int64_t where = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double e = ulps(y[i], f(x[i]));
    if (e > worst) worst = e, where = i;
  }
  expect(worst <= bound, std::string(name) + ": " + std::to_string(worst) + " ulp at " + std::to_string(x[where]) + " got " + std::to_string(y[where]));
  if (std::getenv("WEFT_VERBOSE")) std::printf("%-6s %.3f ulp\n", name, worst);

  // float64, and one odd tail.
  const int64_t m = 133;
  Buf<double> xd(m), yd(m);
  for (int64_t i = 0; i < m; ++i) xd[i] = x[i];
  Kernel d("loop", {m});
  d.store(d.op(name, WEFT_F64, d.load(xd.handle, WEFT_F64, WEFT_F64, {{1}})), yd.handle, WEFT_F64, {{1}});
  d.run();
  for (int64_t i = 0; i < m; ++i) {
    const double want = f(xd[i]);
    expect((std::isnan(want) && std::isnan(yd[i])) || yd[i] == want || std::fabs(yd[i] - want) <= 4 * 2.3e-16 * std::fabs(want),
           std::string(name) + " in float64");
  }
}

inline void test_binary(const char* name, double (*f)(double, double), double bound) {
  const int64_t n = 40 * 40 + 5000;
  Buf<float> x(n), y(n), z(n);
  Buf<float> special(40);
  fill_special(special, -4, 4);
  for (int64_t i = 0; i < n; ++i) {
    x[i] = i < 1600 ? special[i % 40] : float(uniform(-8, 8));
    y[i] = i < 1600 ? special[i / 40] : i % 2 ? float(std::rint(uniform(-6, 6))) : float(uniform(-6, 6));
  }
  Kernel k("loop", {n});
  const int a = k.load(x.handle, WEFT_F32, WEFT_F32, {{1}}), b = k.load(y.handle, WEFT_F32, WEFT_F32, {{1}});
  k.store(k.op(name, WEFT_F32, a, b), z.handle, WEFT_F32, {{1}});
  k.run();
  double worst = 0;
  int64_t where = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double e = ulps(z[i], f(x[i], y[i]));
    if (e > worst) worst = e, where = i;
  }
  expect(worst <= bound, std::string(name) + ": " + std::to_string(worst) + " ulp at " + std::to_string(x[where]) + ", " + std::to_string(y[where]) + " got " +
                             std::to_string(z[where]));
  // The same with either operand a scalar.
  for (int side = 0; side < 2; ++side) {
    Kernel s("loop", {n});
    const int v = s.load(x.handle, WEFT_F32, WEFT_F32, {{1}}), c = s.immf(1.75f);
    s.store(s.op(name, WEFT_F32, side ? c : v, side ? v : c), z.handle, WEFT_F32, {{1}});
    s.run();
    for (int64_t i = 0; i < n; ++i) expect(ulps(z[i], side ? f(1.75, x[i]) : f(x[i], 1.75)) <= bound, std::string(name) + " with a scalar");
  }
}

inline double max_nan(double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : a == 0 && b == 0 ? (std::signbit(a) ? b : a) : std::max(a, b); }
inline double min_nan(double a, double b) { return std::isnan(a) || std::isnan(b) ? NAN : a == 0 && b == 0 ? (std::signbit(a) ? a : b) : std::min(a, b); }

template <class T>
void test_integers(int type) {
  using U = std::make_unsigned_t<T>;
  const int64_t n = 1003;
  constexpr int width = sizeof(T) * 8;
  Buf<T> x(n), y(n), z(n);
  for (int64_t i = 0; i < n; ++i) {
    x[i] = T(random_bits());
    y[i] = i % 3 == 0 ? T(random_bits() % 80) : i % 7 == 0 ? T(-1) : i % 11 == 0 ? T(0) : T(random_bits());
    if (i % 5 == 0) x[i] = std::numeric_limits<T>::min();
  }
  const auto check = [&](const char* name, const std::function<T(T, T)>& f) {
    Kernel k("loop", {n});
    const int a = k.load(x.handle, type, type, {{1}}), b = k.load(y.handle, type, type, {{1}});
    k.store(k.op(name, type, a, b), z.handle, type, {{1}});
    k.run();
    for (int64_t i = 0; i < n; ++i) expect(z[i] == f(x[i], y[i]), std::string("integer ") + name);
  };
  const bool is_signed = std::is_signed_v<T>;
  check("add", [](T a, T b) { return T(U(a) + U(b)); });
  check("sub", [](T a, T b) { return T(U(a) - U(b)); });
  check("mul", [](T a, T b) { return T(U(a) * U(b)); });
  check("div", [=](T a, T b) { return b == 0 ? T(0) : is_signed && b == T(-1) ? T(U(0) - U(a)) : T(a / b); });
  check("rem", [=](T a, T b) { return b == 0 || (is_signed && b == T(-1)) ? T(0) : T(a % b); });
  check("min", [](T a, T b) { return std::min(a, b); });
  check("max", [](T a, T b) { return std::max(a, b); });
  check("and", [](T a, T b) { return T(a & b); });
  check("or", [](T a, T b) { return T(a | b); });
  check("xor", [](T a, T b) { return T(a ^ b); });
  check("shl", [](T a, T b) { return b < 0 || b >= T(width) ? T(0) : T(U(a) << b); });
  check("shr", [](T a, T b) { return b < 0 || b >= T(width) ? (a < 0 ? T(-1) : T(0)) : T(a >> b); });
}

// Half precision by its definition: the value of 16 bits, and the value nearest to x (ties to even).
inline double half_value(uint16_t bits) {
  const int exponent = bits >> 10 & 31, mantissa = bits & 1023;
  const double sign = bits >> 15 ? -1 : 1;
  if (exponent == 31) return mantissa ? NAN : sign * INFINITY;
  return sign * std::ldexp(exponent ? 1024 + mantissa : mantissa, std::max(exponent, 1) - 25);
}

inline double nearest_half(double x) {
  if (x == 0 || !std::isfinite(x)) return x;
  const double unit = std::ldexp(1.0, std::max(std::ilogb(x), -14) - 10);
  const double rounded = std::nearbyint(x / unit) * unit;
  return std::fabs(rounded) > 65504 ? std::copysign(INFINITY, x) : rounded;
}

inline void test_halves() {
  // Every half there and back.
  Buf<uint16_t> h(65536), back(65536);
  Buf<float> f(65536);
  for (int i = 0; i < 65536; ++i) h[i] = uint16_t(i);
  for (int dtype : {WEFT_F16, WEFT_BF16}) {
    Kernel k("loop", {65536});
    const int x = k.load(h.handle, dtype, WEFT_F32, {{1}});
    k.store(x, f.handle, WEFT_F32, {{1}});
    k.store(x, back.handle, dtype, {{1}});
    k.run();
    for (int i = 0; i < 65536; ++i) {
      float want;
      if (dtype == WEFT_F16) {
        want = float(half_value(h[i]));
      } else {
        const uint32_t bits = uint32_t(i) << 16;
        std::memcpy(&want, &bits, 4);
      }
      expect(std::isnan(want) ? std::isnan(f[i]) : std::memcmp(&want, &f[i], 4) == 0, "half to float");
      if (!std::isnan(want)) expect(back[i] == i, "half there and back");
    }
  }
  const int64_t n = 100000;
  Buf<float> x(n);
  Buf<double> xd(n);
  Buf<uint16_t> y(n), yd(n), b(n);
  for (int64_t i = 0; i < n; ++i) {
    const double range = i % 2 ? 12 : 20;
    xd[i] = std::copysign(std::exp2(uniform(-26, range)), uniform(-1, 1));
    if (i % 5 == 0) xd[i] = nearest_half(xd[i]) * (1 + 0x1p-11) * (i % 10 ? 1 : 1 + 0x1p-40);
    x[i] = float(xd[i]);
  }
  x[0] = 65519.996f, x[1] = 65520.0f, x[2] = NAN, x[3] = INFINITY, x[4] = -0.0f;
  Kernel k("loop", {n});
  const int v = k.load(x.handle, WEFT_F32, WEFT_F32, {{1}});
  k.store(v, y.handle, WEFT_F16, {{1}});
  k.store(v, b.handle, WEFT_BF16, {{1}});
  k.store(k.load(xd.handle, WEFT_F64, WEFT_F64, {{1}}), yd.handle, WEFT_F16, {{1}});
  k.run();
  for (int64_t i = 0; i < n; ++i) {
    const double want = nearest_half(x[i]), got = half_value(y[i]);
    expect((want == got && std::signbit(want) == std::signbit(got)) || (std::isnan(want) && std::isnan(got)), "float to half " + std::to_string(x[i]));
    expect(nearest_half(xd[i]) == half_value(yd[i]), "double to half " + std::to_string(xd[i]));
    uint32_t bits;
    std::memcpy(&bits, &x[i], 4);
    const uint32_t low = bits & 0xffff;
    const uint32_t up = (bits >> 16) + (low > 0x8000 || (low == 0x8000 && ((bits >> 16) & 1)));
    if (!std::isnan(x[i])) expect(b[i] == up, "float to bfloat");
  }
}

inline void test_conversions() {
  const int64_t n = 77;
  Buf<float> x(n);
  Buf<int32_t> i32(n);
  Buf<int64_t> i64(n);
  Buf<uint32_t> u32(n);
  Buf<uint8_t> u8(n), boolean(n);
  for (int64_t i = 0; i < n; ++i) x[i] = float(uniform(-1000, 1000));
  x[0] = NAN, x[1] = INFINITY, x[2] = 3e9f, x[3] = 0.0f, x[60] = NAN, x[76] = 3e9f;
  Kernel k("loop", {n});
  const int v = k.load(x.handle, WEFT_F32, WEFT_F32, {{1}});
  const int as_int = k.op("cast", WEFT_I32, v);
  k.store(as_int, i32.handle, WEFT_I32, {{1}});
  k.store(k.op("cast", WEFT_I64, v), i64.handle, WEFT_I64, {{1}});
  k.store(k.op("cast", WEFT_U32, v), u32.handle, WEFT_U32, {{1}});
  k.store(k.op("narrow", WEFT_I32, as_int, -1, -1, WEFT_I8), u8.handle, WEFT_U8, {{1}});
  k.store(k.op("cast", WEFT_BOOL, v), boolean.handle, WEFT_BOOL, {{1}});
  k.run();
  for (int64_t i = 4; i < n; ++i) {
    if (i == 60 || i == 76) continue;
    expect(i32[i] == int32_t(x[i]) && i64[i] == int64_t(x[i]) && u32[i] == uint32_t(int64_t(x[i])), "float to integer");
    expect(u8[i] == uint8_t(int32_t(x[i])) && boolean[i] == 1, "integer narrowing");
  }
  expect(boolean[3] == 0 && boolean[0] == 1 && i64[2] == 3000000000, "cast to bool and int64");
  expect(i32[0] == i32[60] && u32[2] == u32[76] && i32[2] == i32[76], "out of range casts do not depend on position");
}

inline void test_philox() {
  // Known answer of Random123: counter 0, key 0.
  Buf<uint64_t> counter(2);
  Buf<uint32_t> out(8);
  counter[0] = 0, counter[1] = 1;
  Kernel k("loop", {2});
  const int c = k.load(counter.handle, WEFT_U64, WEFT_U64, {{1}}), key = k.param(WEFT_U64, 0);
  for (int w = 0; w < 4; ++w) k.store(k.op("philox", WEFT_U32, c, key, -1, w), out.handle, WEFT_U32, {{4}, w});
  k.run();
  expect(out[0] == 0x6627e8d5 && out[1] == 0xe169c58d && out[2] == 0xbc57ac4c && out[3] == 0x9b00dbd8, "philox");
}

inline void test_math() {
  test_unary("exp", std::exp, -104, 89, 2);
  test_unary("expm1", std::expm1, -5, 5, 2);
  test_unary("log", std::log, 0, 10, 2);
  test_unary("log1p", std::log1p, -1, 5, 1);
  test_unary("sin", std::sin, -30, 30, 1);
  test_unary("cos", std::cos, -30, 30, 1);
  test_unary("tan", std::tan, -30, 30, 1);
  test_unary("asin", std::asin, -1, 1, 1);
  test_unary("acos", std::acos, -1, 1, 1);
  test_unary("atan", std::atan, -5, 5, 1);
  test_unary("tanh", std::tanh, -10, 10, 2);
  test_unary("erf", std::erf, -4, 4, 2);
  test_unary("sqrt", std::sqrt, 0, 100, 0.5001);
  test_unary("floor", std::floor, -100, 100, 0);
  test_unary("ceil", std::ceil, -100, 100, 0);
  test_unary("trunc", std::trunc, -100, 100, 0);
  test_unary("rint", std::rint, -100, 100, 0);
  test_unary("neg", [](double x) { return -x; }, -100, 100, 0);
  test_unary("abs", [](double x) { return std::fabs(x); }, -100, 100, 0);
  test_binary("pow", std::pow, 1);
  test_binary("atan2", std::atan2, 1);
  test_binary("add", [](double a, double b) { return a + b; }, 0.5001);
  test_binary("sub", [](double a, double b) { return a - b; }, 0.5001);
  test_binary("mul", [](double a, double b) { return a * b; }, 0.5001);
  test_binary("div", [](double a, double b) { return a / b; }, 0.5001);
  test_binary("rem", std::fmod, 0.5001);
  test_binary("max", max_nan, 0);
  test_binary("min", min_nan, 0);
  test_integers<int32_t>(WEFT_I32);
  test_integers<int64_t>(WEFT_I64);
  test_integers<uint32_t>(WEFT_U32);
  test_integers<uint64_t>(WEFT_U64);
  test_halves();
  test_conversions();
  test_philox();
}
