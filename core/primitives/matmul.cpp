// Matrix products. The node is canonical: a (batch..., m, k), b (batch..., k, n) of one dtype and one batch shape.
#include "primitives/helpers.h"

namespace weft {
namespace {

extern const Primitive kMatmul;

NodeRef transposed(const NodeRef& x) {
  Dims axes = ops::all_axes(x);
  std::swap(axes[axes.size() - 1], axes[axes.size() - 2]);
  return ops::permute(x, axes);
}

Grads matmul_vjp(const NodeRef& node, const NodeRef& g) {
  const NodeRef &a = node->inputs[0], &b = node->inputs[1];
  Grads grads(2);
  if (wants(node, 0)) grads[0] = ops::matmul(g, transposed(b));
  if (wants(node, 1)) grads[1] = ops::matmul(transposed(a), g);
  return grads;
}

NativeLowering matmul_lower(const Node& node) {
  int batch = node.rank() - 2, m = batch, n = batch + 1, k = batch + 2;
  NativeLowering low{"gemm", node.shape, {node.inputs[0]->shape.back()}, {}, IndexMap::identity(k + 1), {}};
  low.output.rows.resize(size_t(k));
  IndexMap a = low.output, b = low.output;
  a.rows[m] = a.loop_row(m);
  a.rows[m + 1] = a.loop_row(k);
  b.rows[m] = b.loop_row(k);
  b.rows[m + 1] = b.loop_row(n);
  low.inputs = {a, b};
  low.attrs = {{"batch", batch}, {"m", 1}, {"n", 1}};
  return low;
}

const Primitive kMatmul{.name = "matmul", .kind = Primitive::contract, .vjp = matmul_vjp, .lower = matmul_lower, .weight = 64};
const Register kRegistered(kMatmul);

Dims batch_of(const Dims& shape) { return Dims(shape.begin(), shape.end() - 2); }

Dims joined(Dims batch, int64_t rows, int64_t columns) {
  batch.push_back(rows);
  batch.push_back(columns);
  return batch;
}

// a (..., m, k) times b (..., k, n), one dtype.
NodeRef product_of(const NodeRef& a, const NodeRef& b) {
  int64_t m = a->shape[a->shape.size() - 2], k = a->shape.back(), n = b->shape.back();
  Dims batch = ops::broadcast_shapes("matmul", batch_of(a->shape), batch_of(b->shape));
  Dims shape = joined(batch, m, n);
  if (k == 0 || product(shape) == 0) return ops::full(shape, Scalar::of(0), a->dtype, a->device);
  // One matrix for every batch (a linear layer): the batches are more rows of one big product.
  if (b->rank() == 2 && a->rank() > 2) return ops::reshape(product_of(ops::reshape(a, {a->numel() / k, k}), b), shape);
  NodeRef left = ops::broadcast_to(a, joined(batch, m, k)), right = ops::broadcast_to(b, joined(batch, k, n));
  return make_node(kMatmul, std::move(shape), a->dtype, {left, right});
}

}  // namespace

namespace ops {

NodeRef matmul(const NodeRef& a, const NodeRef& b) {
  if (a->rank() == 0 || b->rank() == 0) raise(Error::value, "matmul: shapes ", a->shape, " and ", b->shape, ": a scalar is no matrix; use multiply");
  DType dtype = promote(a->dtype, b->dtype);
  if (dtype == DType::b1) raise(Error::type, "matmul: bool has no sum of products; cast to an integer or float type first");
  int64_t k = a->shape.back(), rows = b->shape[b->rank() == 1 ? 0 : b->shape.size() - 2];
  if (k != rows)
    raise(Error::value, "matmul: shapes ", a->shape, " and ", b->shape, ": the last dimension of the first (", k, ") must equal ",
          b->rank() == 1 ? "the length" : "the last but one dimension", " of the second (", rows, ")");
  if (is_complex(dtype)) {
    NodeRef ar = real(cast(a, dtype)), ai = imag(cast(a, dtype)), br = real(cast(b, dtype)), bi = imag(cast(b, dtype));
    return make_complex(sub(matmul(ar, br), matmul(ai, bi)), add(matmul(ar, bi), matmul(ai, br)));
  }
  // A 1-D operand is a matrix of one row or one column, and the result has no such dimension.
  NodeRef left = cast(a->rank() == 1 ? expand_dims(a, 0) : a, dtype);
  NodeRef right = cast(b->rank() == 1 ? expand_dims(b, 1) : b, dtype);
  NodeRef y = product_of(left, right);
  Dims shape = y->shape;
  if (b->rank() == 1) shape.pop_back();
  if (a->rank() == 1) shape.erase(shape.size() - (b->rank() == 1 ? 1 : 2));
  return reshape(y, shape);
}

}  // namespace ops
}  // namespace weft
