// The operators of Tensor: each takes Tensors, Python numbers and NumPy arrays on either side.
#include "bindings/bind.h"

namespace weft {

namespace {

using Binary = NodeRef (*)(const NodeRef&, const NodeRef&);

nb::object not_implemented() { return nb::borrow(nb::handle(Py_NotImplemented)); }

std::string signature(const char* name, const char* other, const char* result) {
  return std::string("def ") + name + "(self, other: " + other + ", /) -> " + result;
}

void arithmetic(TensorClass& t, const std::string& name, Binary f) {
  std::string plain = "__" + name + "__", reflected = "__r" + name + "__", in_place = "__i" + name + "__";
  t.def(
      plain.c_str(),
      [f](const Tensor& self, nb::handle other) {
        NodeRef b = operand(other, self.node());
        return b ? wrap(f(self.node(), b)) : not_implemented();
      },
      nb::arg("other").none(), nb::sig(signature(plain.c_str(), WEFT_LIKE, "Tensor").c_str()));
  t.def(
      reflected.c_str(),
      [f](const Tensor& self, nb::handle other) {
        NodeRef b = operand(other, self.node());
        return b ? wrap(f(b, self.node())) : not_implemented();
      },
      nb::arg("other").none(), nb::sig(signature(reflected.c_str(), WEFT_LIKE, "Tensor").c_str()));
  t.def(
      in_place.c_str(),
      [f](nb::handle self, nb::handle other) {
        Tensor* t = tensor_of(self);
        NodeRef b = operand(other, t->node());
        if (!b) return not_implemented();
        NodeRef result = f(t->node(), b);
        if (result->shape != t->node()->shape)
          raise(Error::value, "in-place operation: the result has shape ", result->shape, ", the tensor ", t->node()->shape);
        t->rebind(std::move(result));
        return nb::borrow(self);
      },
      nb::arg("other").none(), nb::sig(signature(in_place.c_str(), WEFT_LIKE, "Tensor").c_str()));
}

void comparison(TensorClass& t, const char* name, Binary f) {
  bool equality = std::string(name) == "__eq__" || std::string(name) == "__ne__";
  t.def(
      name,
      [f](const Tensor& self, nb::handle other) {
        NodeRef b = operand(other, self.node(), true);
        return b ? wrap(f(self.node(), b)) : not_implemented();
      },
      nb::arg("other").none(), nb::sig(signature(name, equality ? "object" : WEFT_LIKE, "Tensor").c_str()));
}

}  // namespace

// x ** 2 is x * x: a small exponent of Python is part of the kernel; another is a value like any other.
NodeRef power(const NodeRef& x, nb::handle exponent) {
  if (auto s = scalar_of(exponent); s && s->value.kind != Scalar::complex && is_inexact(x->dtype)) {
    double e = s->value.as_double();
    if (e == 0.5 && is_float(x->dtype)) return ops::sqrt(x);
    if (e == std::int64_t(e) && -8 <= e && e <= 16) return ops::pow_int(x, std::int64_t(e));
  } else if (s && s->value.kind == Scalar::integer && is_int(x->dtype)) {
    if (s->value.i < 0) raise(Error::value, "pow: integers to negative integer powers are not allowed; convert the tensor to a float dtype");
    if (s->value.i <= 16) return ops::pow_int(x, s->value.i);
  }
  NodeRef e = operand(exponent, x);
  return e ? ops::pow(x, e) : nullptr;
}

void bind_operators(TensorClass& t) {
  arithmetic(t, "add", &ops::add);
  arithmetic(t, "sub", &ops::sub);
  arithmetic(t, "mul", &ops::mul);
  arithmetic(t, "truediv", &ops::div);
  arithmetic(t, "floordiv", &ops::floor_div);
  arithmetic(t, "mod", &ops::remainder);
  arithmetic(t, "matmul", &ops::matmul);
  arithmetic(t, "and", &ops::bitwise_and);
  arithmetic(t, "or", &ops::bitwise_or);
  arithmetic(t, "xor", &ops::bitwise_xor);
  arithmetic(t, "lshift", &ops::left_shift);
  arithmetic(t, "rshift", &ops::right_shift);
  comparison(t, "__lt__", &ops::less);
  comparison(t, "__le__", &ops::less_equal);
  comparison(t, "__gt__", &ops::greater);
  comparison(t, "__ge__", &ops::greater_equal);
  comparison(t, "__eq__", &ops::equal);
  comparison(t, "__ne__", &ops::not_equal);

  t.def(
      "__pow__",
      [](const Tensor& self, nb::handle exponent, nb::handle) {
        NodeRef result = power(self.node(), exponent);
        return result ? wrap(result) : not_implemented();
      },
      nb::arg("other").none(), nb::arg("modulo") = nb::none(), nb::sig("def __pow__(self, other: " WEFT_LIKE ", modulo: None = None, /) -> Tensor"));
  t.def(
      "__rpow__",
      [](const Tensor& self, nb::handle base, nb::handle) {
        NodeRef b = operand(base, self.node());
        return b ? wrap(ops::pow(b, self.node())) : not_implemented();
      },
      nb::arg("other").none(), nb::arg("modulo") = nb::none(), nb::sig("def __rpow__(self, other: " WEFT_LIKE ", modulo: None = None, /) -> Tensor"));
  t.def(
      "__ipow__",
      [](nb::handle self, nb::handle exponent, nb::handle) {
        NodeRef result = power(tensor_of(self)->node(), exponent);
        if (!result) return not_implemented();
        tensor_of(self)->rebind(std::move(result));
        return nb::borrow(self);
      },
      nb::arg("other").none(), nb::arg("modulo") = nb::none(), nb::sig("def __ipow__(self, other: " WEFT_LIKE ", modulo: None = None, /) -> Tensor"));
  t.def(
      "__divmod__",
      [](const Tensor& self, nb::handle other) {
        NodeRef b = operand(other, self.node());
        if (!b) return not_implemented();
        return nb::object(nb::make_tuple(wrap(ops::floor_div(self.node(), b)), wrap(ops::remainder(self.node(), b))));
      },
      nb::sig("def __divmod__(self, other: " WEFT_LIKE ", /) -> tuple[Tensor, Tensor]"));

  auto unary = [&](const char* name, NodeRef (*f)(const NodeRef&)) {
    t.def(name, [f](const Tensor& self) { return wrap(f(self.node())); }, nb::sig((std::string("def ") + name + "(self) -> Tensor").c_str()));
  };
  unary("__neg__", &ops::neg);
  unary("__abs__", &ops::abs);
  unary("__invert__", &ops::bitwise_not);
  unary("__floor__", &ops::floor);
  unary("__ceil__", &ops::ceil);
  unary("__trunc__", &ops::trunc);
  t.def("__pos__", [](const Tensor& self) { return wrap(self.node()); }, nb::sig("def __pos__(self) -> Tensor"));

  // In-place methods by PyTorch's names.
  auto method = [&](const char* name, Binary f) {
    t.def(
        name,
        [f](nb::handle self, nb::handle other) {
          Operands pair = operands(self, other);
          NodeRef result = f(pair.a, pair.b);
          if (result->shape != pair.a->shape) raise(Error::value, "in-place operation: the result has shape ", result->shape, ", the tensor ", pair.a->shape);
          tensor_of(self)->rebind(std::move(result));
          return nb::borrow(self);
        },
        nb::arg("other"), nb::sig(signature(name, WEFT_LIKE, "Tensor").c_str()));
  };
  method("add_", &ops::add);
  method("sub_", &ops::sub);
  method("mul_", &ops::mul);
  method("div_", &ops::div);
}

}  // namespace weft
