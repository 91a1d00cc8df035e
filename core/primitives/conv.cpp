// Convolution and both its gradients: three contractions over x (n, g, ci, spatial...), w (g, co, ci, kernel...) and
// y (n, g, co, out...), tied by spatial = out * stride + kernel * dilation - lo. Each is linear in both inputs, and the gradients of
// each are the other two. attrs of all: stride.., dilation.., lo.. (hi only decides sizes, and those are in the shapes).
#include "primitives/helpers.h"

namespace weft {
namespace {

extern const Primitive kConv, kInputGrad, kWeightGrad;

Dims tail(const Dims& shape) { return Dims(shape.begin() + 3, shape.end()); }

Dims shape_of(int64_t a, int64_t b, int64_t c, const Dims& rest) {
  Dims shape{a, b, c};
  for (int64_t size : rest) shape.push_back(size);
  return shape;
}

NodeRef contraction(const Primitive& prim, Dims shape, const NodeRef& a, const NodeRef& b, const Dims& attrs) {
  if (product(shape) == 0 || a->numel() == 0 || b->numel() == 0) return ops::full(shape, Scalar::of(0), a->dtype, a->device);
  return make_node(prim, std::move(shape), a->dtype, {a, b}, attrs);
}

// The makers take all sizes: an adjoint has the shape of the input it belongs to, whatever rounding led there.
NodeRef forward(const NodeRef& w, const NodeRef& x, const Dims& out, const Dims& attrs) {
  return contraction(kConv, shape_of(x->shape[0], x->shape[1], w->shape[1], out), w, x, attrs);
}
NodeRef input_grad(const NodeRef& w, const NodeRef& gy, const Dims& spatial, const Dims& attrs) {
  return contraction(kInputGrad, shape_of(gy->shape[0], gy->shape[1], w->shape[2], spatial), w, gy, attrs);
}
NodeRef weight_grad(const NodeRef& gy, const NodeRef& x, const Dims& kernel, const Dims& attrs) {
  return contraction(kWeightGrad, shape_of(gy->shape[1], gy->shape[2], x->shape[2], kernel), gy, x, attrs);
}

Grads conv_vjp(const NodeRef& node, const NodeRef& g) {
  const NodeRef &w = node->inputs[0], &x = node->inputs[1];
  Grads grads(2);
  if (wants(node, 0)) grads[0] = weight_grad(g, x, tail(w->shape), node->attrs);
  if (wants(node, 1)) grads[1] = input_grad(w, g, tail(x->shape), node->attrs);
  return grads;
}

Grads input_grad_vjp(const NodeRef& node, const NodeRef& h) {
  const NodeRef &w = node->inputs[0], &gy = node->inputs[1];
  Grads grads(2);
  if (wants(node, 0)) grads[0] = weight_grad(gy, h, tail(w->shape), node->attrs);
  if (wants(node, 1)) grads[1] = forward(w, h, tail(gy->shape), node->attrs);
  return grads;
}

Grads weight_grad_vjp(const NodeRef& node, const NodeRef& h) {
  const NodeRef &gy = node->inputs[0], &x = node->inputs[1];
  Grads grads(2);
  if (wants(node, 0)) grads[0] = forward(h, x, tail(gy->shape), node->attrs);
  if (wants(node, 1)) grads[1] = input_grad(h, gy, tail(x->shape), node->attrs);
  return grads;
}

// ---- lowering

struct Sizes {
  Sizes(const Node& node, const Dims& spatial, const Dims& out, const Dims& kernel)
      : count(int(spatial.size())), attrs(node.attrs), spatial(spatial), out(out), kernel(kernel) {}
  int64_t stride(int i) const { return attrs[i]; }
  int64_t dilation(int i) const { return attrs[count + i]; }
  int64_t lo(int i) const { return attrs[2 * count + i]; }
  int count;
  const Dims& attrs;
  Dims spatial, out, kernel;
};

IndexMap loop_map(int rank, std::initializer_list<int> leading) {
  IndexMap map;
  map.rank = rank;
  for (int d : leading) map.rows.push_back(map.loop_row(d));
  return map;
}

// The spatial coordinates of x, where `out` runs from loop dimension o and `kernel` from loop dimension k.
void push_spatial(IndexMap& map, const Sizes& s, int o, int k) {
  for (int i = 0; i < s.count; ++i) {
    Row row = map.constant_row(-s.lo(i));
    row.coef[o + i] += s.stride(i);
    row.coef[k + i] += s.dilation(i);
    int64_t last = (s.out[i] - 1) * s.stride(i) + (s.kernel[i] - 1) * s.dilation(i) - s.lo(i);
    if (s.lo(i) > 0 || last >= s.spatial[i]) map.bounds.push_back({row.coef, row.base, s.spatial[i], 1});
    map.rows.push_back(row);
  }
}

// The coordinates of y that touch a place of x: a quotient that must be whole.
void push_out(IndexMap& map, const Sizes& s, int h, int k) {
  for (int i = 0; i < s.count; ++i) {
    Row row = map.constant_row(s.lo(i));
    row.coef[h + i] += 1;
    row.coef[k + i] -= s.dilation(i);
    bool inside = s.stride(i) == 1 && s.lo(i) >= (s.kernel[i] - 1) * s.dilation(i) && s.spatial[i] - 1 + s.lo(i) < s.out[i];
    if (!inside) map.bounds.push_back({row.coef, row.base, s.out[i], s.stride(i)});
    if (s.stride(i) > 1) {
      map.terms.push_back({int(map.bounds.size()) - 1, -1, s.out[i]});
      row = map.constant_row(0);
      row.term = int(map.terms.size()) - 1;
      row.scale = 1;
    }
    map.rows.push_back(row);
  }
}

void push_loops(IndexMap& map, int first, int count) {
  for (int i = 0; i < count; ++i) map.rows.push_back(map.loop_row(first + i));
}

// Outer (g, co, n, out...), inner (ci, kernel...).
NativeLowering conv_lower(const Node& node) {
  const Dims &w = node.inputs[0]->shape, &x = node.inputs[1]->shape;
  Sizes s(node, tail(x), tail(node.shape), tail(w));
  int c = s.count, inner = 3 + c, rank = inner + 1 + c;
  NativeLowering low{"conv", shape_of(w[0], w[1], x[0], s.out), {w[2]}, {}, loop_map(rank, {2, 0, 1}), {}};
  for (int64_t size : s.kernel) low.inner.push_back(size);
  IndexMap a = loop_map(rank, {0, 1, inner}), b = loop_map(rank, {2, 0, inner});
  push_loops(a, inner + 1, c);
  push_spatial(b, s, 3, inner + 1);
  push_loops(low.output, 3, c);
  low.inputs = {a, b};
  low.attrs = {{"batch", 1}, {"m", 1}, {"n", 1 + c}};
  return low;
}

// Outer (g, ci, n, spatial...), inner (co, kernel...).
NativeLowering input_grad_lower(const Node& node) {
  const Dims &w = node.inputs[0]->shape, &gy = node.inputs[1]->shape;
  Sizes s(node, tail(node.shape), tail(gy), tail(w));
  int c = s.count, inner = 3 + c, rank = inner + 1 + c;
  NativeLowering low{"conv", shape_of(w[0], w[2], gy[0], s.spatial), {w[1]}, {}, loop_map(rank, {2, 0, 1}), {}};
  for (int64_t size : s.kernel) low.inner.push_back(size);
  IndexMap a = loop_map(rank, {0, inner, 1}), b = loop_map(rank, {2, 0, inner});
  push_loops(a, inner + 1, c);
  push_out(b, s, 3, inner + 1);
  push_loops(low.output, 3, c);
  low.inputs = {a, b};
  low.attrs = {{"batch", 1}, {"m", 1}, {"n", 1 + c}};
  return low;
}

// Outer (g, co, ci, kernel...), inner (n, out...).
NativeLowering weight_grad_lower(const Node& node) {
  const Dims &gy = node.inputs[0]->shape, &x = node.inputs[1]->shape;
  Sizes s(node, tail(x), tail(gy), tail(node.shape));
  int c = s.count, inner = 3 + c, rank = inner + 1 + c;
  NativeLowering low{"conv", node.shape, {gy[0]}, {}, loop_map(rank, {0, 1, 2}), {}};
  for (int64_t size : s.out) low.inner.push_back(size);
  IndexMap a = loop_map(rank, {inner, 0, 1}), b = loop_map(rank, {inner, 0, 2});
  push_loops(a, inner + 1, c);
  push_spatial(b, s, inner + 1, 3);
  push_loops(low.output, 3, c);
  low.inputs = {a, b};
  low.attrs = {{"batch", 1}, {"m", 1}, {"n", 1 + c}};
  return low;
}

const Primitive kConv{.name = "conv", .kind = Primitive::contract, .vjp = conv_vjp, .lower = conv_lower, .weight = 64};
const Primitive kInputGrad{.name = "conv_input_grad", .kind = Primitive::contract, .vjp = input_grad_vjp, .lower = input_grad_lower, .weight = 64};
const Primitive kWeightGrad{.name = "conv_weight_grad", .kind = Primitive::contract, .vjp = weight_grad_vjp, .lower = weight_grad_lower, .weight = 64};
const Register kRegistered[] = {Register(kConv), Register(kInputGrad), Register(kWeightGrad)};

// ---- rules

// Ranks, channels and settings; gives the attributes. axis_a and axis_b are where the two tensors share channels.
Dims check(const char* op, const NodeRef& a, const NodeRef& b, size_t group_a, size_t group_b, int axis_a, int axis_b, const ops::ConvShape& s) {
  size_t count = s.stride.size();
  if (a->rank() < 4 || a->rank() > 6 || a->rank() != b->rank())
    raise(Error::value, op, ": shapes ", a->shape, " and ", b->shape,
          " must have the same rank, 4 to 6: (n, group, channels, 1 to 3 spatial dimensions) and (group, out, in, kernel)");
  if (count != size_t(a->rank() - 3) || s.dilation.size() != count || s.lo.size() != count || s.hi.size() != count)
    raise(Error::value, op, ": stride ", s.stride, ", dilation ", s.dilation, ", padding ", s.lo, " and ", s.hi, " need one entry for each of the ",
          a->rank() - 3, " spatial dimensions");
  if (a->shape[group_a] != b->shape[group_b])
    raise(Error::value, op, ": shapes ", a->shape, " and ", b->shape, " have ", a->shape[group_a], " and ", b->shape[group_b], " groups; these must agree");
  if (a->shape[axis_a] != b->shape[axis_b])
    raise(Error::value, op, ": shapes ", a->shape, " and ", b->shape, " disagree: dimension ", axis_a, " of the first has size ", a->shape[axis_a],
          ", dimension ", axis_b, " of the second ", b->shape[axis_b]);
  Dims attrs = s.stride;
  for (size_t i = 0; i < count; ++i)
    if (s.stride[i] < 1 || s.dilation[i] < 1) raise(Error::value, op, ": stride ", s.stride, " and dilation ", s.dilation, " must be at least 1");
  for (int64_t v : s.dilation) attrs.push_back(v);
  for (int64_t v : s.lo) attrs.push_back(v);
  return attrs;
}

// Casts both to one type, and takes complex numbers apart: all three are bilinear.
template <class Make>
NodeRef bilinear(const char* op, const NodeRef& a, const NodeRef& b, Make make) {
  DType dtype = promote(a->dtype, b->dtype);
  if (dtype == DType::b1) raise(Error::type, op, ": bool has no sum of products; cast to an integer or float type first");
  NodeRef x = ops::cast(a, dtype), y = ops::cast(b, dtype);
  if (!is_complex(dtype)) return make(x, y);
  NodeRef xr = ops::real(x), xi = ops::imag(x), yr = ops::real(y), yi = ops::imag(y);
  return ops::make_complex(ops::sub(make(xr, yr), make(xi, yi)), ops::add(make(xr, yi), make(xi, yr)));
}

}  // namespace

namespace ops {

NodeRef conv(const NodeRef& x, const NodeRef& w, const ConvShape& s) {
  Dims attrs = check("conv", x, w, 1, 0, 2, 2, s), out;
  for (size_t i = 0; i < s.stride.size(); ++i) {
    int64_t room = x->shape[3 + i] + s.lo[i] + s.hi[i], reach = (w->shape[3 + i] - 1) * s.dilation[i] + 1;
    if (reach > room || reach < 1)
      raise(Error::value, "conv: kernel ", tail(w->shape), " with dilation ", s.dilation, " covers ", reach, " places of dimension ", 3 + i, ", but input ",
            x->shape, " with its padding has ", room, "; pad more or use a smaller kernel");
    out.push_back((room - reach) / s.stride[i] + 1);
  }
  return bilinear("conv", w, x, [&](const NodeRef& a, const NodeRef& b) { return forward(a, b, out, attrs); });
}

NodeRef conv_input_grad(const NodeRef& gy, const NodeRef& w, const ConvShape& s, const Dims& spatial) {
  Dims attrs = check("conv_input_grad", gy, w, 1, 0, 2, 1, s);
  if (spatial.size() != s.stride.size())
    raise(Error::value, "conv_input_grad: sizes ", spatial, " need one entry for each of the ", s.stride.size(), " spatial dimensions");
  return bilinear("conv_input_grad", w, gy, [&](const NodeRef& a, const NodeRef& b) { return input_grad(a, b, spatial, attrs); });
}

NodeRef conv_weight_grad(const NodeRef& gy, const NodeRef& x, const ConvShape& s, const Dims& kernel) {
  Dims attrs = check("conv_weight_grad", gy, x, 1, 1, 0, 0, s);
  if (kernel.size() != s.stride.size())
    raise(Error::value, "conv_weight_grad: kernel ", kernel, " needs one entry for each of the ", s.stride.size(), " spatial dimensions");
  return bilinear("conv_weight_grad", gy, x, [&](const NodeRef& a, const NodeRef& b) { return weight_grad(a, b, kernel, attrs); });
}

}  // namespace ops
}  // namespace weft
