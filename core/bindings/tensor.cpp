// The class Tensor: attributes, conversions and Python's protocols.
#include <complex>

#include "bindings/bind.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"

#include <nanobind/stl/complex.h>
#include <nanobind/stl/string.h>

namespace weft {

namespace {

nb::object python_module(const char* module, const char* name) { return nb::module_::import_(module).attr(name); }

// The one element, as a Python number.
nb::object item(const NodeRef& node) {
  if (node->numel() != 1) raise(Error::value, "item: only a tensor of one element is a Python number, not one of shape ", node->shape);
  NodeRef wide = node;
  if (node->dtype == DType::f16 || node->dtype == DType::bf16) wide = ops::cast(node, DType::f32);
  alignas(16) unsigned char raw[16];
  read_bytes(wide, raw);
  auto as = [&]<class T>(T) { return *reinterpret_cast<T*>(raw); };
  switch (wide->dtype) {
    case DType::b1: return nb::cast(bool(raw[0]));
    case DType::i8: return nb::cast(int(as(int8_t())));
    case DType::i16: return nb::cast(int(as(int16_t())));
    case DType::i32: return nb::cast(as(int32_t()));
    case DType::i64: return nb::cast(as(int64_t()));
    case DType::u8: return nb::cast(int(as(uint8_t())));
    case DType::u16: return nb::cast(int(as(uint16_t())));
    case DType::u32: return nb::cast(as(uint32_t()));
    case DType::u64: return nb::cast(as(uint64_t()));
    case DType::f64: return nb::cast(as(double()));
    case DType::c64: return nb::cast(std::complex<double>(as(std::complex<float>())));
    case DType::c128: return nb::cast(as(std::complex<double>()));
    default: return nb::cast(double(as(float())));
  }
}

nb::object number(const Tensor& t, PyObject* (*convert)(PyObject*)) {
  nb::object result = nb::steal(convert(item(t.node()).ptr()));
  if (!result.is_valid()) throw nb::python_error();
  return result;
}

nb::object array(const Tensor& t, nb::handle dtype, nb::handle copy) {
  nb::object result = to_numpy(t.node(), "__array__", copy.ptr() == Py_True);
  if (dtype.is_none() || result.attr("dtype").equal(dtype)) return result;
  if (copy.ptr() == Py_False) raise(Error::value, "__array__: a copy is needed to change the dtype");
  return result.attr("astype")(dtype);
}

nb::object transfer(const Tensor& t, Device* device) {
  NodeRef node = t.node();
  if (node->device == device) return nb::object();
  NodeRef moved;
  {
    WithoutGil nogil;
    moved = to_device(node, device);
  }
  return wrap(moved);
}

// t.to("opencl:0"), t.to(weft.float16), t.to(other), t.to(device, dtype)
nb::object to(nb::handle self, const nb::args& args, nb::handle device, nb::handle dtype, bool copy) {
  nb::object result = nb::borrow(self);
  auto move = [&](Device* d) {
    if (nb::object moved = transfer(*tensor_of(result), d); moved.is_valid()) result = moved;
  };
  auto cast = [&](DType d) {
    if (tensor_of(result)->node()->dtype != d) result = wrap(ops::cast(tensor_of(result)->node(), d));
  };
  auto is_dtype_name = [](nb::handle h) {
    std::string text = nb::cast<std::string>(h);
    for (int i = 0; i < kDTypes; ++i)
      if (text == name(DType(i))) return true;
    return false;
  };
  for (nb::handle h : args) {
    if (Tensor* other = tensor_of(h)) {
      move(other->node()->device);
      cast(other->node()->dtype);
    } else if (nb::isinstance<PyDevice>(h) || (nb::isinstance<nb::str>(h) && !is_dtype_name(h))) {
      move(as_device(h));
    } else if (!h.is_none()) {
      cast(as_dtype(h));
    }
  }
  if (!device.is_none()) move(as_device(device));
  if (!dtype.is_none()) cast(as_dtype(dtype));
  if (copy && result.is(self)) result = wrap(tensor_of(result)->node());
  return result;
}

nb::object assign(nb::handle self, nb::handle value) {
  Tensor* t = tensor_of(self);
  const NodeRef& old = t->node();
  NodeRef node = operand(value, old);
  if (!node) node = as_node(value, old->device);
  if (node->shape != old->shape) {
    if (node->rank()) raise(Error::value, "assign: a value of shape ", node->shape, " for a tensor of shape ", old->shape);
    node = ops::broadcast_to(node, old->shape);
  }
  if (node->device != old->device) {
    WithoutGil nogil;
    node = to_device(node, old->device);
  }
  node = ops::cast(node, old->dtype);
  t->rebind(ops::stop_gradient(node));
  return nb::borrow(self);
}

struct Rows {  // iterates the first axis
  NodeRef node;
  int64_t at = 0;
};

void attributes(TensorClass& t) {
  t.def_prop_ro(
      "shape", [](const Tensor& t) { return to_tuple(t.node()->shape); }, "Its sizes, a tuple of ints.",
      nb::for_getter(nb::sig("def shape(self) -> tuple[int, ...]")));
  t.def_prop_ro(
      "dtype", [](const Tensor& t) { return dtype_object(t.node()->dtype); }, "Its element type.", nb::for_getter(nb::sig("def dtype(self) -> dtype")));
  t.def_prop_ro("device", [](const Tensor& t) { return PyDevice{t.node()->device}; }, "Where it is.");
  t.def_prop_ro("ndim", [](const Tensor& t) { return t.node()->rank(); }, "The number of its dimensions.");
  t.def_prop_ro("size", [](const Tensor& t) { return t.node()->numel(); }, "The number of its elements.");
  t.def_prop_ro("itemsize", [](const Tensor& t) { return size_of(t.node()->dtype); }, "Bytes of one element.");
  t.def_prop_ro("nbytes", [](const Tensor& t) { return t.node()->numel() * size_of(t.node()->dtype); }, "Bytes of all elements.");
  t.def_prop_ro("is_leaf", [](const Tensor& t) { return t.is_leaf(); }, "True unless it is computed from tensors that require a gradient.");
  t.def_prop_rw(
      "requires_grad", [](const Tensor& t) { return t.node()->requires_grad; }, [](Tensor& t, bool on) { t.set_requires_grad(on); },
      "Whether backward() computes a gradient for it.");
  t.def_prop_rw(
      "grad", [](const Tensor& t) { return t.grad().is_valid() ? t.grad() : nb::none(); },
      [](Tensor& t, nb::handle g) {
        if (g.is_none()) return t.set_grad(nb::object());
        Tensor* value = tensor_of(g);
        if (!value) raise(Error::type, "grad: expected a Tensor or None");
        if (value->node()->shape != t.node()->shape) raise(Error::value, "grad: shape ", value->node()->shape, " for a tensor of shape ", t.node()->shape);
        t.set_grad(nb::borrow(g));
      },
      nb::arg("value").none(), "The gradient backward() has added up, or None.", nb::for_getter(nb::sig("def grad(self) -> Tensor | None")),
      nb::for_setter(nb::sig("def grad(self, value: Tensor | None, /) -> None")));
  t.def("dim", [](const Tensor& t) { return t.node()->rank(); }, "The number of dimensions.");
  t.def("numel", [](const Tensor& t) { return t.node()->numel(); }, "The number of elements.");
  t.def("element_size", [](const Tensor& t) { return size_of(t.node()->dtype); }, "Bytes of one element.");
}

void conversions(TensorClass& t) {
  t.def(
      "numpy", [](const Tensor& t) { return to_numpy(t.node(), "numpy()"); },
      "Its value as a NumPy array: a read-only view where the device shares memory with the host, else a copy. bfloat16 becomes float32.",
      nb::sig("def numpy(self) -> weft._typing.Array"));
  t.def(
      "item", [](const Tensor& t) { return item(t.node()); }, "The one element as a Python number. Waits for it. Raises ValueError if there are more.",
      nb::sig("def item(self) -> typing.Any"));
  t.def(
      "tolist", [](const Tensor& t) { return to_numpy(t.node(), "tolist()").attr("tolist")(); }, "Nested lists of Python numbers.",
      nb::sig("def tolist(self) -> typing.Any"));
  t.def("to", &to, nb::arg("args"), nb::arg("device") = nb::none(), nb::arg("dtype") = nb::none(), nb::arg("copy") = false,
        "To another device, dtype, or both: t.to(\"opencl:0\"), t.to(weft.float16), t.to(other). Itself where nothing changes.",
        nb::sig("def to(self, *args: weft._typing.DeviceLike | weft._typing.DTypeLike | Tensor, device: weft._typing.DeviceLike = None, "
                "dtype: weft._typing.DTypeLike | None = None, copy: bool = False) -> Tensor"));
  t.def(
      "to_device",
      [](nb::handle self, nb::handle device, nb::handle) {
        nb::object moved = transfer(*tensor_of(self), as_device(device));
        return moved.is_valid() ? moved : nb::borrow(self);
      },
      nb::arg("device"), nb::kw_only(), nb::arg("stream") = nb::none(), "The same value on another device (Array API).",
      nb::sig("def to_device(self, device: weft._typing.DeviceLike, /, *, stream: None = None) -> Tensor"));
  t.def(
      "cpu",
      [](nb::handle self) {
        nb::object moved = transfer(*tensor_of(self), as_device(nb::str("cpu")));
        return moved.is_valid() ? moved : nb::borrow(self);
      },
      "The same value on the CPU.", nb::sig("def cpu(self) -> Tensor"));
  t.def(
      "astype", [](const Tensor& t, nb::handle dtype, bool) { return wrap(ops::cast(t.node(), as_dtype(dtype))); }, nb::arg("dtype"), nb::kw_only(),
      nb::arg("copy") = true, "Converted to another dtype.", nb::sig("def astype(self, dtype: weft._typing.DTypeLike, *, copy: bool = True) -> Tensor"));
  t.def(
      "type", [](const Tensor& t, nb::handle dtype) { return wrap(ops::cast(t.node(), as_dtype(dtype))); }, nb::arg("dtype"), "Converted to another dtype.",
      nb::sig("def type(self, dtype: weft._typing.DTypeLike) -> Tensor"));
  auto cast = [&](const char* name, DType d) {
    t.def(name, [d](const Tensor& t) { return wrap(ops::cast(t.node(), d)); }, nb::sig((std::string("def ") + name + "(self) -> Tensor").c_str()));
  };
  cast("float", DType::f32), cast("double", DType::f64), cast("half", DType::f16), cast("bfloat16", DType::bf16), cast("bool", DType::b1);
  cast("int", DType::i32), cast("long", DType::i64), cast("short", DType::i16), cast("char", DType::i8), cast("byte", DType::u8);
  t.def("assign", &assign, nb::arg("value"),
        "Give this handle a new value of its shape; cast to its dtype, moved to its device. No gradient flows. Returns itself.",
        nb::sig("def assign(self, value: " WEFT_LIKE ") -> Tensor"));
  t.def_prop_rw(
      "data", [](const Tensor& t) { return wrap(ops::stop_gradient(t.node())); },
      [](Tensor& t, const Tensor& value) { t.rebind(ops::stop_gradient(value.node())); },
      "The value without its gradient; set, it may have another shape, dtype or device.", nb::for_getter(nb::sig("def data(self) -> Tensor")),
      nb::for_setter(nb::sig("def data(self, value: Tensor, /) -> None")));
  t.def("copy_", &assign, nb::arg("value"), "PyTorch's name of assign().", nb::sig("def copy_(self, value: " WEFT_LIKE ") -> Tensor"));
  t.def(
      "fill_", [](nb::handle self, nb::handle value) { return assign(self, value); }, nb::arg("value"), "Give every element this value.",
      nb::sig("def fill_(self, value: weft._typing.Number) -> Tensor"));
  t.def("zero_", [](nb::handle self) { return assign(self, nb::int_(0)); }, "Give every element the value 0.", nb::sig("def zero_(self) -> Tensor"));
  t.def("clone", [](const Tensor& t) { return wrap(t.node()); }, "A new handle of the same value; gradients flow.", nb::sig("def clone(self) -> Tensor"));
  t.def("copy", [](const Tensor& t) { return wrap(t.node()); }, "A new handle of the same value; gradients flow.", nb::sig("def copy(self) -> Tensor"));
  t.def("contiguous", [](nb::handle self) { return nb::borrow(self); }, "Itself: layout is the core's affair.", nb::sig("def contiguous(self) -> Tensor"));
}

nb::tuple pickle(const Tensor& t) {
  const NodeRef& node = t.node();
  bool bf16 = node->dtype == DType::bf16;
  nb::object value = to_numpy(bf16 ? ops::bitcast(node, DType::u16) : node, "pickle", true);
  return nb::make_tuple(python_module("weft._protocols", "rebuild"), nb::make_tuple(value, name(node->dtype), t.is_leaf() && node->requires_grad));
}

void protocols(TensorClass& t) {
  t.def("__repr__", [](nb::handle self) { return python_module("weft._repr", "tensor_repr")(self); }, nb::sig("def __repr__(self) -> str"));
  t.def("__str__", [](nb::handle self) { return python_module("weft._repr", "tensor_str")(self); }, nb::sig("def __str__(self) -> str"));
  t.def(
      "__format__",
      [](nb::handle self, nb::handle spec) {
        if (!tensor_of(self)->node()->rank() && nb::len(spec)) return nb::object(item(tensor_of(self)->node()).attr("__format__")(spec));
        return nb::object(nb::str(self));
      },
      nb::sig("def __format__(self, spec: str, /) -> str"));
  t.def("__bool__", [](const Tensor& t) {
    if (t.node()->numel() != 1) raise(Error::value, "the truth value of a tensor of shape ", t.node()->shape, " is ambiguous; use any() or all()");
    return PyObject_IsTrue(item(t.node()).ptr()) == 1;
  });
  t.def("__int__", [](const Tensor& t) { return number(t, PyNumber_Long); }, nb::sig("def __int__(self) -> int"));
  t.def("__float__", [](const Tensor& t) { return number(t, PyNumber_Float); }, nb::sig("def __float__(self) -> float"));
  t.def("__complex__", [](const Tensor& t) { return python_module("builtins", "complex")(item(t.node())); }, nb::sig("def __complex__(self) -> complex"));
  t.def(
      "__index__",
      [](const Tensor& t) {
        if (!is_int(t.node()->dtype) || t.node()->rank())
          raise(Error::type, "only an integer tensor of shape () can be an index, not ", name(t.node()->dtype), " of shape ", t.node()->shape);
        return item(t.node());
      },
      nb::sig("def __index__(self) -> int"));
  t.def("__len__", [](const Tensor& t) {
    if (!t.node()->rank()) raise(Error::type, "a tensor of shape () has no len()");
    return t.node()->shape[0];
  });
  t.def(
      "__iter__",
      [](const Tensor& t) {
        if (!t.node()->rank()) raise(Error::type, "a tensor of shape () cannot be iterated");
        return Rows{t.node()};
      },
      nb::sig("def __iter__(self) -> collections.abc.Iterator[Tensor]"));
  t.def(
      "__contains__",
      [](nb::handle self, nb::handle value) {
        Operands pair = operands(self, value, true);
        NodeRef hit = ops::equal(pair.a, pair.b);
        return nb::cast<bool>(item(ops::any(hit, ops::all_axes(hit))));
      },
      nb::sig("def __contains__(self, value: object, /) -> bool"));
  t.def("__hash__", [](nb::handle self) { return Py_hash_t((uintptr_t)self.ptr() >> 4); });
  t.def("__array__", &array, nb::arg("dtype") = nb::none(), nb::arg("copy") = nb::none(),
        nb::sig("def __array__(self, dtype: typing.Any = None, copy: bool | None = None) -> weft._typing.Array"));
  t.def(
      "__array_ufunc__",
      [](nb::handle self, nb::handle ufunc, nb::handle method, const nb::args& inputs, const nb::kwargs& kwargs) {
        return python_module("weft._protocols", "array_ufunc")(ufunc, method, *inputs, **kwargs);
      },
      nb::sig("def __array_ufunc__(self, ufunc: typing.Any, method: str, *inputs: typing.Any, **kwargs: typing.Any) -> typing.Any"));
  t.attr("__array_priority__") = 1000.0;
  t.def(
      "__array_namespace__", [](nb::handle, nb::handle) { return nb::module_::import_("weft"); }, nb::kw_only(), nb::arg("api_version") = nb::none(),
      "The module whose functions take this tensor (Array API).", nb::sig("def __array_namespace__(self, *, api_version: str | None = None) -> typing.Any"));
  t.def(
      "__reduce_ex__", [](const Tensor& t, int) { return pickle(t); },
      nb::sig("def __reduce_ex__(self, protocol: typing.SupportsIndex, /) -> tuple[typing.Any, ...]"));
  t.def("__copy__", [](const Tensor& t) { return wrap(t.node()); }, nb::sig("def __copy__(self) -> Tensor"));
  t.def(
      "__deepcopy__",
      [](const Tensor& t, nb::handle memo) {
        if (!t.is_leaf()) raise(Error::runtime, "deepcopy: only leaves can be copied; detach() the tensor first");
        NodeRef value = ops::stop_gradient(t.node());
        nb::object copy = wrap(value);
        if (t.node()->requires_grad) tensor_of(copy)->set_requires_grad(true);
        return copy;
      },
      nb::sig("def __deepcopy__(self, memo: dict[int, typing.Any], /) -> Tensor"));
}

// Methods of functions that are written in Python.
void delegated(TensorClass& t) {
  auto add = [&](const char* name, const char* module, const char* arguments, const char* result) {
    std::string text = std::string("def ") + name + "(self" + arguments + ") -> " + result;
    t.def(
        name, [name, module](nb::handle self, const nb::args& args, const nb::kwargs& kwargs) { return python_module(module, name)(self, *args, **kwargs); },
        nb::sig(text.c_str()));
  };
  const char* axis = ", axis: weft._typing.Axis = None, *, keepdims: bool = False";
  add("nonzero", "weft._sets", "", "tuple[Tensor, ...]");
  add("diagonal", "weft._functions", ", offset: int = 0, axis1: int = 0, axis2: int = 1", "Tensor");
  add("trace", "weft._functions", ", offset: int = 0, axis1: int = 0, axis2: int = 1", "Tensor");
  add("diff", "weft._statistics", ", n: int = 1, axis: int = -1", "Tensor");
  add("median", "weft._statistics", axis, "Tensor");
  add("quantile", "weft._statistics", ", q: weft._typing.ArrayLike, axis: weft._typing.Axis = None, *, keepdims: bool = False", "Tensor");
  add("isclose", "weft._functions", ", other: " WEFT_LIKE ", rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False", "Tensor");
  add("allclose", "weft._functions", ", other: " WEFT_LIKE ", rtol: float = 1e-5, atol: float = 1e-8, equal_nan: bool = False", "bool");
  add("softmax", "weft.nn.functional", ", dim: int = -1", "Tensor");
  add("log_softmax", "weft.nn.functional", ", dim: int = -1", "Tensor");
  add("norm", "weft.linalg", ", ord: float | str | None = None, axis: int | typing.Sequence[int] | None = None, keepdims: bool = False", "Tensor");
}

}  // namespace

TensorClass bind_tensor(nb::module_& m) {
  TensorClass t(m, "Tensor", nb::is_weak_referenceable(),
                "An immutable value on a device, computed when it is needed.\n\nOperations give new tensors. `t[i] = v`, `t += v` and "
                "`assign` make this handle name a new value; views and other handles keep the old one.");
  tensor_type = (PyTypeObject*)t.ptr();
  nb::class_<Rows>(m, "_Rows")
      .def("__iter__", [](nb::handle self) { return nb::borrow(self); })
      .def(
          "__next__",
          [](Rows& rows) {
            if (rows.at >= rows.node->shape[0]) throw nb::stop_iteration();
            const Dims& shape = rows.node->shape;
            Dims start(shape.size(), 0), step(shape.size(), 1), size = shape, rest(shape.begin() + 1, shape.end());
            start[0] = rows.at++;
            size[0] = 1;
            return wrap(ops::reshape(ops::slice(rows.node, start, size, step), rest));
          },
          nb::sig("def __next__(self) -> Tensor"));
  t.def(
      "__init__",
      [](Tensor* self, nb::handle data, nb::handle dtype, nb::handle device) {
        nb::object made = nb::module_::import_("weft._core").attr("asarray")(data, nb::arg("dtype") = dtype, nb::arg("device") = device);
        new (self) Tensor(tensor_of(made)->node());
      },
      nb::arg("data"), nb::arg("dtype") = nb::none(), nb::arg("device") = nb::none(),
      nb::sig("def __init__(self, data: " WEFT_LIKE
              " | typing.Sequence[typing.Any], dtype: weft._typing.DTypeLike | None = None, device: weft._typing.DeviceLike = None) -> None"));
  attributes(t);
  conversions(t);
  protocols(t);
  delegated(t);
  m.def(
      "_rebuild",
      [](nb::handle value, const std::string& dtype, bool requires_grad) {
        NodeRef node = from_numpy(value, default_device());
        DType d = dtype_from_name(dtype);
        if (node->dtype != d) node = ops::bitcast(node, d);
        nb::object made = wrap(node);
        if (requires_grad) tensor_of(made)->set_requires_grad(true);
        return made;
      },
      nb::sig("def _rebuild(value: weft._typing.Array, dtype: str, requires_grad: bool) -> Tensor"));
  return t;
}

}  // namespace weft
