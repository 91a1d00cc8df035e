// One of several values, by a condition or by order.
#include "primitives/helpers.h"

namespace weft::ops {

static const Map kWhere(
    "where", 1,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef &condition = in(y, 0), zero = constant(g, 0);
      return Grads{nullptr, wants(y, 1) ? where(condition, g, zero) : nullptr, wants(y, 2) ? where(condition, zero, g) : nullptr};
    },
    [](Tape& t, const Node& node, const Val* x) -> Val {
      const Ex condition{&t, x[0].re};
      const Cx a{{&t, x[1].re}, {&t, x[1].im}}, b{{&t, x[2].re}, {&t, x[2].im}};
      if (is_complex(node.dtype)) return select(condition, a, b);
      return select(condition, a.re, b.re);
    });

NodeRef where(const NodeRef& condition, const NodeRef& a, const NodeRef& b) {
  const DType dtype = promote(a->dtype, b->dtype);
  Inputs inputs{cast(condition, DType::b1), cast(a, dtype), cast(b, dtype)};
  Dims shape = broadcast_together(kWhere.name, inputs);
  return make_node(kWhere, std::move(shape), dtype, std::move(inputs));
}

// Equal operands share the gradient of an extreme.
static Grads share(const NodeRef& y, const NodeRef& g, NodeRef (*wins)(const NodeRef&, const NodeRef&)) {
  const NodeRef &a = in(y, 0), &b = in(y, 1), tie = equal(a, b), half = 0.5 * g, zero = constant(g, 0);
  return {wants(y, 0) ? where(tie, half, where(wins(a, b), g, zero)) : nullptr, wants(y, 1) ? where(tie, half, where(wins(b, a), g, zero)) : nullptr};
}

static const Map kMinimum("minimum", 1, [](const NodeRef& y, const NodeRef& g) { return share(y, g, less); }, [](Ex a, Ex b) { return min(a, b); });
NodeRef minimum(const NodeRef& a, const NodeRef& b) { return map_numeric(kMinimum, {a, b}); }

static const Map kMaximum("maximum", 1, [](const NodeRef& y, const NodeRef& g) { return share(y, g, greater); }, [](Ex a, Ex b) { return max(a, b); });
NodeRef maximum(const NodeRef& a, const NodeRef& b) { return map_numeric(kMaximum, {a, b}); }

// x between bounds of which hi is the stronger; a value on a bound keeps its gradient, one beyond gives it to the bound.
static const Map kClip(
    "clip", 2,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef &x = in(y, 0), &lo = in(y, 1), &hi = in(y, 2), zero = constant(g, 0);
      const NodeRef ordered = less_equal(lo, hi), low = less(x, lo), high = greater(x, hi);
      const NodeRef to_lo = logical_and(ordered, low), to_hi = logical_or(logical_not(ordered), high);
      return Grads{wants(y, 0) ? where(logical_or(low, high), zero, g) : nullptr, wants(y, 1) ? where(to_lo, g, zero) : nullptr,
                   wants(y, 2) ? where(to_hi, g, zero) : nullptr};
    },
    [](Ex x, Ex lo, Ex hi) { return min(max(x, lo), hi); });

// The same with one bound. attrs: 1 where it is the upper one.
static const Map kClipOne(
    "clip_one", 1,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef &x = in(y, 0), &bound = in(y, 1), zero = constant(g, 0);
      const NodeRef beyond = y->attrs[0] ? greater(x, bound) : less(x, bound);
      return Grads{wants(y, 0) ? where(beyond, zero, g) : nullptr, wants(y, 1) ? where(beyond, g, zero) : nullptr};
    },
    [](Tape& t, const Node& node, const Val* x) -> Val {
      const Ex a{&t, x[0].re}, bound{&t, x[1].re};
      return node.attrs[0] ? min(a, bound) : max(a, bound);
    });

NodeRef clip(const NodeRef& x, const NodeRef& lo, const NodeRef& hi) {
  if (!lo && !hi) return x;
  Inputs inputs{x};
  if (lo) inputs.push_back(lo);
  if (hi) inputs.push_back(hi);
  const DType dtype = common_dtype(inputs);
  if (is_complex(dtype)) refuse("clip", dtype, "complex numbers have no order; clip real() and imag()");
  if (lo && hi) return map_numeric(kClip, std::move(inputs));
  return map_node(kClipOne, std::move(inputs), dtype, dtype, {hi ? 1 : 0});
}

}  // namespace weft::ops
