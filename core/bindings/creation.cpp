// New tensors.
#include <cmath>

#include "bindings/bind.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"

namespace weft {

namespace {

using h = nb::handle;

// Whether a nested sequence holds tensors, by its first elements.
bool holds_tensors(h x) {
  while ((PyList_Check(x.ptr()) || PyTuple_Check(x.ptr())) && PySequence_Size(x.ptr()))
    x = nb::handle(PyList_Check(x.ptr()) ? PyList_GetItem(x.ptr(), 0) : PyTuple_GetItem(x.ptr(), 0));
  return tensor_of(x);
}

NodeRef from_sequence(h data, Device* device) {
  if (holds_tensors(data)) {
    std::vector<NodeRef> items;
    for (h item : nb::iter(data))
      items.push_back(tensor_of(item)                                         ? tensor_of(item)->node()
                      : PyList_Check(item.ptr()) || PyTuple_Check(item.ptr()) ? from_sequence(item, device)
                                                                              : as_node(item, device));
    return ops::stack(items, 0);
  }
  nb::object array = numpy_array(data);
  NodeRef node = from_numpy(array, device);
  // Python's numbers are weak: floats become the default float.
  if (!is_numpy(data) && !nb::hasattr(data, "__array__")) {
    if (node->dtype == DType::f64) return ops::cast(node, default_float());
    if (node->dtype == DType::c128) return ops::cast(node, complex_of(default_float()));
  }
  return node;
}

NodeRef asarray(h data, h dtype, h device) {
  Device* d = device.is_none() && tensor_of(data) ? tensor_of(data)->node()->device : as_device(device);
  NodeRef node;
  if (Tensor* t = tensor_of(data)) {
    node = t->node();
    if (node->device != d) {
      WithoutGil nogil;
      node = to_device(node, d);
    }
  } else if (auto s = scalar_of(data)) {
    DType own = s->big ? DType::u64 : scalar_dtype(s->value.kind), wanted = as_dtype(dtype, own);
    return is_complex(own) && !is_complex(wanted) ? ops::cast(scalar_node(*s, own, d), wanted) : scalar_node(*s, wanted, d);
  } else if (is_numpy(data)) {
    node = from_numpy(data, d);
  } else {
    // Numbers go to the wanted dtype at once: 0.1 as float64 must not pass through float32.
    if (!dtype.is_none() && !holds_tensors(data) && !nb::hasattr(data, "__array__")) {
      nb::object array = numpy_array(data);
      return ops::cast(from_numpy(array, d), as_dtype(dtype));
    }
    node = from_sequence(data, d);
  }
  return dtype.is_none() ? node : ops::cast(node, as_dtype(dtype));
}

NodeRef full(h shape, h value, h dtype, h device) {
  Device* d = as_device(device);
  if (Tensor* t = tensor_of(value)) return ops::broadcast_to(ops::cast(t->node(), as_dtype(dtype, t->node()->dtype)), as_dims(shape));
  if (is_numpy(value) && nb::cast<int>(value.attr("ndim"))) return ops::broadcast_to(asarray(value, dtype, device), as_dims(shape));
  auto s = scalar_of(value);
  DType own = s ? scalar_dtype(s->value.kind) : numpy_dtype(numpy_array(value));
  DType wanted = as_dtype(dtype, own);
  return ops::full(as_dims(shape), as_scalar(value, wanted), wanted, d);
}

NodeRef like(h x, const Scalar& value, h dtype, h device) {
  NodeRef node = as_node(x);
  return ops::full(node->shape, value, as_dtype(dtype, node->dtype), device.is_none() ? node->device : as_device(device));
}

// start + step * i, computed where integers or floats of the result's precision are exact enough.
NodeRef progression(const Scalar& start, const Scalar& step, int64_t n, DType dtype, Device* device) {
  DType work = is_int(dtype) || dtype == DType::b1 ? DType::i64 : is_complex(dtype) ? real_of(dtype) : dtype == DType::f64 ? DType::f64 : DType::f32;
  if (work != DType::i64 && start.kind == Scalar::integer && step.kind == Scalar::integer && n < (1 << 24)) work = DType::i64;
  NodeRef i = ops::cast(ops::iota(n, device), work);
  if (step.as_double() != 1) i = ops::mul(i, ops::scalar(step, work, device));
  if (start.as_double() != 0) i = ops::add(i, ops::scalar(start, work, device));
  return ops::cast(i, dtype);
}

NodeRef arange(h start, h stop, h step, h dtype, h device) {
  auto number = [](h x) {
    auto s = scalar_of(x);
    if (!s) s = scalar_of(x.attr("item")());
    if (!s || s->value.kind == Scalar::complex) raise(Error::type, "arange: real numbers are needed");
    return s->value;
  };
  Scalar from = stop.is_none() ? Scalar::of(0) : number(start), to = number(stop.is_none() ? start : stop), by = number(step);
  bool integral = from.kind <= Scalar::integer && to.kind <= Scalar::integer && by.kind <= Scalar::integer;
  if (by.as_double() == 0) raise(Error::value, "arange: step must not be 0");
  int64_t n;
  if (integral) {
    int64_t span = to.i - from.i;
    n = (by.i > 0) == (span > 0) && span ? (std::abs(span) + std::abs(by.i) - 1) / std::abs(by.i) : 0;
  } else {
    n = int64_t(std::max(0.0, std::ceil((to.as_double() - from.as_double()) / by.as_double())));
  }
  return progression(from, by, n, as_dtype(dtype, integral ? DType::i64 : default_float()), as_device(device));
}

NodeRef linspace(h start, h stop, int64_t n, bool endpoint, h dtype, h device) {
  auto a = scalar_of(start), b = scalar_of(stop);
  if (!a) a = scalar_of(start.attr("item")());
  if (!b) b = scalar_of(stop.attr("item")());
  if (!a || !b) raise(Error::type, "linspace: numbers are needed");
  if (n < 0) raise(Error::value, "linspace: num must not be negative");
  bool complex = std::max(a->value.kind, b->value.kind) == Scalar::complex;
  DType own = complex ? complex_of(default_float()) : default_float(), wanted = as_dtype(dtype, own);
  DType work = is_inexact(wanted) && size_of(wanted) >= 4 ? wanted : is_inexact(wanted) ? DType::f32 : DType::f64;
  Device* d = as_device(device);
  // From both ends, so that both are exact: a (1 - t) + b t.
  NodeRef t =
      ops::div(ops::cast(ops::iota(n, d), real_of(work)), ops::scalar(Scalar::of(double(std::max<int64_t>(1, endpoint ? n - 1 : n))), real_of(work), d));
  NodeRef one = ops::scalar(Scalar::of(1.0), real_of(work), d);
  NodeRef low = ops::scalar(a->value, work, d), high = ops::scalar(b->value, work, d);
  NodeRef result = ops::add(ops::mul(low, ops::sub(one, t)), ops::mul(high, t));
  if (is_int(wanted)) result = ops::floor(result);
  return ops::cast(result, wanted);
}

NodeRef eye(int64_t rows, h columns, int64_t k, h dtype, h device) {
  Device* d = as_device(device);
  int64_t n = columns.is_none() ? rows : as_int(columns);
  NodeRef i = ops::reshape(ops::iota(rows, d), {rows, 1}), j = ops::iota(n, d);
  return ops::cast(ops::equal(ops::add(i, ops::scalar(Scalar::of(k), DType::i64, d)), j), as_dtype(dtype, default_float()));
}

NodeRef triangle(const NodeRef& x, int64_t k, bool lower) {
  if (x->rank() < 2) raise(Error::value, lower ? "tril" : "triu", ": at least 2 dimensions are needed, not shape ", x->shape);
  int64_t rows = x->shape[x->rank() - 2], columns = x->shape[x->rank() - 1];
  NodeRef i = ops::add(ops::reshape(ops::iota(rows, x->device), {rows, 1}), ops::scalar(Scalar::of(k), DType::i64, x->device));
  NodeRef j = ops::iota(columns, x->device);
  return ops::where(lower ? ops::greater_equal(i, j) : ops::less_equal(i, j), x, ops::scalar(Scalar::of(0), x->dtype, x->device));
}

nb::object requiring(NodeRef node, bool requires_grad) {
  nb::object t = wrap(std::move(node));
  if (requires_grad) tensor_of(t)->set_requires_grad(true);
  return t;
}

}  // namespace

#define WEFT_NEW "dtype: weft._typing.DTypeLike | None = None, device: weft._typing.DeviceLike = None"

void bind_creation(nb::module_& m, TensorClass& t) {
  m.def(
      "asarray",
      [](h data, h dtype, h device, h copy) {
        if (copy.ptr() == Py_False && !tensor_of(data)) raise(Error::value, "asarray: copy=False, but data from outside is always copied");
        return wrap(asarray(data, dtype, device));
      },
      nb::arg("obj"), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), nb::kw_only(), nb::arg("copy") = nb::none(),
      "A tensor of this number, (nested) sequence, array or tensor. Data is copied at once.\n\nPython floats become the default float, ints int64; arrays keep "
      "their dtype.",
      nb::sig("def asarray(obj: " WEFT_LIKE " | typing.Sequence[typing.Any], /, " WEFT_NEW ", *, copy: bool | None = None) -> Tensor"));
  for (const char* name : {"array", "tensor"})
    m.def(
        name, [](h data, h dtype, h device, bool requires_grad) { return requiring(asarray(data, dtype, device), requires_grad); }, nb::arg("obj"),
        nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), nb::kw_only(), nb::arg("requires_grad") = false,
        "asarray(), and optionally a leaf that collects a gradient.",
        nb::sig((std::string("def ") + name + "(obj: " WEFT_LIKE " | typing.Sequence[typing.Any], " WEFT_NEW ", *, requires_grad: bool = False) -> Tensor")
                    .c_str()));
  m.def(
      "from_numpy",
      [](h array, h device, bool copy) {
        NodeRef node = copy ? nullptr : imported(array, as_device(device));
        return wrap(node ? node : from_numpy(array, as_device(device)));
      },
      nb::arg("array"), nb::arg("device") = nb::none(), nb::kw_only(), nb::arg("copy") = true,
      "A tensor with a copy of this array. With copy=False it reads the array's own memory where the device can, and the array must not change.",
      nb::sig("def from_numpy(array: weft._typing.Array, device: weft._typing.DeviceLike = None, *, copy: bool = True) -> Tensor"));

  auto filled = [&](const char* name, double value, const char* doc) {
    std::string n = name;
    m.def(
        name,
        [value](const nb::args& shape, h dtype, h device, bool requires_grad) {
          return requiring(ops::full(args_dims(shape), Scalar::of(value), as_dtype(dtype, default_float()), as_device(device)), requires_grad);
        },
        nb::arg("shape"), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), nb::arg("requires_grad") = false, doc,
        nb::sig(("def " + n + "(*shape: weft._typing.Shape, " WEFT_NEW ", requires_grad: bool = False) -> Tensor").c_str()));
    m.def((n + "_like").c_str(), [value](h x, h dtype, h device) { return wrap(like(x, Scalar::of(value), dtype, device)); }, nb::arg("x"),
          nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), "The same for the shape, dtype and device of x.",
          nb::sig(("def " + n + "_like(x: " WEFT_LIKE ", /, " WEFT_NEW ") -> Tensor").c_str()));
  };
  filled("zeros", 0, "A tensor of this shape full of 0.");
  filled("ones", 1, "A tensor of this shape full of 1.");
  filled("empty", 0, "A tensor of this shape; the content is 0, as nodes are values.");
  m.def(
      "full", [](h shape, h value, h dtype, h device) { return wrap(full(shape, value, dtype, device)); }, nb::arg("shape"), nb::arg("fill_value"),
      nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), "A tensor of this shape full of one value.",
      nb::sig("def full(shape: weft._typing.Shape, fill_value: " WEFT_LIKE ", " WEFT_NEW ") -> Tensor"));
  m.def(
      "full_like",
      [](h x, h value, h dtype, h device) {
        NodeRef node = as_node(x);
        return wrap(like(x, as_scalar(value, as_dtype(dtype, node->dtype)), dtype, device));
      },
      nb::arg("x"), nb::arg("fill_value"), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), "full() for the shape, dtype and device of x.",
      nb::sig("def full_like(x: " WEFT_LIKE ", /, fill_value: weft._typing.Number, " WEFT_NEW ") -> Tensor"));
  m.def(
      "arange", [](h a, h b, h step, h dtype, h device) { return wrap(arange(a, b, step, dtype, device)); }, nb::arg("start"), nb::arg("stop") = nb::none(),
      nb::arg("step") = 1, nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(),
      "start, start + step, ... below stop; from 0 if only one number is given.",
      nb::sig("def arange(start: float, /, stop: float | None = None, step: float = 1, " WEFT_NEW ") -> Tensor"));
  m.def(
      "linspace", [](h a, h b, int64_t n, h dtype, h device, bool endpoint) { return wrap(linspace(a, b, n, endpoint, dtype, device)); }, nb::arg("start"),
      nb::arg("stop"), nb::arg("num") = 50, nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(), nb::kw_only(), nb::arg("endpoint") = true,
      "`num` evenly spaced values from start to stop.",
      nb::sig("def linspace(start: complex, stop: complex, /, num: int = 50, " WEFT_NEW ", *, endpoint: bool = True) -> Tensor"));
  m.def(
      "eye", [](int64_t n, h columns, int64_t k, h dtype, h device) { return wrap(eye(n, columns, k, dtype, device)); }, nb::arg("n_rows"),
      nb::arg("n_cols") = nb::none(), nb::kw_only(), nb::arg("k") = 0, nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(),
      "1 on the k-th diagonal, 0 elsewhere.", nb::sig("def eye(n_rows: int, n_cols: int | None = None, /, *, k: int = 0, " WEFT_NEW ") -> Tensor"));
  for (bool lower : {true, false}) {
    std::string n = lower ? "tril" : "triu";
    auto f = [lower](h x, int64_t k) { return wrap(triangle(as_node(x), k, lower)); };
    const char* doc = lower ? "x with 0 above the k-th diagonal." : "x with 0 below the k-th diagonal.";
    m.def(n.c_str(), f, nb::arg("x"), nb::arg("k") = 0, doc, nb::sig(("def " + n + "(x: " WEFT_LIKE ", /, k: int = 0) -> Tensor").c_str()));
    t.def(n.c_str(), f, nb::arg("k") = 0, doc, nb::sig(("def " + n + "(self, k: int = 0) -> Tensor").c_str()));
  }
}

}  // namespace weft
