// Functions of one, two or three elements: in the module, and as methods.
#include "bindings/bind.h"

namespace weft {

namespace {

struct UnaryRow {
  const char* names;  // the first is the name, the others are aliases
  NodeRef (*f)(const NodeRef&);
  const char* doc;
};

const UnaryRow unary_rows[] = {
    {"abs absolute", &ops::abs, "Absolute value; real for complex."},
    {"negative neg", &ops::neg, "-x."},
    {"sign", &ops::sign, "-1, 0 or 1; NaN stays."},
    {"square", &ops::square, "x * x."},
    {"sqrt", &ops::sqrt, "Square root."},
    {"rsqrt", &ops::rsqrt, "1 / sqrt(x)."},
    {"reciprocal", &ops::reciprocal, "1 / x."},
    {"exp", &ops::exp, "e to the x."},
    {"exp2", &ops::exp2, "2 to the x."},
    {"expm1", &ops::expm1, "exp(x) - 1, exact near 0."},
    {"log", &ops::log, "Natural logarithm."},
    {"log1p", &ops::log1p, "log(1 + x), exact near 0."},
    {"log2", &ops::log2, "Logarithm to base 2."},
    {"log10", &ops::log10, "Logarithm to base 10."},
    {"sin", &ops::sin, "Sine of radians."},
    {"cos", &ops::cos, "Cosine of radians."},
    {"tan", &ops::tan, "Tangent of radians."},
    {"asin arcsin", &ops::asin, "Inverse sine."},
    {"acos arccos", &ops::acos, "Inverse cosine."},
    {"atan arctan", &ops::atan, "Inverse tangent."},
    {"sinh", &ops::sinh, "Hyperbolic sine."},
    {"cosh", &ops::cosh, "Hyperbolic cosine."},
    {"tanh", &ops::tanh, "Hyperbolic tangent."},
    {"asinh arcsinh", &ops::asinh, "Inverse hyperbolic sine."},
    {"acosh arccosh", &ops::acosh, "Inverse hyperbolic cosine."},
    {"atanh arctanh", &ops::atanh, "Inverse hyperbolic tangent."},
    {"erf", &ops::erf, "The error function."},
    {"sigmoid", &ops::sigmoid, "1 / (1 + exp(-x))."},
    {"relu", &ops::relu, "max(x, 0)."},
    {"floor", &ops::floor, "The next integer below; integers unchanged."},
    {"ceil", &ops::ceil, "The next integer above; integers unchanged."},
    {"trunc fix", &ops::trunc, "The next integer towards 0; integers unchanged."},
    {"real", &ops::real, "The real part."},
    {"imag", &ops::imag, "The imaginary part."},
    {"conj conjugate", &ops::conj, "The complex conjugate."},
    {"isnan", &ops::isnan, "True where x is not a number."},
    {"isinf", &ops::isinf, "True where x is infinite."},
    {"isfinite", &ops::isfinite, "True where x is neither infinite nor NaN."},
    {"signbit", &ops::signbit, "True where the sign is negative, -0.0 too."},
    {"logical_not", &ops::logical_not, "x == 0."},
    {"bitwise_invert bitwise_not invert", &ops::bitwise_not, "Every bit turned round; for bool, not."},
    {"stop_gradient", &ops::stop_gradient, "The same value; no gradient flows through it."},
};

struct BinaryRow {
  const char* names;
  NodeRef (*f)(const NodeRef&, const NodeRef&);
  const char* doc;
  bool comparison = false;
};

const BinaryRow binary_rows[] = {
    {"add", &ops::add, "x1 + x2."},
    {"subtract sub", &ops::sub, "x1 - x2."},
    {"multiply mul", &ops::mul, "x1 * x2."},
    {"divide div true_divide", &ops::div, "x1 / x2; integers become the default float."},
    {"floor_divide", &ops::floor_div, "x1 // x2, rounded down."},
    {"remainder mod", &ops::remainder, "x1 % x2, with the sign of x2."},
    {"fmod", &ops::fmod, "The remainder with the sign of x1."},
    {"minimum", &ops::minimum, "The smaller; NaN if either is."},
    {"maximum", &ops::maximum, "The larger; NaN if either is."},
    {"atan2 arctan2", &ops::atan2, "The angle of the point (x2, x1)."},
    {"hypot", &ops::hypot, "sqrt(x1**2 + x2**2), without overflow."},
    {"logaddexp", &ops::logaddexp, "log(exp(x1) + exp(x2)), without overflow."},
    {"copysign", &ops::copysign, "x1 with the sign of x2."},
    {"nextafter", &ops::nextafter, "The next number from x1 towards x2."},
    {"bitwise_and", &ops::bitwise_and, "x1 & x2."},
    {"bitwise_or", &ops::bitwise_or, "x1 | x2."},
    {"bitwise_xor", &ops::bitwise_xor, "x1 ^ x2."},
    {"bitwise_left_shift left_shift", &ops::left_shift, "x1 << x2."},
    {"bitwise_right_shift right_shift", &ops::right_shift, "x1 >> x2; the sign is kept."},
    {"logical_and", &ops::logical_and, "True where both are not 0."},
    {"logical_or", &ops::logical_or, "True where either is not 0."},
    {"logical_xor", &ops::logical_xor, "True where exactly one is not 0."},
    {"less lt", &ops::less, "x1 < x2.", true},
    {"less_equal le", &ops::less_equal, "x1 <= x2.", true},
    {"greater gt", &ops::greater, "x1 > x2.", true},
    {"greater_equal ge", &ops::greater_equal, "x1 >= x2.", true},
    {"equal eq", &ops::equal, "x1 == x2.", true},
    {"not_equal ne", &ops::not_equal, "x1 != x2.", true},
};

std::vector<std::string> words(const char* text) {
  std::vector<std::string> out(1);
  for (; *text; ++text) {
    if (*text == ' ') out.emplace_back();
    else out.back() += *text;
  }
  return out;
}

NodeRef clip(const NodeRef& x, nb::handle lo, nb::handle hi) {
  auto bound = [&](nb::handle h) -> NodeRef {
    if (h.is_none()) return nullptr;
    NodeRef node = operand(h, x);
    return node ? node : as_node(h, x->device);
  };
  return ops::clip(x, bound(lo), bound(hi));
}

NodeRef where(nb::handle condition, nb::handle a, nb::handle b) {
  if (Tensor* c = tensor_of(condition)) {
    Operands pair = operands(a, b, false, c->node()->device);
    return ops::where(c->node(), pair.a, pair.b);
  }
  Operands pair = operands(a, b);
  return ops::where(as_node(condition, pair.a->device), pair.a, pair.b);
}

NodeRef round(const NodeRef& x, int decimals) {
  if (!decimals) return ops::round(x);
  if (!is_inexact(x->dtype)) return decimals > 0 ? x : ops::cast(round(ops::cast(x, DType::f64), decimals), x->dtype);
  double factor = 1;
  for (int i = 0; i < std::abs(decimals); ++i) factor *= 10;
  NodeRef f = ops::scalar(Scalar::of(factor), real_of(x->dtype), x->device);
  return decimals > 0 ? ops::div(ops::round(ops::mul(x, f)), f) : ops::mul(ops::round(ops::div(x, f)), f);
}

NodeRef nan_to_num(const NodeRef& x, nb::handle nan, nb::handle posinf, nb::handle neginf) {
  if (!is_float(x->dtype)) return x;
  auto value = [&](double v) { return ops::scalar(Scalar::of(v), x->dtype, x->device); };
  double big = x->dtype == DType::f64    ? 1.7976931348623157e308
               : x->dtype == DType::f16  ? 65504
               : x->dtype == DType::bf16 ? 3.3895313892515355e38
                                         : 3.4028234663852886e38;
  NodeRef zero = value(0), clean = ops::where(ops::isnan(x), value(nb::cast<double>(nan)), x);
  NodeRef high = value(posinf.is_none() ? big : nb::cast<double>(posinf)), low = value(neginf.is_none() ? -big : nb::cast<double>(neginf));
  NodeRef inf = ops::isinf(x);
  clean = ops::where(ops::logical_and(inf, ops::greater(x, zero)), high, clean);
  return ops::where(ops::logical_and(inf, ops::less(x, zero)), low, clean);
}

}  // namespace

void bind_elementwise(nb::module_& m, TensorClass& t) {
  for (const UnaryRow& row : unary_rows) {
    auto f = row.f;
    for (const std::string& name : words(row.names)) {
      m.def(
          name.c_str(), [f](nb::handle x) { return wrap(f(as_node(x))); }, nb::arg("x"), row.doc,
          nb::sig(("def " + name + "(x: " WEFT_LIKE ", /) -> Tensor").c_str()));
      if (name == "real" || name == "imag")
        t.def_prop_ro(
            name.c_str(), [f](const Tensor& x) { return wrap(f(x.node())); }, row.doc, nb::for_getter(nb::sig(("def " + name + "(self) -> Tensor").c_str())));
      else if (name != "stop_gradient")
        t.def(name.c_str(), [f](const Tensor& x) { return wrap(f(x.node())); }, row.doc, nb::sig(("def " + name + "(self) -> Tensor").c_str()));
    }
  }
  for (const BinaryRow& row : binary_rows) {
    auto f = row.f;
    bool comparison = row.comparison;
    for (const std::string& name : words(row.names)) {
      m.def(
          name.c_str(),
          [f, comparison](nb::handle a, nb::handle b) {
            Operands pair = operands(a, b, comparison);
            return wrap(f(pair.a, pair.b));
          },
          nb::arg("x1"), nb::arg("x2"), row.doc, nb::sig(("def " + name + "(x1: " WEFT_LIKE ", x2: " WEFT_LIKE ", /) -> Tensor").c_str()));
      t.def(
          name.c_str(),
          [f, comparison](nb::handle a, nb::handle b) {
            Operands pair = operands(a, b, comparison);
            return wrap(f(pair.a, pair.b));
          },
          nb::arg("other"), row.doc, nb::sig(("def " + name + "(self, other: " WEFT_LIKE ", /) -> Tensor").c_str()));
    }
  }
  for (const char* name : {"pow", "power"}) {
    auto f = [](nb::handle a, nb::handle b) {
      if (Tensor* t = tensor_of(a))
        if (NodeRef result = power(t->node(), b)) return wrap(result);
      Operands pair = operands(a, b);
      return wrap(ops::pow(pair.a, pair.b));
    };
    m.def(name, f, nb::arg("x1"), nb::arg("x2"), "x1 ** x2.",
          nb::sig((std::string("def ") + name + "(x1: " WEFT_LIKE ", x2: " WEFT_LIKE ", /) -> Tensor").c_str()));
    t.def(name, f, nb::arg("exponent"), "x ** exponent.", nb::sig((std::string("def ") + name + "(self, exponent: " WEFT_LIKE ", /) -> Tensor").c_str()));
  }
  m.def("positive", [](nb::handle x) { return wrap(as_node(x)); }, nb::arg("x"), "+x.", nb::sig("def positive(x: " WEFT_LIKE ", /) -> Tensor"));
  m.def(
      "fma",
      [](nb::handle a, nb::handle b, nb::handle c) {
        Operands ab = operands(a, b);
        NodeRef last = operand(c, ab.a);
        return wrap(ops::fma(ab.a, ab.b, last ? last : as_node(c, ab.a->device)));
      },
      nb::arg("a"), nb::arg("b"), nb::arg("c"), "a * b + c, rounded once.",
      nb::sig("def fma(a: " WEFT_LIKE ", b: " WEFT_LIKE ", c: " WEFT_LIKE ", /) -> Tensor"));
  m.def(
      "complex",
      [](nb::handle re, nb::handle im) {
        Operands pair = operands(re, im);
        return wrap(ops::make_complex(pair.a, pair.b));
      },
      nb::arg("real"), nb::arg("imag"), "real + 1j * imag.", nb::sig("def complex(real: " WEFT_LIKE ", imag: " WEFT_LIKE ", /) -> Tensor"));
  m.def(
      "where", [](nb::handle c, nb::handle a, nb::handle b) { return wrap(where(c, a, b)); }, nb::arg("condition"), nb::arg("x1"), nb::arg("x2"),
      "x1 where the condition holds, else x2. All three broadcast.",
      nb::sig("def where(condition: " WEFT_LIKE ", x1: " WEFT_LIKE ", x2: " WEFT_LIKE ", /) -> Tensor"));
  t.def(
      "where", [](nb::handle self, nb::handle c, nb::handle b) { return wrap(where(c, self, b)); }, nb::arg("condition"), nb::arg("other"),
      "This tensor where the condition holds, else `other` (PyTorch).",
      nb::sig("def where(self, condition: " WEFT_LIKE ", other: " WEFT_LIKE ", /) -> Tensor"));
  t.def(
      "masked_fill", [](nb::handle self, nb::handle mask, nb::handle value) { return wrap(where(mask, value, self)); }, nb::arg("mask"), nb::arg("value"),
      "`value` where the mask holds.", nb::sig("def masked_fill(self, mask: " WEFT_LIKE ", value: " WEFT_LIKE ") -> Tensor"));

  auto clip_of = [](nb::handle x, nb::handle lo, nb::handle hi) { return wrap(clip(as_node(x), lo, hi)); };
  for (const char* name : {"clip", "clamp"}) {
    m.def(
        name, clip_of, nb::arg("x"), nb::arg("min") = nb::none(), nb::arg("max") = nb::none(), "x, but not below min nor above max.",
        nb::sig((std::string("def ") + name + "(x: " WEFT_LIKE ", /, min: " WEFT_LIKE " | None = None, max: " WEFT_LIKE " | None = None) -> Tensor").c_str()));
    t.def(name, clip_of, nb::arg("min") = nb::none(), nb::arg("max") = nb::none(), "This tensor, but not below min nor above max.",
          nb::sig((std::string("def ") + name + "(self, min: " WEFT_LIKE " | None = None, max: " WEFT_LIKE " | None = None) -> Tensor").c_str()));
  }
  t.def(
      "clamp_",
      [](nb::handle self, nb::handle lo, nb::handle hi) {
        tensor_of(self)->rebind(clip(tensor_of(self)->node(), lo, hi));
        return nb::borrow(self);
      },
      nb::arg("min") = nb::none(), nb::arg("max") = nb::none(), "clamp(), giving this handle the result.",
      nb::sig("def clamp_(self, min: " WEFT_LIKE " | None = None, max: " WEFT_LIKE " | None = None) -> Tensor"));
  m.def(
      "round", [](nb::handle x, int decimals) { return wrap(round(as_node(x), decimals)); }, nb::arg("x"), nb::arg("decimals") = 0, "Rounded, half to even.",
      nb::sig("def round(x: " WEFT_LIKE ", /, decimals: int = 0) -> Tensor"));
  t.def(
      "round", [](const Tensor& x, int decimals) { return wrap(round(x.node(), decimals)); }, nb::arg("decimals") = 0, "Rounded, half to even.",
      nb::sig("def round(self, decimals: int = 0) -> Tensor"));
  m.def(
      "nan_to_num", [](nb::handle x, nb::handle nan, nb::handle p, nb::handle n) { return wrap(nan_to_num(as_node(x), nan, p, n)); }, nb::arg("x"),
      nb::arg("nan") = 0.0, nb::arg("posinf") = nb::none(), nb::arg("neginf") = nb::none(), "NaN and infinities replaced by numbers.",
      nb::sig("def nan_to_num(x: " WEFT_LIKE ", nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Tensor"));
  m.def(
      "bitcast", [](nb::handle x, nb::handle dtype) { return wrap(ops::bitcast(as_node(x), as_dtype(dtype))); }, nb::arg("x"), nb::arg("dtype"),
      "The same bits as another dtype of the same width.", nb::sig("def bitcast(x: " WEFT_LIKE ", dtype: weft._typing.DTypeLike) -> Tensor"));
  m.def(
      "astype",
      [](nb::handle x, nb::handle dtype, bool, nb::handle device) {
        NodeRef node = ops::cast(as_node(x), as_dtype(dtype));
        return device.is_none() ? wrap(node) : nb::object(wrap(node).attr("to")(device));
      },
      nb::arg("x"), nb::arg("dtype"), nb::kw_only(), nb::arg("copy") = true, nb::arg("device") = nb::none(), "Converted to another dtype.",
      nb::sig("def astype(x: " WEFT_LIKE ", dtype: weft._typing.DTypeLike, /, *, copy: bool = True, device: weft._typing.DeviceLike = None) -> Tensor"));
}

}  // namespace weft
