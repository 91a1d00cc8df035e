// Reductions. attrs of every node here: the axes, sorted; the output has them removed.
#include <algorithm>

#include "primitives/helpers.h"

namespace weft {
namespace {

extern const Primitive kSum, kProd, kMax, kMin, kAny, kAll, kArgmax, kArgmin;

Dims with_ones(const Dims& shape, const Dims& axes) {
  Dims kept = shape;
  for (int64_t axis : axes) kept[axis] = 1;
  return kept;
}

Dims without(const Dims& shape, const Dims& axes) {
  Dims left = shape;
  for (size_t i = axes.size(); i-- > 0;) left.erase(size_t(axes[i]));
  return left;
}

// A value of the output's shape, repeated over the reduced axes.
NodeRef spread(const NodeRef& node, const NodeRef& value) {
  const Dims& shape = node->inputs[0]->shape;
  return ops::broadcast_to(ops::reshape(value, with_ones(shape, node->attrs)), shape);
}

Grads sum_vjp(const NodeRef& node, const NodeRef& g) { return {spread(node, g)}; }

// The axes moved to the end and merged: (kept..., n).
NodeRef rows(const NodeRef& x, const Dims& axes) {
  Dims order, shape = without(x->shape, axes);
  for (int d = 0; d < x->rank(); ++d)
    if (std::find(axes.begin(), axes.end(), d) == axes.end()) order.push_back(d);
  int64_t n = 1;
  for (int64_t axis : axes) {
    order.push_back(axis);
    n *= x->shape[axis];
  }
  shape.push_back(n);
  return ops::reshape(ops::permute(x, order), shape);
}

// The adjoint of rows().
NodeRef unrows(const NodeRef& y, const Dims& shape, const Dims& axes) {
  Dims moved = without(shape, axes), order(shape.size());
  size_t kept = 0, reduced = moved.size();
  for (size_t d = 0; d < shape.size(); ++d) {
    bool is_axis = std::find(axes.begin(), axes.end(), int64_t(d)) != axes.end();
    order[d] = int64_t(is_axis ? reduced++ : kept++);
  }
  for (int64_t axis : axes) moved.push_back(shape[axis]);
  return ops::permute(ops::reshape(y, moved), order);
}

// The products of all others, from running products on both sides: right where an element is zero, too.
Grads prod_vjp(const NodeRef& node, const NodeRef& g) {
  NodeRef x = rows(node->inputs[0], node->attrs);
  size_t last = x->shape.size() - 1;
  Dims none(x->shape.size()), one = none, minus = none;
  one[last] = 1;
  minus[last] = -1;
  NodeRef left = ops::scan(ops::pad(x, one, minus, none, Scalar::of(1)), int64_t(last), ops::Scan::prod);
  NodeRef right = ops::scan(ops::pad(x, minus, one, none, Scalar::of(1)), int64_t(last), ops::Scan::prod, true);
  NodeRef others = unrows(ops::mul(left, right), node->inputs[0]->shape, node->attrs);
  return {ops::mul(spread(node, g), others)};
}

// Ties share equally. The winners of a NaN are the NaNs.
Grads extreme_vjp(const NodeRef& node, const NodeRef& g) {
  const NodeRef& x = node->inputs[0];
  NodeRef winners = ops::logical_or(ops::equal(x, spread(node, node)), ops::isnan(x));
  DType exact = promote(g->dtype, DType::f32);  // counts do not fit float16
  NodeRef count = ops::sum(ops::cast(winners, exact), node->attrs);
  NodeRef share = ops::cast(ops::div(ops::cast(g, exact), count), g->dtype);
  return {ops::where(winners, spread(node, share), constant(g, 0))};
}

const Primitive kSum{.name = "sum", .kind = Primitive::reduce, .vjp = sum_vjp};
const Primitive kProd{.name = "prod", .kind = Primitive::reduce, .vjp = prod_vjp};
const Primitive kMax{.name = "max", .kind = Primitive::reduce, .vjp = extreme_vjp};
const Primitive kMin{.name = "min", .kind = Primitive::reduce, .vjp = extreme_vjp};
const Primitive kAny{.name = "any", .kind = Primitive::reduce};
const Primitive kAll{.name = "all", .kind = Primitive::reduce};
const Primitive kArgmax{.name = "argmax", .kind = Primitive::reduce};
const Primitive kArgmin{.name = "argmin", .kind = Primitive::reduce};
const Register kRegistered[] = {Register(kSum), Register(kProd), Register(kMax),    Register(kMin),
                                Register(kAny), Register(kAll),  Register(kArgmax), Register(kArgmin)};

// identity: what an empty reduction gives, or null where it has no value.
NodeRef reduce(const Primitive& prim, const NodeRef& x, const Dims& given, bool keepdims, DType dtype, const Scalar* identity) {
  Dims axes = normalize_axes(prim.name, given, x->rank());
  Dims shape = without(x->shape, axes), real, ones;
  int64_t n = 1;
  for (int64_t axis : axes) {
    n *= x->shape[axis];
    (x->shape[axis] == 1 ? ones : real).push_back(axis);
  }
  NodeRef y;
  if (n == 0 && !identity && product(shape) != 0)
    raise(Error::value, prim.name, ": axes ", axes, " of shape ", x->shape, " hold no elements, and nothing has no ", prim.name);
  if (product(shape) == 0 || n == 0) {
    y = ops::full(shape, identity ? *identity : Scalar::of(0), dtype, x->device);
  } else if (real.empty()) {  // one element each: its position is 0, its value itself
    y = &prim == &kArgmax || &prim == &kArgmin ? ops::full(shape, Scalar::of(0), dtype, x->device) : ops::cast(ops::reshape(x, shape), dtype);
  } else {
    NodeRef squeezed = ops::squeeze(x, ones);
    for (int64_t& axis : real) axis -= std::count_if(ones.begin(), ones.end(), [&](int64_t one) { return one < axis; });
    y = make_node(prim, without(squeezed->shape, real), dtype, {squeezed}, real);
  }
  return keepdims ? ops::reshape(y, with_ones(x->shape, axes)) : y;
}

// Sums and products of bool and small integers are taken in 64 bits, as NumPy does.
NodeRef widened(const NodeRef& x) {
  if (x->dtype == DType::b1 || is_signed_int(x->dtype)) return ops::cast(x, DType::i64);
  return is_unsigned(x->dtype) ? ops::cast(x, DType::u64) : x;
}

void refuse_complex(const char* op, const NodeRef& x) {
  if (is_complex(x->dtype)) raise(Error::type, op, ": complex numbers have no order; take real(), imag() or abs() first");
}

// Real and imaginary parts of a product mix, so no reduction of pairs exists: a tree of halves.
NodeRef complex_prod(const NodeRef& x, const Dims& given, bool keepdims) {
  Dims axes = normalize_axes("prod", given, x->rank());
  NodeRef y = rows(x, axes);
  size_t rank = y->shape.size(), last = rank - 1;
  Dims none(rank), step(rank, 1);
  if (y->shape[last] == 0) y = ops::full(with_ones(y->shape, {int64_t(last)}), Scalar::of(1), x->dtype, x->device);
  while (y->shape[last] > 1) {
    int64_t n = y->shape[last], half = (n + 1) / 2;
    Dims size = y->shape, start(rank), hi(rank);
    size[last] = half;
    NodeRef first = ops::slice(y, start, size, step);
    start[last] = half;
    size[last] = n - half;
    hi[last] = 2 * half - n;
    y = ops::mul(first, ops::pad(ops::slice(y, start, size, step), none, hi, none, Scalar::of(1)));
  }
  return ops::reshape(y, keepdims ? with_ones(x->shape, axes) : without(x->shape, axes));
}

NodeRef extreme(const Primitive& prim, const Primitive& of_bool, const NodeRef& x, const Dims& axes, bool keepdims) {
  refuse_complex(prim.name, x);
  // any and all have a value for nothing; max and min of bool have not, so the empty case stays here.
  bool empty = x->numel() == 0;
  return reduce(x->dtype == DType::b1 && !empty ? of_bool : prim, x, axes, keepdims, x->dtype, nullptr);
}

NodeRef position(const Primitive& prim, const NodeRef& x, const Dims& axes, bool keepdims) {
  refuse_complex(prim.name, x);
  return reduce(prim, x->dtype == DType::b1 ? ops::cast(x, DType::i32) : x, axes, keepdims, DType::i64, nullptr);
}

}  // namespace

namespace ops {

Dims all_axes(const NodeRef& x) {
  Dims axes;
  for (int d = 0; d < x->rank(); ++d) axes.push_back(d);
  return axes;
}

NodeRef sum(const NodeRef& x, const Dims& axes, bool keepdims) {
  const Scalar zero = Scalar::of(0);
  NodeRef wide = widened(x);
  return reduce(kSum, wide, axes, keepdims, wide->dtype, &zero);
}

NodeRef prod(const NodeRef& x, const Dims& axes, bool keepdims) {
  if (is_complex(x->dtype)) return complex_prod(x, axes, keepdims);
  const Scalar one = Scalar::of(1);
  NodeRef wide = widened(x);
  return reduce(kProd, wide, axes, keepdims, wide->dtype, &one);
}

NodeRef max(const NodeRef& x, const Dims& axes, bool keepdims) { return extreme(kMax, kAny, x, axes, keepdims); }
NodeRef min(const NodeRef& x, const Dims& axes, bool keepdims) { return extreme(kMin, kAll, x, axes, keepdims); }

NodeRef any(const NodeRef& x, const Dims& axes, bool keepdims) {
  const Scalar none = Scalar::of(false);
  return reduce(kAny, cast(x, DType::b1), axes, keepdims, DType::b1, &none);
}

NodeRef all(const NodeRef& x, const Dims& axes, bool keepdims) {
  const Scalar yes = Scalar::of(true);
  return reduce(kAll, cast(x, DType::b1), axes, keepdims, DType::b1, &yes);
}

// In float32 at least: the sum of a float16 tensor may not fit although its mean does.
NodeRef mean(const NodeRef& x, const Dims& axes, bool keepdims) {
  DType dtype = is_inexact(x->dtype) ? x->dtype : default_float();
  DType exact = is_complex(dtype) ? dtype : promote(dtype, DType::f32);
  int64_t n = 1;
  for (int64_t axis : normalize_axes("mean", axes, x->rank())) n *= x->shape[axis];
  NodeRef total = sum(cast(x, exact), axes, keepdims);
  return cast(div(total, constant(total, double(n))), dtype);
}

NodeRef argmax(const NodeRef& x, const Dims& axes, bool keepdims) { return position(kArgmax, x, axes, keepdims); }
NodeRef argmin(const NodeRef& x, const Dims& axes, bool keepdims) { return position(kArgmin, x, axes, keepdims); }

}  // namespace ops
}  // namespace weft
