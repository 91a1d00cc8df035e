// Powers and roots.
#include "primitives/helpers.h"

namespace weft {

// x^n for n > 0 by squaring: the fewest roundings, and no logarithm.
template <class T>
static T repeated(T x, uint64_t n) {
  while (n % 2 == 0) x = x * x, n /= 2;
  T product = x;
  while (n /= 2) {
    x = x * x;
    if (n % 2) product = product * x;
  }
  return product;
}

// Integers wrap. Beyond 127 only 0, 1 and -1 have a power that fits, and even numbers give 0: the parity of the exponent is enough.
static Ex integer_pow(Ex a, Ex b) {
  const Ex odd = (b & 1) != 0, exponent = select(b > 127, (b & 1) + 126, b);
  Ex product = a.like(1), square = a;
  for (int bit = 0; bit < 7; ++bit) {
    if (bit) square = square * square;
    product = select((exponent & (1 << bit)) != 0, product * square, product);
  }
  if (is_unsigned(a.type())) return product;
  const Ex inverse = select(a == 1, 1, select(a == -1, select(odd, a, 1), a.like(0)));
  return select(b < 0, inverse, product);
}

Ex pow(Ex a, Ex b) { return is_float(a.type()) ? call("pow", a, b) : integer_pow(a, b); }

// Scaled by the larger side, so that squares neither overflow nor vanish.
Ex hypot(Ex a, Ex b) {
  const Ex x = abs(a), y = abs(b), high = max(x, y), ratio = min(x, y) / high;
  const Ex length = select(high == 0, high, high * sqrt(1 + ratio * ratio));
  return select((x == kInf) | (y == kInf), kInf, length);
}

namespace ops {

// ---- pow

static const Map kPow(
    "pow", 25,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef &a = in(y, 0), &b = in(y, 1);
      Grads grads(2);
      if (wants(y, 0)) {  // b == 0 must not meet an infinite a^-1
        const NodeRef less_one = where(equal(b, constant(b, 0)), constant(b, 1), b - 1.0);
        grads[0] = g * conj(b * pow(a, less_one));
      }
      if (wants(y, 1)) {  // nor a == 0 its logarithm
        const NodeRef positive = where(equal(a, constant(a, 0)), constant(a, 1), a);
        grads[1] = g * conj(y * log(positive));
      }
      return grads;
    },
    [](auto a, auto b) { return pow(a, b); });

NodeRef pow(const NodeRef& a, const NodeRef& b) {
  if (promote(a->dtype, b->dtype) == DType::b1) return pow(cast(a, DType::i8), cast(b, DType::i8));
  return map_numeric(kPow, {a, b});
}

// attrs: the exponent.
static const Map kPowInt(
    "pow_int", 4,
    [](const NodeRef& y, const NodeRef& g) {
      const int64_t n = y->attrs[0];
      return Grads{g * conj(double(n) * pow_int(in(y), n - 1))};
    },
    [](Tape& t, const Node& node, const Val* x) -> Val {
      const int64_t n = node.attrs[0];
      const uint64_t size = n < 0 ? -uint64_t(n) : uint64_t(n);
      const Ex a{&t, x[0].re};
      if (is_complex(node.dtype)) {
        const Cx z{a, {&t, x[0].im}};
        if (size > 16) return pow(z, z.like(double(n)));
        return n < 0 ? 1.0 / repeated(z, size) : repeated(z, size);
      }
      if (!is_float(node.dtype)) return repeated(a, size);
      if (size > 16) return pow(a, a.like(double(n)));
      return n < 0 ? 1.0 / repeated(a, size) : repeated(a, size);
    });

NodeRef pow_int(const NodeRef& x, int64_t exponent) {
  if (x->dtype == DType::b1) return pow_int(cast(x, weak_result(x->dtype, Scalar::integer)), exponent);
  if (exponent < 0 && is_int(x->dtype))
    raise(Error::value, "pow: an integer to the negative power ", exponent, " is not an integer; cast ", name(x->dtype), " to a float first");
  if (exponent == 0) return full_like(x, Scalar::of(1));
  if (exponent == 1) return x;
  if (exponent == 2) return square(x);
  if (exponent == -1) return reciprocal(x);
  return map_node(kPowInt, {x}, x->dtype, x->dtype, {exponent});
}

static const Map kSquare("square", 1, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(2.0 * in(y))}; }, [](auto a) { return a * a; });
NodeRef square(const NodeRef& x) { return map_numeric(kSquare, {x}); }

static const Map kReciprocal("reciprocal", 4, [](const NodeRef& y, const NodeRef& g) { return Grads{-g * conj(square(y))}; }, [](auto a) { return 1.0 / a; });
NodeRef reciprocal(const NodeRef& x) { return map_inexact(kReciprocal, {x}); }

// ---- roots

static const Map kSqrt("sqrt", 4, [](const NodeRef& y, const NodeRef& g) { return Grads{g / conj(2.0 * y)}; }, [](auto a) { return sqrt(a); });
NodeRef sqrt(const NodeRef& x) { return map_inexact(kSqrt, {x}); }

static const Map kRsqrt(
    "rsqrt", 8, [](const NodeRef& y, const NodeRef& g) { return Grads{-0.5 * g * conj(y * square(y))}; }, [](auto a) { return 1.0 / sqrt(a); });
NodeRef rsqrt(const NodeRef& x) { return map_inexact(kRsqrt, {x}); }

static const Map kHypot(
    "hypot", 12,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef scaled = g / where(equal(y, constant(y, 0)), constant(y, 1), y);
      return Grads{wants(y, 0) ? scaled * in(y, 0) : nullptr, wants(y, 1) ? scaled * in(y, 1) : nullptr};
    },
    [](Ex a, Ex b) { return hypot(a, b); });
NodeRef hypot(const NodeRef& a, const NodeRef& b) { return map_inexact(kHypot, {a, b}); }

}  // namespace ops
}  // namespace weft
