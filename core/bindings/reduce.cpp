// Reductions and scans: NumPy's axis and keepdims, or PyTorch's dim and keepdim.
#include "bindings/bind.h"

namespace weft {

namespace {

struct Options {
  Dims axes;
  bool keep;
};

// NumPy's functions call a tensor's methods with out=None.
Options options(const char* op, const NodeRef& x, nb::handle axis, nb::handle keepdims, nb::handle dim, nb::handle keepdim, nb::handle out) {
  if (!out.is_none()) raise(Error::type, op, ": no out=; a tensor is a value, use its assign()");
  bool keep = PyObject_IsTrue(keepdims.ptr()) == 1 || (!keepdim.is_none() && PyObject_IsTrue(keepdim.ptr()) == 1);
  return {axes_of(op, x, either(axis, dim)), keep};
}

#define WEFT_AXES                                                                                                                         \
  nb::arg("axis") = nb::none(), nb::kw_only(), nb::arg("keepdims") = false, nb::arg("dim") = nb::none(), nb::arg("keepdim") = nb::none(), \
  nb::arg("out") = nb::none()
const char* const axes_text =
    "axis: weft._typing.Axis = None, *, keepdims: bool = False, dim: weft._typing.Axis = None, keepdim: bool | None = None, out: None = None";
const char* const axis_text = "axis: int | None = None, *, keepdims: bool = False, dim: int | None = None, keepdim: bool | None = None, out: None = None";

int64_t count(const NodeRef& x, const Dims& axes) {
  int64_t n = 1;
  for (int64_t a : axes) n *= x->shape[a];
  return n;
}

NodeRef var(const NodeRef& given, const Dims& axes, bool keep, double correction) {
  NodeRef mean = ops::mean(given, axes, true);
  NodeRef x = ops::cast(given, promote(given->dtype, mean->dtype));
  NodeRef d = ops::sub(x, mean);
  if (is_complex(d->dtype)) d = ops::abs(d);
  NodeRef total = ops::sum(ops::square(d), axes, keep);
  double n = std::max(0.0, double(count(x, axes)) - correction);
  return ops::div(total, ops::scalar(Scalar::of(n), total->dtype, total->device));
}

NodeRef logsumexp(const NodeRef& given, const Dims& axes, bool keep) {
  NodeRef x = is_inexact(given->dtype) ? given : ops::cast(given, default_float());
  NodeRef top = ops::stop_gradient(ops::max(x, axes, true));
  top = ops::where(ops::isfinite(top), top, ops::full_like(top, Scalar::of(0.0)));
  NodeRef result = ops::add(ops::log(ops::sum(ops::exp(ops::sub(x, top)), axes, true)), top);
  return keep ? result : ops::squeeze(result, axes);
}

NodeRef scan(const char* op, NodeRef x, nb::handle axis, ops::Scan kind, nb::handle dtype) {
  if (!dtype.is_none()) x = ops::cast(x, as_dtype(dtype));
  else if (kind <= ops::Scan::prod && (x->dtype == DType::b1 || (is_int(x->dtype) && size_of(x->dtype) < 8)))
    x = ops::cast(x, is_unsigned(x->dtype) ? DType::u64 : DType::i64);
  if (axis.is_none()) {
    if (x->rank() != 1) x = ops::reshape(x, Dims{-1});
    return ops::scan(x, 0, kind);
  }
  return ops::scan(x, normalize_axis(op, as_int(axis), x->rank()), kind);
}

using Plain = NodeRef (*)(const NodeRef&, const Dims&, bool);

}  // namespace

void bind_reduce(nb::module_& m, TensorClass& t) {
  // Defines a function and a method of the same name.
  auto both = [&](const char* name, const char* text, const char* doc, auto f, const auto&... args) {
    std::string n = name;
    m.def(name, f, nb::arg("x"), args..., doc, nb::sig(("def " + n + "(x: " WEFT_LIKE ", /, " + text + ") -> Tensor").c_str()));
    t.def(name, f, args..., doc, nb::sig(("def " + n + "(self, " + text + ") -> Tensor").c_str()));
  };

  auto plain = [&](const char* name, Plain f, const char* doc) {
    both(
        name, axes_text, doc,
        [f, name](nb::handle x, nb::handle axis, nb::handle keepdims, nb::handle dim, nb::handle keepdim, nb::handle out) {
          NodeRef node = as_node(x);
          Options o = options(name, node, axis, keepdims, dim, keepdim, out);
          return wrap(f(node, o.axes, o.keep));
        },
        WEFT_AXES);
  };
  plain("max", &ops::max, "The largest element over the axes (all by default); NaN if there is one.");
  plain("amax", &ops::max, "NumPy's other name of max().");
  plain("min", &ops::min, "The smallest element over the axes (all by default); NaN if there is one.");
  plain("amin", &ops::min, "NumPy's other name of min().");
  plain("any", &ops::any, "Whether any element over the axes is not 0.");
  plain("all", &ops::all, "Whether all elements over the axes are not 0.");
  plain("logsumexp", &logsumexp, "log(sum(exp(x))) over the axes, without overflow.");
  plain(
      "count_nonzero", [](const NodeRef& x, const Dims& axes, bool keep) { return ops::sum(ops::cast(x, DType::b1), axes, keep); },
      "How many elements over the axes are not 0; int64.");

  auto typed = [&](const char* name, Plain f, const char* doc) {
    std::string text = std::string(axes_text) + ", dtype: weft._typing.DTypeLike | None = None";
    both(
        name, text.c_str(), doc,
        [f, name](nb::handle x, nb::handle axis, nb::handle keepdims, nb::handle dim, nb::handle keepdim, nb::handle out, nb::handle dtype) {
          NodeRef node = as_node(x);
          Options o = options(name, node, axis, keepdims, dim, keepdim, out);
          if (dtype.is_none()) return wrap(f(node, o.axes, o.keep));
          DType d = as_dtype(dtype);  // narrow results are rounded once, at the end
          return wrap(ops::cast(f(ops::cast(node, d), o.axes, o.keep), d));
        },
        WEFT_AXES, nb::arg("dtype") = nb::none());
  };
  typed("sum", &ops::sum, "The sum over the axes (all by default). Small integers and bool are summed as int64 or uint64.");
  typed("prod", &ops::prod, "The product over the axes (all by default). Small integers and bool are multiplied as int64 or uint64.");
  typed("mean", &ops::mean, "The mean over the axes (all by default).");

  auto spread = [&](const char* name, bool root, const char* doc) {
    std::string text = std::string(axes_text) + ", correction: float = 0, ddof: float | None = None, dtype: weft._typing.DTypeLike | None = None";
    both(
        name, text.c_str(), doc,
        [name, root](nb::handle x, nb::handle axis, nb::handle keepdims, nb::handle dim, nb::handle keepdim, nb::handle out, double correction, nb::handle ddof,
                     nb::handle dtype) {
          NodeRef node = dtype.is_none() ? as_node(x) : ops::cast(as_node(x), as_dtype(dtype));
          Options o = options(name, node, axis, keepdims, dim, keepdim, out);
          NodeRef result = var(node, o.axes, o.keep, ddof.is_none() ? correction : nb::cast<double>(ddof));
          return wrap(root ? ops::sqrt(result) : result);
        },
        WEFT_AXES, nb::arg("correction") = 0.0, nb::arg("ddof") = nb::none(), nb::arg("dtype") = nb::none());
  };
  spread("var", false, "The variance over the axes: squared distances from the mean, divided by n - correction (NumPy: ddof).");
  spread("std", true, "The square root of var().");

  auto arg = [&](const char* name, Plain f, const char* doc) {
    both(
        name, axis_text, doc,
        [f, name](nb::handle x, nb::handle axis, nb::handle keepdims, nb::handle dim, nb::handle keepdim, nb::handle out) {
          NodeRef node = as_node(x);
          Options o = options(name, node, axis, keepdims, dim, keepdim, out);
          if (!count(node, o.axes)) raise(Error::value, name, ": an empty sequence has no largest or smallest element; shape ", node->shape);
          return wrap(f(node, o.axes, o.keep));
        },
        WEFT_AXES);
  };
  arg("argmax", &ops::argmax, "The position of the first largest element along the axis (of all elements by default); int64.");
  arg("argmin", &ops::argmin, "The position of the first smallest element along the axis (of all elements by default); int64.");

  auto running = [&](const char* name, ops::Scan kind, const char* doc) {
    both(
        name, "axis: int | None = None, *, dtype: weft._typing.DTypeLike | None = None, dim: int | None = None", doc,
        [name, kind](nb::handle x, nb::handle axis, nb::handle dtype, nb::handle dim) { return wrap(scan(name, as_node(x), either(axis, dim), kind, dtype)); },
        nb::arg("axis") = nb::none(), nb::kw_only(), nb::arg("dtype") = nb::none(), nb::arg("dim") = nb::none());
  };
  running("cumsum", ops::Scan::sum, "Running sums along the axis; of the flattened tensor by default.");
  running("cumprod", ops::Scan::prod, "Running products along the axis; of the flattened tensor by default.");
  running("cummax", ops::Scan::max, "Running maxima along the axis; of the flattened tensor by default.");
  running("cummin", ops::Scan::min, "Running minima along the axis; of the flattened tensor by default.");

  auto cumulative = [&](const char* name, ops::Scan kind, double first, const char* doc) {
    std::string sig = std::string("def ") + name +
                      "(x: " WEFT_LIKE ", /, *, axis: int | None = None, dtype: weft._typing.DTypeLike | None = None, include_initial: bool = False) -> Tensor";
    m.def(
        name,
        [name, kind, first](nb::handle given, nb::handle axis, nb::handle dtype, bool initial) {
          NodeRef x = as_node(given);
          if (axis.is_none() && x->rank() > 1) raise(Error::value, name, ": axis is needed for a tensor of ", x->rank(), " dimensions");
          nb::object at = axis.is_none() ? nb::object(nb::int_(0)) : nb::borrow(axis);
          NodeRef result = scan(name, x, at, kind, dtype);
          if (initial) {
            Dims lo(result->shape.size(), 0), none = lo;
            lo[normalize_axis(name, as_int(at), result->rank())] = 1;
            result = ops::pad(result, lo, none, none, Scalar::of(first));
          }
          return wrap(result);
        },
        nb::arg("x"), nb::kw_only(), nb::arg("axis") = nb::none(), nb::arg("dtype") = nb::none(), nb::arg("include_initial") = false, doc,
        nb::sig(sig.c_str()));
  };
  cumulative("cumulative_sum", ops::Scan::sum, 0, "Running sums along the axis (Array API).");
  cumulative("cumulative_prod", ops::Scan::prod, 1, "Running products along the axis (Array API).");
}

}  // namespace weft
