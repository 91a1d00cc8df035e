// Matrix products and convolutions. einsum, tensordot and the rest of the family stand on matmul, in python/weft/_products.py.
#include "bindings/bind.h"

namespace weft {

namespace {

using h = nb::handle;

ops::ConvShape conv_shape(h stride, h dilation, h lo, h hi) { return {as_dims(stride), as_dims(dilation), as_dims(lo), as_dims(hi)}; }

NodeRef matmul(h a, h b) {
  Operands pair = operands(a, b);
  return ops::matmul(pair.a, pair.b);
}

NodeRef dot(h a, h b) {  // NumPy: a scalar multiplies; the last axis meets the last but one
  Operands pair = operands(a, b);
  const NodeRef &x = pair.a, &y = pair.b;
  if (!x->rank() || !y->rank()) return ops::mul(x, y);
  if (y->rank() <= 2) return ops::matmul(x, y);
  Dims shape(x->shape.begin(), x->shape.end() - 1), order{y->rank() - 2};
  int64_t k = x->shape.back();
  if (k != y->shape[y->rank() - 2]) raise(Error::value, "dot: shapes ", x->shape, " and ", y->shape, " do not agree");
  for (int d = 0; d < y->rank(); ++d)
    if (d != y->rank() - 2) order.push_back(d), shape.push_back(y->shape[d]);
  NodeRef left = ops::reshape(x, {k ? x->numel() / k : 0, k}), right = ops::permute(y, order);
  return ops::reshape(ops::matmul(left, ops::reshape(right, {k, k ? y->numel() / k : 0})), shape);
}

}  // namespace

void bind_products(nb::module_& m, TensorClass& t) {
  for (const char* name : {"matmul", "mm", "bmm"}) {
    m.def(
        name, [](h a, h b) { return wrap(matmul(a, b)); }, nb::arg("x1"), nb::arg("x2"), "The matrix product by NumPy's rules; leading dimensions broadcast.",
        nb::sig((std::string("def ") + name + "(x1: " WEFT_LIKE ", x2: " WEFT_LIKE ", /) -> Tensor").c_str()));
    t.def(
        name, [](h a, h b) { return wrap(matmul(a, b)); }, nb::arg("other"), "The matrix product by NumPy's rules; leading dimensions broadcast.",
        nb::sig((std::string("def ") + name + "(self, other: " WEFT_LIKE ", /) -> Tensor").c_str()));
  }
  m.def(
      "dot", [](h a, h b) { return wrap(dot(a, b)); }, nb::arg("x1"), nb::arg("x2"), "NumPy's dot: matmul() where that is defined for the shapes.",
      nb::sig("def dot(x1: " WEFT_LIKE ", x2: " WEFT_LIKE ", /) -> Tensor"));
  t.def("dot", [](h a, h b) { return wrap(dot(a, b)); }, nb::arg("other"), "NumPy's dot.", nb::sig("def dot(self, other: " WEFT_LIKE ", /) -> Tensor"));

  m.def(
      "conv", [](h x, h w, h stride, h dilation, h lo, h hi) { return wrap(ops::conv(as_node(x), as_node(w), conv_shape(stride, dilation, lo, hi))); },
      nb::arg("x"), nb::arg("w"), nb::arg("stride"), nb::arg("dilation"), nb::arg("lo"), nb::arg("hi"),
      "x (n, g, ci, spatial...), w (g, co, ci, kernel...) -> (n, g, co, out...), with 1 to 3 spatial dimensions and one number of each kind for each.",
      nb::sig("def conv(x: Tensor, w: Tensor, stride: typing.Sequence[int], dilation: typing.Sequence[int], lo: typing.Sequence[int], hi: "
              "typing.Sequence[int]) -> Tensor"));
  m.def(
      "conv_input_grad",
      [](h g, h w, h stride, h dilation, h lo, h hi, h spatial) {
        return wrap(ops::conv_input_grad(as_node(g), as_node(w), conv_shape(stride, dilation, lo, hi), as_dims(spatial)));
      },
      nb::arg("g"), nb::arg("w"), nb::arg("stride"), nb::arg("dilation"), nb::arg("lo"), nb::arg("hi"), nb::arg("spatial"),
      "The gradient of conv for x, which is also the transposed convolution.",
      nb::sig("def conv_input_grad(g: Tensor, w: Tensor, stride: typing.Sequence[int], dilation: typing.Sequence[int], lo: typing.Sequence[int], hi: "
              "typing.Sequence[int], spatial: typing.Sequence[int]) -> Tensor"));
  m.def(
      "conv_weight_grad",
      [](h g, h x, h stride, h dilation, h lo, h hi, h kernel) {
        return wrap(ops::conv_weight_grad(as_node(g), as_node(x), conv_shape(stride, dilation, lo, hi), as_dims(kernel)));
      },
      nb::arg("g"), nb::arg("x"), nb::arg("stride"), nb::arg("dilation"), nb::arg("lo"), nb::arg("hi"), nb::arg("kernel"), "The gradient of conv for w.",
      nb::sig("def conv_weight_grad(g: Tensor, x: Tensor, stride: typing.Sequence[int], dilation: typing.Sequence[int], lo: typing.Sequence[int], hi: "
              "typing.Sequence[int], kernel: typing.Sequence[int]) -> Tensor"));
  m.def(
      "scan", [](h x, int64_t axis, int op, bool reverse) { return wrap(ops::scan(as_node(x), axis, ops::Scan(op), reverse)); }, nb::arg("x"), nb::arg("axis"),
      nb::arg("op") = 0, nb::arg("reverse") = false, "Inclusive scan: 0 sum, 1 prod, 2 max, 3 min.",
      nb::sig("def scan(x: Tensor, axis: int, op: int = 0, reverse: bool = False) -> Tensor"));
}

}  // namespace weft
