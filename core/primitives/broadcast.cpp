// Broadcasting and its adjoint, and the rules elementwise primitives have in common.
#include "primitives/helpers.h"

namespace weft {

using namespace ops;

DType common_dtype(const Inputs& inputs) {
  DType dtype = inputs[0]->dtype;
  for (const NodeRef& x : inputs) dtype = promote(dtype, x->dtype);
  return dtype;
}

DType float_dtype(DType dtype) { return is_inexact(dtype) ? dtype : default_float(); }

void refuse(const char* op, DType dtype, const char* advice) { raise(Error::type, op, ": not defined for ", name(dtype), "; ", advice); }

Dims broadcast_together(const char* op, Inputs& inputs) {
  Dims shape = inputs[0]->shape;
  for (size_t i = 1; i < inputs.size(); ++i)
    if (!(inputs[i]->shape == shape)) shape = broadcast_shapes(op, shape, inputs[i]->shape);
  for (NodeRef& x : inputs) x = broadcast_to(x, shape);
  return shape;
}

NodeRef map_node(const Primitive& prim, Inputs inputs, DType in, DType out, Dims attrs) {
  for (NodeRef& x : inputs) x = cast(x, in);
  Dims shape = broadcast_together(prim.name, inputs);
  return make_node(prim, std::move(shape), out, std::move(inputs), std::move(attrs));
}

static DType checked(const Map& prim, DType dtype) {
  if (is_complex(dtype) && !prim.takes_complex) refuse(prim.name, dtype, "use real(), imag() or abs() of it");
  return dtype;
}

NodeRef map_numeric(const Map& prim, Inputs inputs) {
  const DType dtype = checked(prim, common_dtype(inputs));
  return map_node(prim, std::move(inputs), dtype, dtype);
}

NodeRef map_inexact(const Map& prim, Inputs inputs) {
  const DType dtype = checked(prim, float_dtype(common_dtype(inputs)));
  return map_node(prim, std::move(inputs), dtype, dtype);
}

NodeRef map_test(const Map& prim, Inputs inputs) {
  const DType dtype = checked(prim, common_dtype(inputs));
  return map_node(prim, std::move(inputs), dtype, DType::b1);
}

namespace ops {

static const Primitive kExpand{.name = "expand",
                               .kind = Primitive::view,
                               .vjp = [](const NodeRef& y, const NodeRef& g) { return Grads{sum_to(g, in(y)->shape)}; },
                               .map_index =
                                   [](const Node& node, IndexMap& map) {
                                     const Dims& from = node.inputs[0]->shape;
                                     map.rows.erase(map.rows.begin(), map.rows.end() - from.size());
                                     for (size_t d = 0; d < from.size(); ++d)
                                       if (from[d] == 1) map.rows[d] = map.constant_row(0);
                                     return true;
                                   },
                               .weight = 0};
static const Register kExpandEntry(kExpand);

Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b) {
  Dims shape = a.size() < b.size() ? b : a;
  const Dims& shorter = a.size() < b.size() ? a : b;
  const size_t lead = shape.size() - shorter.size();
  for (size_t d = 0; d < shorter.size(); ++d) {
    int64_t& size = shape[lead + d];
    if (size == 1) size = shorter[d];
    else if (shorter[d] != size && shorter[d] != 1)
      raise(Error::value, op, ": shapes ", a, " and ", b, " do not broadcast; counted from the right, sizes must be equal or 1, but dimension -",
            shorter.size() - d, " has ", a[a.size() - shorter.size() + d], " and ", b[b.size() - shorter.size() + d]);
  }
  return shape;
}

NodeRef broadcast_to(const NodeRef& x, const Dims& shape) {
  if (x->shape == shape) return x;
  const size_t lead = shape.size() - x->shape.size();
  bool fits = x->shape.size() <= shape.size();
  for (size_t d = 0; fits && d < x->shape.size(); ++d) fits = x->shape[d] == 1 || x->shape[d] == shape[lead + d];
  if (!fits)
    raise(Error::value, "broadcast_to: shape ", x->shape, " does not broadcast to ", shape, "; counted from the right, each size must be 1 or the size wanted");
  return make_node(kExpand, shape, x->dtype, {x});
}

NodeRef sum_to(const NodeRef& g, const Dims& shape) {
  if (g->shape == shape) return g;
  const size_t lead = g->shape.size() - shape.size();
  Dims axes;
  for (size_t d = 0; d < g->shape.size(); ++d)
    if (d < lead || (shape[d - lead] == 1 && g->shape[d] != 1)) axes.push_back(int64_t(d));
  return reshape(sum(g, axes), shape);
}

}  // namespace ops
}  // namespace weft
