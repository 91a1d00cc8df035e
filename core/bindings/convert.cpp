#include "bindings/convert.h"

#include <limits>

namespace weft {

// ---- Python scalars

std::optional<PyScalar> scalar_of(nb::handle h) {
  PyObject* p = h.ptr();
  if (PyFloat_CheckExact(p)) return PyScalar{Scalar::of(PyFloat_AsDouble(p))};
  if (PyBool_Check(p)) return PyScalar{Scalar::of(p == Py_True)};
  if (!PyLong_Check(p) && !PyFloat_Check(p) && !PyComplex_Check(p)) return std::nullopt;
  if (!PyLong_CheckExact(p) && is_numpy(h)) return std::nullopt;  // np.float64 is a float, but has a dtype
  if (PyLong_Check(p)) {
    int overflow = 0;
    long long value = PyLong_AsLongLongAndOverflow(p, &overflow);
    if (!overflow) return PyScalar{Scalar::of(int64_t(value))};
    unsigned long long bits = overflow > 0 ? PyLong_AsUnsignedLongLong(p) : 0;
    if (overflow < 0 || PyErr_Occurred()) {
      PyErr_Clear();
      PyErr_Format(PyExc_OverflowError, "Python integer %S does not fit any integer dtype", p);
      throw nb::python_error();
    }
    Scalar big = Scalar::of(int64_t(bits));
    big.re = double(bits);
    return PyScalar{big, true};
  }
  if (PyFloat_Check(p)) return PyScalar{Scalar::of(PyFloat_AsDouble(p))};
  return PyScalar{Scalar::of(PyComplex_RealAsDouble(p), PyComplex_ImagAsDouble(p))};
}

DType scalar_dtype(Scalar::Kind kind) {
  switch (kind) {
    case Scalar::boolean: return DType::b1;
    case Scalar::integer: return DType::i64;
    case Scalar::real: return default_float();
    default: return complex_of(default_float());
  }
}

static bool fits(const PyScalar& s, DType dtype) {
  if (s.value.kind != Scalar::integer || !is_int(dtype)) return true;
  if (dtype == DType::u64) return s.big || s.value.i >= 0;
  if (s.big) return false;
  if (dtype == DType::i64) return true;
  int bits = size_of(dtype) * 8;
  int64_t low = is_unsigned(dtype) ? 0 : -(int64_t(1) << (bits - 1));
  int64_t high = (int64_t(1) << (is_unsigned(dtype) ? bits : bits - 1)) - 1;
  return low <= s.value.i && s.value.i <= high;
}

static void check_fits(const PyScalar& s, DType dtype) {
  if (fits(s, dtype)) return;
  if (s.big) PyErr_Format(PyExc_OverflowError, "Python integer %llu out of bounds for %s", (unsigned long long)s.value.i, name(dtype));
  else PyErr_Format(PyExc_OverflowError, "Python integer %lld out of bounds for %s", (long long)s.value.i, name(dtype));
  throw nb::python_error();
}

NodeRef scalar_node(const PyScalar& s, DType dtype, Device* device) {
  check_fits(s, dtype);
  return ops::scalar(s.value, dtype, device);
}

Scalar as_scalar(nb::handle h, DType dtype) {
  std::optional<PyScalar> s = scalar_of(h);
  if (!s && is_numpy(h)) s = scalar_of(h.attr("item")());
  if (!s) {
    if (tensor_of(h)) return as_scalar(h.attr("item")(), dtype);
    raise(Error::type, "expected a number, not ", nb::repr(h).c_str());
  }
  if (s->value.kind == Scalar::complex && !is_complex(dtype)) raise(Error::type, "a complex number does not fit ", name(dtype));
  check_fits(*s, dtype);
  return s->value;
}

// ---- operands

NodeRef as_node(nb::handle h, Device* device) {
  if (Tensor* t = tensor_of(h)) return t->node();
  if (!device) device = default_device();
  if (auto s = scalar_of(h)) return scalar_node(*s, s->big ? DType::u64 : scalar_dtype(s->value.kind), device);
  if (is_numpy(h)) return from_numpy(h, device);
  if (PyList_Check(h.ptr()) || PyTuple_Check(h.ptr()) || nb::hasattr(h, "__array__")) {
    nb::object made = nb::module_::import_("weft._core").attr("asarray")(h, nb::arg("device") = nb::cast(PyDevice{device}));
    return tensor_of(made)->node();
  }
  raise(Error::type, "expected a Tensor, an array or a number, not ", nb::type_name(h.type()).c_str());
}

NodeRef operand(nb::handle h, const NodeRef& like, bool comparison) {
  if (Tensor* t = tensor_of(h)) return t->node();
  if (auto s = scalar_of(h)) {
    DType dtype = weak_result(like->dtype, s->value.kind);
    // A comparison with an integer out of range has an answer; arithmetic has none.
    if (comparison && !fits(*s, dtype) && !s->big) dtype = like->dtype == DType::u64 ? DType::f64 : DType::i64;
    if (s->big && dtype == DType::i64) dtype = DType::u64;
    return scalar_node(*s, dtype, like->device);
  }
  if (is_numpy(h)) return from_numpy(h, like->device);
  return nullptr;
}

Operands operands(nb::handle a, nb::handle b, bool comparison, Device* device) {
  auto beside = [&](nb::handle h, const NodeRef& like) {
    NodeRef node = operand(h, like, comparison);
    return node ? node : as_node(h, like->device);
  };
  if (Tensor* t = tensor_of(a)) return {t->node(), beside(b, t->node())};
  if (Tensor* t = tensor_of(b)) return {beside(a, t->node()), t->node()};
  if (!device) device = default_device();
  auto x = scalar_of(a), y = scalar_of(b);
  if (x && y) {
    DType dtype = scalar_dtype(std::max(x->value.kind, y->value.kind));
    return {scalar_node(*x, dtype, device), scalar_node(*y, dtype, device)};
  }
  if (x) {
    NodeRef other = as_node(b, device);
    return {beside(a, other), other};
  }
  NodeRef first = as_node(a, device);
  return {first, beside(b, first)};
}

std::vector<NodeRef> as_nodes(nb::handle sequence) {
  if (Tensor* t = tensor_of(sequence); t && !t->node()->rank()) raise(Error::type, "expected a sequence of tensors, not a tensor of shape ()");
  std::vector<nb::object> items;
  Device* device = nullptr;
  for (nb::handle item : nb::iter(sequence)) {
    if (Tensor* t = tensor_of(item); t && !device) device = t->node()->device;
    items.push_back(nb::borrow(item));
  }
  std::vector<NodeRef> nodes;
  for (auto& item : items) nodes.push_back(as_node(item, device));
  return nodes;
}

// ---- shapes and axes

int64_t as_int(nb::handle h) {
  nb::object index = nb::steal(PyNumber_Index(h.ptr()));
  if (!index.is_valid()) throw nb::python_error();
  long long value = PyLong_AsLongLong(index.ptr());
  if (value == -1 && PyErr_Occurred()) throw nb::python_error();
  return value;
}

static bool is_sequence(nb::handle h) {
  return PyTuple_Check(h.ptr()) || PyList_Check(h.ptr()) || (PySequence_Check(h.ptr()) && !tensor_of(h) && !PyUnicode_Check(h.ptr())) ||
         (tensor_of(h) && tensor_of(h)->node()->rank() == 1);
}

Dims as_dims(nb::handle h) {
  Dims dims;
  if (is_sequence(h))
    for (nb::handle item : nb::iter(h)) dims.push_back(as_int(item));
  else dims.push_back(as_int(h));
  return dims;
}

Dims args_dims(const nb::args& args) {
  if (args.size() == 1) return as_dims(args[0]);
  Dims dims;
  for (nb::handle item : args) dims.push_back(as_int(item));
  return dims;
}

nb::tuple to_tuple(const Dims& dims) {
  PyObject* tuple = PyTuple_New(Py_ssize_t(dims.size()));
  if (!tuple) throw nb::python_error();
  for (size_t i = 0; i < dims.size(); ++i) PyTuple_SetItem(tuple, Py_ssize_t(i), PyLong_FromLongLong(dims[i]));
  return nb::steal<nb::tuple>(tuple);
}

Dims axes_of(const char* op, const NodeRef& x, nb::handle axis) { return axis.is_none() ? ops::all_axes(x) : normalize_axes(op, as_dims(axis), x->rank()); }

}  // namespace weft
