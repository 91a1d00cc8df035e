// Exponentials and logarithms, and the functions of statistics and of neural networks made of them.
#include "primitives/helpers.h"

namespace weft {

// The layout of a float, as integers of its width.
struct FloatLayout {
  DType word;  // signed
  int mantissa, bias;
  double tiny;         // the least normal number
  uint64_t root_half;  // bits of sqrt(1/2)
};
static FloatLayout layout(DType reg) {
  if (reg == DType::f64) return {DType::i64, 52, 1023, 0x1p-1022, 0x3fe6a09e667f3bcd};
  return {DType::i32, 23, 127, 0x1p-126, 0x3f3504f3};
}

// 2^n for an integral n of a normal result: its exponent, written down.
static Ex power_of_two(Ex n) {
  const FloatLayout f = layout(n.type());
  return bits(n.type(), (to(f.word, n) + f.bias) << f.mantissa);
}

// The integer part is exact; in two halves, so that subnormal results are rounded once.
Ex exp2(Ex a) {
  const double limit = a.type() == DType::f64 ? 1100 : 200;  // beyond it, all is inf or 0
  const Ex x = min(max(a, a.like(-limit)), a.like(limit));
  const Ex n = rint(x), half = floor(n * 0.5);
  return exp((x - n) * kLn2) * power_of_two(half) * power_of_two(n - half);
}

// a = mantissa * 2^exponent with a mantissa in [sqrt(1/2), sqrt(2)], for finite a > 0: logarithms of it never cancel the exponent.
struct Split {
  Ex exponent, mantissa;
};
static Split split(Ex a) {
  const FloatLayout f = layout(a.type());
  const auto word = [&](uint64_t pattern) { return Ex{a.t, a.t->imm_bits(f.word, pattern)}; };
  const uint64_t one = uint64_t(f.bias) << f.mantissa;
  const int lift = f.mantissa + 2;
  const Ex subnormal = a < f.tiny, normal = select(subnormal, a * double(1ull << lift), a);
  const Ex shifted = bits(f.word, normal) + word(one - f.root_half);
  const Ex mantissa = (shifted & word((1ull << f.mantissa) - 1)) + word(f.root_half);
  const Ex exponent = to(a.type(), (shifted >> f.mantissa) - f.bias);
  return {select(subnormal, exponent - lift, exponent), bits(a.type(), mantissa)};
}

static Ex or_special(Ex a, Ex logarithm) {  // of 0, inf, a negative or NaN
  return select((a > 0) & (a < kInf), logarithm, log(a));
}

Ex log2(Ex a) {
  const Split s = split(a);
  const double log2e = 1.44269504088896340736;
  return or_special(a, s.exponent + log(s.mantissa) * log2e);
}

// log10(2) in two parts, of which the first times an exponent is exact: log10(1000) is 3.
Ex log10(Ex a) {
  const Split s = split(a);
  const bool wide = a.type() == DType::f64;
  const double high = wide ? 0x1.34413509f6p-2 : 0x1.3441p-2, low = wide ? 0x1.9fef311f12b36p-42 : 0x1.a84fb6p-21;
  const double log10e = 0.43429448190325182765;
  return or_special(a, s.exponent * high + (log(s.mantissa) * log10e + s.exponent * low));
}

namespace ops {

static const Map kExp("exp", 10, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(y)}; }, [](auto a) { return exp(a); });
NodeRef exp(const NodeRef& x) { return map_inexact(kExp, {x}); }

static const Map kExp2("exp2", 14, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(kLn2 * y)}; }, [](auto a) { return exp2(a); });
NodeRef exp2(const NodeRef& x) { return map_inexact(kExp2, {x}); }

static const Map kExpm1("expm1", 10, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(y + 1.0)}; }, [](auto a) { return expm1(a); });
NodeRef expm1(const NodeRef& x) { return map_inexact(kExpm1, {x}); }

static const Map kLog("log", 10, [](const NodeRef& y, const NodeRef& g) { return Grads{g / conj(in(y))}; }, [](auto a) { return log(a); });
NodeRef log(const NodeRef& x) { return map_inexact(kLog, {x}); }

static const Map kLog1p("log1p", 10, [](const NodeRef& y, const NodeRef& g) { return Grads{g / conj(in(y) + 1.0)}; }, [](auto a) { return log1p(a); });
NodeRef log1p(const NodeRef& x) { return map_inexact(kLog1p, {x}); }

static const Map kLog2("log2", 16, [](const NodeRef& y, const NodeRef& g) { return Grads{g / conj(kLn2 * in(y))}; }, [](auto a) { return log2(a); });
NodeRef log2(const NodeRef& x) { return map_inexact(kLog2, {x}); }

static const Map kLog10(
    "log10", 12,
    [](const NodeRef& y, const NodeRef& g) {
      const double ln10 = 2.30258509299404568402;
      return Grads{g / conj(ln10 * in(y))};
    },
    [](auto a) { return log10(a); });
NodeRef log10(const NodeRef& x) { return map_inexact(kLog10, {x}); }

// The larger, and what the smaller adds to it; equal operands may be infinite.
static const Map kLogaddexp(
    "logaddexp", 22,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef &a = in(y, 0), &b = in(y, 1);
      const NodeRef d = where(equal(a, b), constant(a, 0), a - b);
      return Grads{wants(y, 0) ? g * sigmoid(d) : nullptr, wants(y, 1) ? g * sigmoid(-d) : nullptr};
    },
    [](Ex a, Ex b) { return select(a == b, a + kLn2, max(a, b) + log1p(exp(-abs(a - b)))); });
NodeRef logaddexp(const NodeRef& a, const NodeRef& b) { return map_inexact(kLogaddexp, {a, b}); }

static const Map kErf(
    "erf", 10,
    [](const NodeRef& y, const NodeRef& g) {
      const double two_over_root_pi = 1.12837916709551257390;
      return Grads{two_over_root_pi * g * exp(-square(in(y)))};
    },
    [](Ex a) { return call("erf", a); });
NodeRef erf(const NodeRef& x) { return map_inexact(kErf, {x}); }

// exp of a negative number alone: it cannot overflow.
static const Map kSigmoid(
    "sigmoid", 14, [](const NodeRef& y, const NodeRef& g) { return Grads{g * y * (1.0 - y)}; },
    [](Ex a) {
      const Ex e = exp(-abs(a)), positive = 1 / (1 + e);
      return select(a < 0, e * positive, positive);
    });
NodeRef sigmoid(const NodeRef& x) { return map_inexact(kSigmoid, {x}); }

static const Map kRelu(
    "relu", 1, [](const NodeRef& y, const NodeRef& g) { return Grads{where(greater(y, constant(y, 0)), g, constant(g, 0))}; },
    [](Ex a) { return max(a, a.like(0)); });
NodeRef relu(const NodeRef& x) { return map_numeric(kRelu, {x}); }

}  // namespace ops
}  // namespace weft
