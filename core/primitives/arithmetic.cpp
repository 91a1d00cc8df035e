// The four operations, division with remainder, and what acts on signs.
#include "primitives/helpers.h"

namespace weft {

Ex copysign(Ex a, Ex b) {
  const bool wide = a.type() == DType::f64;
  const DType word = wide ? DType::u64 : DType::u32;
  const Ex sign{a.t, a.t->imm_bits(word, wide ? 1ull << 63 : 1ull << 31)};
  return bits(a.type(), (bits(word, a) & ~sign) | (bits(word, b) & sign));
}

namespace ops {

// NumPy computes quotients and powers of bools in int8.
static NodeRef map_number(const Map& prim, Inputs inputs) {
  if (common_dtype(inputs) == DType::b1)
    for (NodeRef& x : inputs) x = cast(x, DType::i8);
  return map_numeric(prim, std::move(inputs));
}

// ---- add, sub, mul, div, fma

static const Map kAdd("add", 1, [](const NodeRef&, const NodeRef& g) { return Grads{g, g}; }, [](auto a, auto b) { return a + b; });
NodeRef add(const NodeRef& a, const NodeRef& b) { return map_numeric(kAdd, {a, b}); }

static const Map kSub("sub", 1, [](const NodeRef& y, const NodeRef& g) { return Grads{g, wants(y, 1) ? -g : nullptr}; }, [](auto a, auto b) { return a - b; });
NodeRef sub(const NodeRef& a, const NodeRef& b) {
  if (promote(a->dtype, b->dtype) == DType::b1) refuse("sub", DType::b1, "use logical_xor (^), or cast to an integer first");
  return map_numeric(kSub, {a, b});
}

static const Map kMul(
    "mul", 1, [](const NodeRef& y, const NodeRef& g) { return Grads{wants(y, 0) ? g * conj(in(y, 1)) : nullptr, wants(y, 1) ? g * conj(in(y, 0)) : nullptr}; },
    [](auto a, auto b) { return a * b; });
NodeRef mul(const NodeRef& a, const NodeRef& b) { return map_numeric(kMul, {a, b}); }

static const Map kDiv(
    "div", 4,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef da = g / conj(in(y, 1));
      return Grads{da, wants(y, 1) ? -da * conj(y) : nullptr};
    },
    [](auto a, auto b) { return a / b; });
NodeRef div(const NodeRef& a, const NodeRef& b) { return map_inexact(kDiv, {a, b}); }

static const Map kFma(
    "fma", 1,
    [](const NodeRef& y, const NodeRef& g) { return Grads{wants(y, 0) ? g * conj(in(y, 1)) : nullptr, wants(y, 1) ? g * conj(in(y, 0)) : nullptr, g}; },
    [](auto a, auto b, auto c) { return fma(a, b, c); });
NodeRef fma(const NodeRef& a, const NodeRef& b, const NodeRef& c) { return map_numeric(kFma, {a, b, c}); }

// ---- floor_div, remainder, fmod

// Whether a floored quotient is one below the truncated one, whose remainder is r.
static Ex steps_down(Ex r, Ex b) { return (r != 0) & ((r < 0) ^ (b < 0)); }

static Ex python_remainder(Ex a, Ex b) {
  const Ex r = rem(a, b);
  if (is_unsigned(a.type())) return r;
  const Ex floored = select(steps_down(r, b), r + b, r);
  return is_float(a.type()) ? select(r == 0, copysign(r, b), floored) : floored;
}

static Ex python_quotient(Ex a, Ex b) {
  if (is_unsigned(a.type())) return a / b;
  const Ex r = rem(a, b), down = steps_down(r, b);
  if (!is_float(a.type())) return select(down, a / b - 1, a / b);
  // As NumPy: from the exact multiple, whose quotient rounding can leave beside its integer; signed zeros; x / 0.
  const Ex exact = (a - r) / b, q = select(down, exact - 1, exact), low = floor(q);
  const Ex whole = select(q - low > 0.5, low + 1, low);
  return select(b == 0, a / b, select(q == 0, copysign(q, a / b), whole));
}

static const Map kFloorDiv("floor_div", 8, flat, [](Ex a, Ex b) { return python_quotient(a, b); });
NodeRef floor_div(const NodeRef& a, const NodeRef& b) { return map_number(kFloorDiv, {a, b}); }

static const Map kRemainder(
    "remainder", 8, [](const NodeRef& y, const NodeRef& g) { return Grads{g, wants(y, 1) ? -g * floor_div(in(y, 0), in(y, 1)) : nullptr}; },
    [](Ex a, Ex b) { return python_remainder(a, b); });
NodeRef remainder(const NodeRef& a, const NodeRef& b) { return map_number(kRemainder, {a, b}); }

static const Map kFmod(
    "fmod", 6, [](const NodeRef& y, const NodeRef& g) { return Grads{g, wants(y, 1) ? -g * trunc(in(y, 0) / in(y, 1)) : nullptr}; },
    [](Ex a, Ex b) { return rem(a, b); });
NodeRef fmod(const NodeRef& a, const NodeRef& b) { return map_number(kFmod, {a, b}); }

// ---- neg, abs, sign, copysign, nextafter

static const Map kNeg("neg", 1, [](const NodeRef&, const NodeRef& g) { return Grads{-g}; }, [](auto a) { return -a; });
NodeRef neg(const NodeRef& x) {
  if (x->dtype == DType::b1) refuse("neg", DType::b1, "use logical_not (~), or cast to an integer first");
  return map_numeric(kNeg, {x});
}

static const Map kAbs("abs", 1, [](const NodeRef& y, const NodeRef& g) { return Grads{g * sign(in(y))}; }, [](auto a) { return abs(a); });
NodeRef abs(const NodeRef& x) {
  if (x->dtype == DType::b1 || is_unsigned(x->dtype)) return x;
  return map_node(kAbs, {x}, x->dtype, real_of(x->dtype));
}

static Ex sign(Ex a) {
  if (is_unsigned(a.type())) return min(a, a.like(1));
  const Ex unit = select(a > 0, 1, select(a < 0, -1, a));
  return select(a == 0, 0, unit);  // NaN stays, -0 becomes 0
}

static Cx sign(Cx a) {
  const Ex length = abs(a), zero = length == 0, divisor = select(zero, 1, length);
  return {a.re / divisor, a.im / divisor};
}

static const Map kSign(
    "sign", 2,
    [](const NodeRef& y, const NodeRef& g) {  // of a complex number, the part of g across it turns the sign
      if (!is_complex(y->dtype)) return Grads{nullptr};
      const NodeRef length = abs(in(y)), zero = equal(length, constant(length, 0));
      const NodeRef across = (g - real(g * conj(y)) * y) / where(zero, constant(length, 1), length);
      return Grads{where(zero, constant(g, 0), across)};
    },
    [](auto a) { return sign(a); });
NodeRef sign(const NodeRef& x) {
  if (x->dtype == DType::b1) refuse("sign", DType::b1, "cast to an integer first");
  return map_numeric(kSign, {x});
}

static const Map kCopysign(
    "copysign", 3,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef kept = equal(signbit(in(y, 0)), signbit(in(y, 1)));
      return Grads{wants(y, 0) ? where(kept, g, -g) : nullptr, nullptr};
    },
    [](Ex a, Ex b) { return copysign(a, b); });
NodeRef copysign(const NodeRef& a, const NodeRef& b) { return map_inexact(kCopysign, {a, b}); }

// Neighbours differ by one in their bits, read as sign and magnitude.
static const Map kNextafter(
    "nextafter", 10, [](const NodeRef&, const NodeRef& g) { return Grads{g, nullptr}; },
    [](Tape& t, const Node& node, const Val* x) -> Val {
      const Ex a{&t, x[0].re}, b{&t, x[1].re};
      const Ex pattern = to_bits(node.dtype, a);
      const Ex outward = (a > 0) == (b > a);
      const Ex step = from_bits(node.dtype, select(outward, pattern + 1, pattern - 1));
      const Ex smallest = copysign(from_bits(node.dtype, pattern.like(1)), b);
      return select(isnan(a) | isnan(b), a + b, select(a == b, b, select(a == 0, smallest, step)));
    });
NodeRef nextafter(const NodeRef& a, const NodeRef& b) {
  const DType dtype = float_dtype(promote(a->dtype, b->dtype));
  if (is_complex(dtype)) refuse("nextafter", dtype, "use real() and imag()");
  return map_node(kNextafter, {a, b}, dtype, dtype);
}

}  // namespace ops
}  // namespace weft
