// Reading at places that an index tensor names. Negative indices count from the end; the lowering adds the extent, checks and clamps.
#include "graph/ops.h"
#include "primitives/primitive.h"

namespace weft {
namespace {

extern const Primitive kGather;

// inputs: x, then the indices (int64, one shape). attrs: axis, count, along, checked.
// along 0: dimensions [axis, axis + count) of x become those of the indices. along 1: one index, of the output's shape, for `axis`.

// Repeated indices add, and adding in half precision would lose them.
Grads gather_vjp(const NodeRef& node, const NodeRef& g) {
  const NodeRef& x = node->inputs[0];
  int64_t axis = node->attrs[0], count = node->attrs[1];
  bool along = node->attrs[2], checked = node->attrs[3];
  DType exact = is_complex(g->dtype) ? g->dtype : promote(g->dtype, DType::f32);
  NodeRef values = ops::cast(g, exact), grad;
  if (along) {
    NodeRef zeros = ops::full(x->shape, Scalar::of(0), exact, x->device);
    grad = ops::scatter_along(zeros, node->inputs[1], values, axis, ops::Scatter::sum, checked);
  } else {
    // scatter works on leading dimensions: the indexed ones go first, and come back.
    std::vector<NodeRef> indices(node->inputs.begin() + 1, node->inputs.end());
    int index_rank = indices[0]->rank(), rank = x->rank();
    Dims first, shape, back;
    for (int d = 0; d < index_rank; ++d) first.push_back(axis + d);
    for (int d = 0; d < g->rank(); ++d)
      if (d < axis || d >= axis + index_rank) first.push_back(d);
    for (int d = 0; d < count; ++d) shape.push_back(x->shape[axis + d]);
    for (int d = 0; d < rank; ++d)
      if (d < axis || d >= axis + count) shape.push_back(x->shape[d]);
    for (int d = 0; d < rank; ++d) back.push_back(d < axis ? d + count : d < axis + count ? d - axis : d);
    NodeRef zeros = ops::full(shape, Scalar::of(0), exact, x->device);
    grad = ops::permute(ops::scatter(zeros, indices, ops::permute(values, first), ops::Scatter::sum, checked), back);
  }
  Grads grads(node->inputs.size());
  grads[0] = ops::cast(grad, x->dtype);
  return grads;
}

const Primitive kGather{.name = "gather", .kind = Primitive::gather, .vjp = gather_vjp, .weight = 4};
const Register kRegistered(kGather);

void check_integer(const char* op, const NodeRef& index) {
  if (!is_int(index->dtype)) raise(Error::index, op, ": an index tensor has type ", name(index->dtype), "; indices must be integers (use a mask, or cast)");
}

}  // namespace

namespace ops {

NodeRef gather(const NodeRef& x, const std::vector<NodeRef>& indices, int64_t axis, bool checked) {
  if (indices.empty()) return x;
  int count = int(indices.size());
  int at = normalize_axis("gather", axis, x->rank());
  if (at + count > x->rank()) raise(Error::index, "gather: ", count, " indices from dimension ", at, " on are too many for shape ", x->shape);
  Dims index_shape;
  for (const NodeRef& index : indices) {
    check_integer("gather", index);
    index_shape = broadcast_shapes("gather", index_shape, index->shape);
  }
  SmallVector<NodeRef, 3> inputs{x};
  Dims shape(x->shape.begin(), x->shape.begin() + at);
  for (int64_t size : index_shape) shape.push_back(size);
  for (int d = at + count; d < x->rank(); ++d) shape.push_back(x->shape[d]);
  for (int i = 0; i < count; ++i) {
    if (x->shape[at + i] == 0 && product(index_shape) != 0)
      raise(Error::index, "gather: dimension ", at + i, " of ", x->shape, " is empty; there is nothing to index");
    inputs.push_back(broadcast_to(cast(indices[i], DType::i64), index_shape));
  }
  if (product(shape) == 0) return full(shape, Scalar::of(0), x->dtype, x->device);
  return make_node(kGather, std::move(shape), x->dtype, std::move(inputs), {at, count, 0, checked});
}

NodeRef take_along(const NodeRef& x, const NodeRef& indices, int64_t axis, bool checked) {
  int at = normalize_axis("take_along", axis, x->rank());
  check_integer("take_along", indices);
  if (indices->rank() != x->rank())
    raise(Error::value, "take_along: indices of shape ", indices->shape, " and a tensor of shape ", x->shape, " must have the same number of dimensions");
  Dims source = x->shape, shape = indices->shape;
  source[at] = shape[at] = 1;
  source = shape = broadcast_shapes("take_along", source, shape);  // all but the axis broadcast
  source[at] = x->shape[at];
  shape[at] = indices->shape[at];
  if (product(shape) == 0) return full(shape, Scalar::of(0), x->dtype, x->device);
  if (source[at] == 0) raise(Error::index, "take_along: dimension ", at, " of ", x->shape, " is empty; there is nothing to index");
  NodeRef index = broadcast_to(cast(indices, DType::i64), shape);
  return make_node(kGather, shape, x->dtype, {broadcast_to(x, source), index}, {at, 1, 1, checked});
}

}  // namespace ops
}  // namespace weft
