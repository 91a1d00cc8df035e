// Sliding windows and their adjoint. Two views, each the other's vjp; pooling, unfold and fold are made of them.
#include "primitives/helpers.h"

namespace weft {
namespace {

extern const Primitive kWindow, kUnwindow;

// attrs of both: axis, stride, dilation, lo. Sizes are in the shapes.
struct Slide {
  explicit Slide(const Node& node) : axis(int(node.attrs[0])), stride(node.attrs[1]), dilation(node.attrs[2]), lo(node.attrs[3]) {}
  int axis;
  int64_t stride, dilation, lo;
};

// (n, kernel) -> (out, kernel): y[o, k] = x[o * stride + k * dilation - lo, k], fill outside.
NodeRef window_node(const NodeRef& x, int64_t out, const Dims& attrs, Scalar fill) {
  Dims shape = x->shape;
  shape[attrs[0]] = out;
  return make_node(kWindow, std::move(shape), x->dtype, {x}, attrs, rounded_to(fill, x->dtype));
}

// (out, kernel) -> (n, kernel): y[h, k] = x[(h + lo - k * dilation) / stride, k] where that is whole and inside, else 0.
NodeRef unwindow_node(const NodeRef& x, int64_t n, const Dims& attrs) {
  Dims shape = x->shape;
  shape[attrs[0]] = n;
  return make_node(kUnwindow, std::move(shape), x->dtype, {x}, attrs, Scalar::of(0));
}

Grads window_vjp(const NodeRef& node, const NodeRef& g) { return {unwindow_node(g, node->inputs[0]->shape[node->attrs[0]], node->attrs)}; }

Grads unwindow_vjp(const NodeRef& node, const NodeRef& g) { return {window_node(g, node->inputs[0]->shape[node->attrs[0]], node->attrs, Scalar::of(0))}; }

bool window_index(const Node& node, IndexMap& map) {
  Slide s(node);
  int64_t n = node.inputs[0]->shape[s.axis], out = node.shape[s.axis], kernel = node.shape[s.axis + 1];
  Row row;
  if (!add_rows(IndexMap::scaled(map.rows[s.axis], s.stride, -s.lo), IndexMap::scaled(map.rows[s.axis + 1], s.dilation), row)) return false;
  if (s.lo > 0 || (out - 1) * s.stride + (kernel - 1) * s.dilation - s.lo >= n) {
    if (row.term >= 0) return false;  // a bound is affine
    map.bounds.push_back({row.coef, row.base, n, 1});
  }
  map.rows[s.axis] = row;
  return true;
}

bool unwindow_index(const Node& node, IndexMap& map) {
  Slide s(node);
  int64_t out = node.inputs[0]->shape[s.axis], n = node.shape[s.axis], kernel = node.shape[s.axis + 1];
  Row row;
  if (!add_rows(IndexMap::scaled(map.rows[s.axis], 1, s.lo), IndexMap::scaled(map.rows[s.axis + 1], -s.dilation), row)) return false;
  if (s.stride > 1 || s.lo < (kernel - 1) * s.dilation || n - 1 + s.lo >= out) {
    if (row.term >= 0) return false;
    map.bounds.push_back({row.coef, row.base, out, s.stride});
    if (s.stride > 1) {
      map.terms.push_back({int(map.bounds.size()) - 1, -1, out});
      row = map.constant_row(0);
      row.term = int(map.terms.size()) - 1;
      row.scale = 1;
    }
  }
  map.rows[s.axis] = row;
  return true;
}

const Primitive kWindow{.name = "window", .kind = Primitive::view, .vjp = window_vjp, .map_index = window_index};
const Primitive kUnwindow{.name = "unwindow", .kind = Primitive::view, .vjp = unwindow_vjp, .map_index = unwindow_index};
const Register kRegistered[] = {Register(kWindow), Register(kUnwindow)};

void check_slide(const char* op, int64_t stride, int64_t dilation) {
  if (stride < 1 || dilation < 1) raise(Error::value, op, ": stride ", stride, " and dilation ", dilation, " must be at least 1");
}

}  // namespace

namespace ops {

NodeRef window(const NodeRef& x, int64_t axis, int64_t out, int64_t kernel, int64_t stride, int64_t dilation, int64_t lo, Scalar fill) {
  int at = normalize_axis("window", axis, x->rank());
  check_slide("window", stride, dilation);
  if (out < 0 || kernel < 1)
    raise(Error::value, "window: ", out, " windows of size ", kernel, " over dimension ", at, " of ", x->shape,
          "; the kernel must be at least 1 and fit into the padded dimension");
  Dims shape = x->shape;
  shape.insert(size_t(at) + 1, kernel);
  Dims result = shape;
  result[at] = out;
  if (x->numel() == 0 || out == 0) return full(result, fill, x->dtype, x->device);
  return window_node(broadcast_to(expand_dims(x, at + 1), shape), out, {at, stride, dilation, lo}, fill);
}

NodeRef fold(const NodeRef& g, int64_t axis, int64_t n, int64_t stride, int64_t dilation, int64_t lo) {
  if (g->rank() < 2) raise(Error::value, "fold: shape ", g->shape, " has no (out, kernel) pair of dimensions");
  int at = normalize_axis("fold", axis, g->rank() - 1);
  check_slide("fold", stride, dilation);
  if (n < 0) raise(Error::value, "fold: length ", n, " is negative");
  Dims shape = g->shape;
  shape[at] = n;
  shape.erase(size_t(at) + 1);
  if (g->numel() == 0 || n == 0) return full(shape, Scalar::of(0), g->dtype, g->device);
  NodeRef spread = unwindow_node(g, n, {at, stride, dilation, lo});
  // sum would widen small integers: folding keeps the type, as it is the adjoint of a view.
  return cast(sum(spread, {at + 1}), g->dtype);
}

}  // namespace ops
}  // namespace weft
