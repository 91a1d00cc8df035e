// Expressions over the registers of a tape, so that a lowering reads as the formula it is. Ex is one register, Cx a complex number.
#pragma once

#include <concepts>
#include <limits>
#include <type_traits>

#include "fuse/tape.h"

namespace weft {

struct Ex {
  Tape* t = nullptr;
  Reg r = -1;
  DType type() const { return t->type(r); }
  bool is_bool() const { return type() == DType::b1; }
  Ex like(double value) const { return {t, t->imm(type(), value)}; }  // a constant of the same type
  operator Val() const { return {r, -1}; }
};

template <class T>
concept Number = std::is_arithmetic_v<T>;

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
inline constexpr double kLn2 = 0.69314718055994530942;

inline Ex call(const char* op, Ex a) { return {a.t, a.t->op(op, a.r)}; }
inline Ex call(const char* op, Ex a, Ex b) { return {a.t, a.t->op(op, a.r, b.r)}; }
inline Ex test(const char* op, Ex a, Ex b) { return {a.t, a.t->op_as(DType::b1, op, a.r, b.r)}; }
inline Ex to(DType type, Ex a) { return {a.t, a.t->cast(type, a.r)}; }
inline Ex bits(DType type, Ex a) { return {a.t, a.t->op_as(type, "bits", a.r)}; }
inline Ex select(Ex condition, Ex a, Ex b) { return {a.t, a.t->op_as(a.type(), "select", condition.r, a.r, b.r)}; }

// Of bools, + is or, * is and, and false < true.
inline Ex operator&(Ex a, Ex b) { return call("and", a, b); }
inline Ex operator|(Ex a, Ex b) { return call("or", a, b); }
inline Ex operator^(Ex a, Ex b) { return call("xor", a, b); }
inline Ex operator~(Ex a) { return call("not", a); }
inline Ex operator+(Ex a, Ex b) { return call(a.is_bool() ? "or" : "add", a, b); }
inline Ex operator*(Ex a, Ex b) { return call(a.is_bool() ? "and" : "mul", a, b); }
inline Ex operator-(Ex a, Ex b) { return call("sub", a, b); }
inline Ex operator/(Ex a, Ex b) { return call("div", a, b); }
inline Ex operator-(Ex a) { return call("neg", a); }
inline Ex operator<<(Ex a, Ex b) { return call("shl", a, b); }
inline Ex operator>>(Ex a, Ex b) { return call("shr", a, b); }
inline Ex operator<(Ex a, Ex b) { return a.is_bool() ? ~a & b : test("lt", a, b); }
inline Ex operator<=(Ex a, Ex b) { return a.is_bool() ? ~a | b : test("le", a, b); }
inline Ex operator>(Ex a, Ex b) { return b < a; }
inline Ex operator>=(Ex a, Ex b) { return b <= a; }
inline Ex operator==(Ex a, Ex b) { return a.is_bool() ? ~(a ^ b) : test("eq", a, b); }
inline Ex operator!=(Ex a, Ex b) { return a.is_bool() ? a ^ b : test("ne", a, b); }

inline Ex operator+(Ex a, Number auto b) { return a + a.like(b); }
inline Ex operator-(Ex a, Number auto b) { return a - a.like(b); }
inline Ex operator*(Ex a, Number auto b) { return a * a.like(b); }
inline Ex operator/(Ex a, Number auto b) { return a / a.like(b); }
inline Ex operator+(Number auto a, Ex b) { return b.like(a) + b; }
inline Ex operator-(Number auto a, Ex b) { return b.like(a) - b; }
inline Ex operator*(Number auto a, Ex b) { return b.like(a) * b; }
inline Ex operator/(Number auto a, Ex b) { return b.like(a) / b; }
inline Ex operator&(Ex a, Number auto b) { return a & a.like(b); }
inline Ex operator|(Ex a, Number auto b) { return a | a.like(b); }
inline Ex operator<<(Ex a, int b) { return a << a.like(b); }
inline Ex operator>>(Ex a, int b) { return a >> a.like(b); }
inline Ex operator<(Ex a, Number auto b) { return a < a.like(b); }
inline Ex operator>(Ex a, Number auto b) { return a > a.like(b); }
inline Ex operator>=(Ex a, Number auto b) { return a >= a.like(b); }
inline Ex operator==(Ex a, Number auto b) { return a == a.like(b); }
inline Ex operator!=(Ex a, Number auto b) { return a != a.like(b); }
inline Ex select(Ex condition, Ex a, Number auto b) { return select(condition, a, a.like(b)); }
inline Ex select(Ex condition, Number auto a, Ex b) { return select(condition, b.like(a), b); }

inline Ex abs(Ex a) { return call("abs", a); }
inline Ex min(Ex a, Ex b) { return call(a.is_bool() ? "and" : "min", a, b); }
inline Ex max(Ex a, Ex b) { return call(a.is_bool() ? "or" : "max", a, b); }
inline Ex rem(Ex a, Ex b) { return call("rem", a, b); }
inline Ex floor(Ex a) { return call("floor", a); }
inline Ex rint(Ex a) { return call("rint", a); }
inline Ex sqrt(Ex a) { return call("sqrt", a); }
inline Ex exp(Ex a) { return call("exp", a); }
inline Ex expm1(Ex a) { return call("expm1", a); }
inline Ex log(Ex a) { return call("log", a); }
inline Ex log1p(Ex a) { return call("log1p", a); }
inline Ex sin(Ex a) { return call("sin", a); }
inline Ex cos(Ex a) { return call("cos", a); }
inline Ex tan(Ex a) { return call("tan", a); }
inline Ex asin(Ex a) { return call("asin", a); }
inline Ex acos(Ex a) { return call("acos", a); }
inline Ex atan(Ex a) { return call("atan", a); }
inline Ex atan2(Ex a, Ex b) { return call("atan2", a, b); }
inline Ex tanh(Ex a) { return call("tanh", a); }
inline Ex fma(Ex a, Ex b, Ex c) { return is_float(a.type()) ? Ex{a.t, a.t->op("fma", a.r, b.r, c.r)} : a * b + c; }
inline Ex isnan(Ex a) { return a != a; }
inline Ex isinf(Ex a) { return abs(a) == kInf; }
inline Ex isfinite(Ex a) { return abs(a) < kInf; }

// Composed of base instructions; each is defined beside its primitive.
Ex copysign(Ex a, Ex b);  // arithmetic.cpp
Ex signbit(Ex a);         // logic.cpp
Ex hypot(Ex a, Ex b);     // power.cpp
Ex pow(Ex a, Ex b);
Ex exp2(Ex a);  // math.cpp
Ex log2(Ex a);
Ex log10(Ex a);
Ex sinh(Ex a);  // trigonometry.cpp
Ex cosh(Ex a);
Ex asinh(Ex a);
Ex acosh(Ex a);
Ex atanh(Ex a);

// cast.cpp: the stored pattern of a value of this dtype, as an unsigned register, and back. Any real dtype but bool.
Ex to_bits(DType dtype, Ex a);
Ex from_bits(DType dtype, Ex pattern);

struct Cx {
  Ex re, im;
  Cx like(double a, double b = 0) const { return {re.like(a), re.like(b)}; }
  operator Val() const { return {re.r, im.r}; }
};

inline Cx operator+(Cx a, Cx b) { return {a.re + b.re, a.im + b.im}; }
inline Cx operator-(Cx a, Cx b) { return {a.re - b.re, a.im - b.im}; }
inline Cx operator-(Cx a) { return {-a.re, -a.im}; }
inline Cx operator*(Cx a, Cx b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
Cx operator/(Cx a, Cx b);
inline Cx operator/(double a, Cx b) { return b.like(a) / b; }
inline Cx operator*(Cx a, double b) { return {a.re * b, a.im * b}; }
inline Cx operator/(Cx a, double b) { return {a.re / b, a.im / b}; }
inline Ex operator==(Cx a, Cx b) { return (a.re == b.re) & (a.im == b.im); }
inline Ex operator!=(Cx a, Cx b) { return (a.re != b.re) | (a.im != b.im); }
inline Cx select(Ex condition, Cx a, Cx b) { return {select(condition, a.re, b.re), select(condition, a.im, b.im)}; }
inline Cx fma(Cx a, Cx b, Cx c) { return a * b + c; }
inline Cx rint(Cx a) { return {rint(a.re), rint(a.im)}; }
inline Cx conj(Cx a) { return {a.re, -a.im}; }
inline Ex abs(Cx a) { return hypot(a.re, a.im); }
inline Ex isnan(Cx a) { return isnan(a.re) | isnan(a.im); }
inline Ex isinf(Cx a) { return isinf(a.re) | isinf(a.im); }
inline Ex isfinite(Cx a) { return isfinite(a.re) & isfinite(a.im); }
Cx sqrt(Cx);  // complex.cpp
Cx exp(Cx);
Cx exp2(Cx);
Cx expm1(Cx);
Cx log(Cx);
Cx log1p(Cx);
Cx log2(Cx);
Cx log10(Cx);
Cx pow(Cx, Cx);
Cx sin(Cx);
Cx cos(Cx);
Cx tan(Cx);
Cx asin(Cx);
Cx acos(Cx);
Cx atan(Cx);
Cx sinh(Cx);
Cx cosh(Cx);
Cx tanh(Cx);
Cx asinh(Cx);
Cx acosh(Cx);
Cx atanh(Cx);

}  // namespace weft
