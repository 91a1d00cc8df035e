// Order. argsort is stable, along the last axis, NaN last in both directions. attrs: descending.
#include "graph/ops.h"
#include "primitives/primitive.h"

namespace weft {
namespace {

extern const Primitive kArgsort;

NodeRef integer(int64_t value, const NodeRef& like) { return ops::scalar(Scalar::of(value), DType::i64, like->device); }

NativeLowering argsort_lower(const Node& node) {
  Dims outer = node.shape;
  int64_t n = outer.back();
  outer.pop_back();
  IndexMap map = IndexMap::identity(node.rank());
  return {"sort", outer, {n}, {map}, map, {{"descending", node.attrs[0]}}};
}

// Places move through a bitonic network: each step compares place i with place i ^ distance. Padded to a power of two by places
// beyond the row, which sort last. All steps are one program: distance and block are scalars.
struct Bitonic {
  Bitonic(const NodeRef& keys, bool descending) : keys(keys), descending(descending), n(keys->shape[1]) {}

  NodeRef key(const NodeRef& place) const { return ops::take_along(keys, ops::minimum(place, integer(n - 1, place)), 1, true); }

  // 0: a number, 1: NaN, 2: beyond the row.
  NodeRef rank(const NodeRef& place, const NodeRef& k) const {
    NodeRef beyond = ops::greater_equal(place, integer(n, place));
    NodeRef inside = is_float(keys->dtype) ? ops::cast(ops::isnan(k), DType::i64) : integer(0, place);
    return ops::where(beyond, integer(2, place), inside);
  }

  // Whether place a comes before place b: a total order, as places differ.
  NodeRef before(const NodeRef& a, const NodeRef& b) const {
    NodeRef ka = key(a), kb = key(b), ra = rank(a, ka), rb = rank(b, kb);
    NodeRef smaller = descending ? ops::greater(ka, kb) : ops::less(ka, kb);
    NodeRef larger = descending ? ops::less(ka, kb) : ops::greater(ka, kb);
    NodeRef number = ops::equal(ops::add(ra, rb), integer(0, a));
    NodeRef first = ops::less(a, b);
    NodeRef by_key = ops::logical_or(smaller, ops::logical_and(first, ops::logical_not(larger)));
    return ops::where(ops::equal(ra, rb), ops::where(number, by_key, first), ops::less(ra, rb));
  }

  NodeRef step(const NodeRef& places, int64_t block, int64_t distance) const {
    NodeRef i = ops::iota(places->shape[1], keys->device), zero = integer(0, i);
    NodeRef step = integer(distance, i);
    NodeRef partner = ops::gather(places, {ops::bitwise_xor(i, step)}, 1, true);
    NodeRef lower = ops::equal(ops::bitwise_and(i, step), zero);
    NodeRef upward = ops::equal(ops::bitwise_and(i, integer(block, i)), zero);
    // The lower place of an upward pair keeps what comes first, and so does the higher place of a downward pair.
    NodeRef wants_first = ops::logical_not(ops::logical_xor(lower, upward));
    NodeRef stays = ops::logical_not(ops::logical_xor(wants_first, before(places, partner)));
    return ops::where(stays, places, partner);
  }

  const NodeRef& keys;
  bool descending;
  int64_t n;
};

NodeRef argsort_expand(const NodeRef& node) {
  int64_t n = node->shape.back(), rows = node->numel() / n, width = 1;
  while (width < n) width *= 2;
  NodeRef keys = ops::reshape(node->inputs[0], {rows, n});
  Bitonic network(keys, node->attrs[0] != 0);
  NodeRef places = ops::broadcast_to(ops::iota(width, keys->device), {rows, width});
  for (int64_t block = 2; block <= width; block *= 2)
    for (int64_t distance = block / 2; distance >= 1; distance /= 2) places = network.step(places, block, distance);
  return ops::reshape(ops::slice(places, {0, 0}, {rows, n}, {1, 1}), node->shape);
}

const Primitive kArgsort{.name = "argsort", .kind = Primitive::native, .lower = argsort_lower, .expand = argsort_expand, .weight = 64};
const Register kRegistered(kArgsort);

Dims swapped_to_last(const NodeRef& x, int axis) {
  Dims axes = ops::all_axes(x);
  std::swap(axes[axis], axes.back());
  return axes;
}

}  // namespace

namespace ops {

NodeRef argsort(const NodeRef& x, int64_t axis, bool descending) {
  if (is_complex(x->dtype)) raise(Error::type, "argsort: complex numbers have no order; sort by real(), imag() or abs()");
  int at = normalize_axis("argsort", axis, x->rank());
  if (x->numel() == 0 || x->shape[at] == 1) return full(x->shape, Scalar::of(0), DType::i64, x->device);
  Dims axes = swapped_to_last(x, at);  // its own inverse
  NodeRef keys = permute(x->dtype == DType::b1 ? cast(x, DType::u8) : x, axes);
  return permute(make_node(kArgsort, keys->shape, DType::i64, {keys}, {descending}), axes);
}

NodeRef sort(const NodeRef& x, int64_t axis, bool descending) { return take_along(x, argsort(x, axis, descending), axis, true); }

// Binary search from the top bit: `found` counts elements known to lie before the value.
NodeRef searchsorted(const NodeRef& sorted, const NodeRef& values, bool right) {
  if (sorted->rank() != 1) raise(Error::value, "searchsorted: the sorted tensor has shape ", sorted->shape, "; it must be 1-D");
  DType dtype = promote(sorted->dtype, values->dtype);
  if (is_complex(dtype)) raise(Error::type, "searchsorted: complex numbers have no order");
  if (dtype == DType::b1) dtype = DType::u8;
  NodeRef keys = cast(sorted, dtype), v = cast(values, dtype);
  int64_t n = keys->shape[0], top = 1;
  NodeRef found = full(v->shape, Scalar::of(0), DType::i64, v->device);
  if (n == 0 || v->numel() == 0) return found;
  while (top * 2 <= n) top *= 2;
  for (; top >= 1; top /= 2) {
    NodeRef next = add(found, integer(top, v));
    NodeRef key = gather(keys, {sub(minimum(next, integer(n, v)), integer(1, v))}, 0, true);
    NodeRef before = right ? logical_not(less(v, key)) : less(key, v);
    if (is_float(dtype)) {  // NaN is larger than every number, and equal to itself
      NodeRef key_nan = isnan(key), value_nan = isnan(v);
      before = right ? logical_or(value_nan, logical_and(before, logical_not(key_nan))) : logical_or(before, logical_and(value_nan, logical_not(key_nan)));
    }
    found = where(logical_and(less_equal(next, integer(n, v)), before), next, found);
  }
  return found;
}

}  // namespace ops
}  // namespace weft
