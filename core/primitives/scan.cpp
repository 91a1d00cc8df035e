// Inclusive scans along the last axis. attrs: op (sum, prod, max, min). Backwards is a flip before and after.
#include "graph/ops.h"
#include "primitives/primitive.h"

namespace weft {
namespace {

using ops::Scan;
extern const Primitive kScan;

NodeRef combine(Scan op, const NodeRef& a, const NodeRef& b) {
  switch (op) {
    case Scan::sum: return ops::add(a, b);
    case Scan::prod: return ops::mul(a, b);
    case Scan::max: return ops::maximum(a, b);
    case Scan::min: return ops::minimum(a, b);
  }
  return b;
}

// Along the last axis, element i + by in the place of element i (by may be negative); fill beyond the ends.
NodeRef shifted(const NodeRef& x, int64_t by, Scalar fill) {
  Dims none(x->shape.size()), lo = none, hi = none;
  lo.back() = -by;
  hi.back() = by;
  return ops::pad(x, lo, hi, none, fill);
}

// Doubling: after the step by s each element covers the 2 s elements up to it.
NodeRef doubling(NodeRef x, Scan op) {
  int64_t n = x->shape.back();
  bool extreme = op == Scan::max || op == Scan::min;
  NodeRef place = ops::iota(n, x->device);
  for (int64_t by = 1; by < n; by *= 2) {
    NodeRef joined = combine(op, shifted(x, -by, Scalar::of(op == Scan::prod ? 1 : 0)), x);
    // Integers have no neutral element for max and min that every type knows, so the first elements are left alone.
    x = extreme ? ops::where(ops::less(place, ops::scalar(Scalar::of(by), DType::i64, x->device)), x, joined) : joined;
  }
  return x;
}

// ---- gradients

NodeRef prod_grad(const NodeRef& x, const NodeRef& g) {
  // dx[j] = (product before j) * s[j], where s[j] = g[j] + x[j + 1] * s[j + 1]: nothing is divided, so zeros do no harm.
  int64_t n = x->shape.back();
  NodeRef factor = shifted(x, 1, Scalar::of(0)), s = g;
  for (int64_t by = 1; by < n; by *= 2) {
    s = ops::add(s, ops::mul(factor, shifted(s, by, Scalar::of(0))));
    if (by * 2 < n) factor = ops::mul(factor, shifted(factor, by, Scalar::of(0)));
  }
  NodeRef before = ops::scan(shifted(x, -1, Scalar::of(1)), -1, Scan::prod);
  return ops::mul(before, s);
}

// The gradient goes to the element that set the value: the latest that equals the running extreme.
NodeRef extreme_grad(const NodeRef& x, const NodeRef& y, const NodeRef& g) {
  NodeRef sets = ops::logical_or(ops::equal(x, y), ops::isnan(x));
  NodeRef zero = ops::scalar(Scalar::of(0), DType::i64, x->device);
  NodeRef setter = ops::scan(ops::where(sets, ops::iota(x->shape.back(), x->device), zero), -1, Scan::max);
  DType exact = promote(g->dtype, DType::f32);
  NodeRef none = ops::full(x->shape, Scalar::of(0), exact, x->device);
  return ops::cast(ops::scatter_along(none, setter, ops::cast(g, exact), -1, ops::Scatter::sum, true), g->dtype);
}

Grads scan_vjp(const NodeRef& node, const NodeRef& g) {
  const NodeRef& x = node->inputs[0];
  switch (Scan(node->attrs[0])) {
    case Scan::sum: return {ops::scan(g, -1, Scan::sum, true)};
    case Scan::prod: return {prod_grad(x, g)};
    default: return {extreme_grad(x, node, g)};
  }
}

// ---- lowering

NativeLowering scan_lower(const Node& node) {
  Dims outer = node.shape;
  int64_t n = outer.back();
  outer.pop_back();
  IndexMap map = IndexMap::identity(node.rank());
  return {"scan", outer, {n}, {map}, map, {{"op", node.attrs[0]}}};
}

// In float32 at least, as the native kind accumulates.
NodeRef scan_expand(const NodeRef& node) {
  const NodeRef& x = node->inputs[0];
  DType exact = is_narrow(x->dtype) && is_float(x->dtype) ? DType::f32 : x->dtype;
  return ops::cast(doubling(ops::cast(x, exact), Scan(node->attrs[0])), node->dtype);
}

const Primitive kScan{.name = "scan", .kind = Primitive::native, .vjp = scan_vjp, .lower = scan_lower, .expand = scan_expand, .weight = 64};
const Register kRegistered(kScan);

// Types a kernel cannot scan directly; x is along its last axis.
NodeRef scan_any(const NodeRef& x, Scan op) {
  if (is_complex(x->dtype)) {
    if (op == Scan::prod) return doubling(x, op);
    if (op != Scan::sum) raise(Error::type, "scan: complex numbers have no order; take real(), imag() or abs() first");
    return ops::make_complex(scan_any(ops::real(x), op), scan_any(ops::imag(x), op));
  }
  if (x->dtype == DType::b1) return ops::cast(scan_any(ops::cast(x, DType::u8), op), DType::b1);  // max, min
  return make_node(kScan, x->shape, x->dtype, {x}, {int64_t(op)});
}

}  // namespace

namespace ops {

NodeRef scan(const NodeRef& x, int64_t axis, Scan op, bool reverse) {
  int at = normalize_axis("scan", axis, x->rank());
  NodeRef y = x;
  if (op == Scan::sum || op == Scan::prod) {  // 64 bits, as sum and prod
    if (x->dtype == DType::b1 || is_signed_int(x->dtype)) y = cast(x, DType::i64);
    if (is_unsigned(x->dtype)) y = cast(x, DType::u64);
  }
  if (x->numel() == 0 || x->shape[at] == 1) return y;
  Dims axes = all_axes(x);
  std::swap(axes[at], axes.back());  // its own inverse
  if (reverse) y = flip(y, {at});
  y = permute(scan_any(permute(y, axes), op), axes);
  return reverse ? flip(y, {at}) : y;
}

}  // namespace ops
}  // namespace weft
