// weft.dtype and weft.device.
#include <array>
#include <vector>

#include "bindings/bind.h"

namespace weft {

namespace {

std::array<PyObject*, kDTypes>& dtype_objects() {
  static std::array<PyObject*, kDTypes> objects{};
  return objects;
}

const char* kind_of(DType d) {  // as NumPy's dtype.kind
  if (d == DType::b1) return "b";
  if (is_complex(d)) return "c";
  if (is_float(d)) return "f";
  return is_unsigned(d) ? "u" : "i";
}

// The devices `with` blocks of this thread put aside.
std::vector<Device*>& entered() {
  static thread_local std::vector<Device*> stack;
  return stack;
}

void bind_dtype(nb::module_& m) {
  nb::class_<PyDType>(m, "dtype", "An element type: weft.float32, or weft.dtype(\"float32\").")
      .def(
          "__init__", [](PyDType* self, nb::handle value) { new (self) PyDType{as_dtype(value)}; }, nb::arg("value"),
          nb::sig("def __init__(self, value: weft._typing.DTypeLike) -> None"))
      .def_prop_ro(
          "name", [](const PyDType& d) { return name(d.dtype); }, "NumPy's name: \"float32\".")
      .def_prop_ro(
          "itemsize", [](const PyDType& d) { return size_of(d.dtype); }, "Bytes of one element.")
      .def_prop_ro(
          "kind", [](const PyDType& d) { return kind_of(d.dtype); }, "One of \"b\", \"i\", \"u\", \"f\", \"c\", as in NumPy.")
      .def(
          "__eq__", [](const PyDType& a, nb::handle b) { return nb::isinstance<PyDType>(b) && nb::cast<PyDType&>(b).dtype == a.dtype; },
          nb::arg("other").none(), nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def(
          "__ne__", [](const PyDType& a, nb::handle b) { return !nb::isinstance<PyDType>(b) || nb::cast<PyDType&>(b).dtype != a.dtype; },
          nb::arg("other").none(), nb::sig("def __ne__(self, other: object, /) -> bool"))
      .def("__hash__", [](const PyDType& d) { return int(d.dtype) + 7919; })
      .def("__str__", [](const PyDType& d) { return std::string("weft.") + name(d.dtype); })
      .def("__repr__", [](const PyDType& d) { return std::string("weft.") + name(d.dtype); })
      .def(
          "__reduce__", [](nb::handle self) { return nb::make_tuple(nb::borrow(self.type()), nb::make_tuple(name(nb::cast<PyDType&>(self).dtype))); },
          nb::sig("def __reduce__(self) -> tuple[object, ...]"));
  for (int i = 0; i < kDTypes; ++i) {
    nb::object object = nb::cast(PyDType{DType(i)});
    m.attr(name(DType(i))) = object;
    dtype_objects()[i] = object.release().ptr();
  }
}

void bind_device(nb::module_& m) {
  nb::class_<PyDevice>(m, "device", "A device, weft.device(\"opencl:0\"). In a `with` block it is where new tensors go.")
      .def(
          "__init__", [](PyDevice* self, nb::handle name) { new (self) PyDevice{as_device(name)}; }, nb::arg("name"),
          nb::sig("def __init__(self, name: str | device) -> None"))
      .def_prop_ro(
          "name", [](const PyDevice& d) { return d.device->name; }, "Its full name: \"cpu:0\".")
      .def_prop_ro(
          "type", [](const PyDevice& d) { return d.device->backend->name; }, "The name of its backend: \"cpu\".")
      .def_prop_ro(
          "index", [](const PyDevice& d) { return d.device->index; }, "Its number among the devices of its backend.")
      .def_prop_ro(
          "kind", [](const PyDevice& d) { return d.device->info.kind; }, "\"cpu\", \"gpu\" or \"accelerator\".")
      .def_prop_ro(
          "description", [](const PyDevice& d) { return d.device->info.name; }, "What the driver calls it.")
      .def_prop_ro(
          "memory", [](const PyDevice& d) { return d.device->info.memory; }, "Its memory in bytes; 0 if unknown.")
      .def(
          "__eq__", [](const PyDevice& a, nb::handle b) { return nb::isinstance<PyDevice>(b) && nb::cast<PyDevice&>(b).device == a.device; },
          nb::arg("other").none(), nb::sig("def __eq__(self, other: object, /) -> bool"))
      .def(
          "__ne__", [](const PyDevice& a, nb::handle b) { return !nb::isinstance<PyDevice>(b) || nb::cast<PyDevice&>(b).device != a.device; },
          nb::arg("other").none(), nb::sig("def __ne__(self, other: object, /) -> bool"))
      .def("__hash__", [](const PyDevice& d) { return std::hash<void*>()(d.device); })
      .def("__str__", [](const PyDevice& d) { return d.device->name; })
      .def("__repr__", [](const PyDevice& d) { return "weft.device('" + d.device->name + "')"; })
      .def(
          "__reduce__", [](nb::handle self) { return nb::make_tuple(nb::borrow(self.type()), nb::make_tuple(nb::cast<PyDevice&>(self).device->name)); },
          nb::sig("def __reduce__(self) -> tuple[object, ...]"))
      .def(
          "__enter__",
          [](nb::handle self) {
            entered().push_back(set_thread_device(nb::cast<PyDevice&>(self).device));
            return nb::borrow(self);
          },
          nb::sig("def __enter__(self) -> device"))
      .def(
          "__exit__",
          [](PyDevice&, const nb::args&) {
            set_thread_device(entered().back());
            entered().pop_back();
          },
          nb::sig("def __exit__(self, *args: object) -> None"));
}

}  // namespace

std::vector<Device*>& believed_devices() {
  static auto* devices = new std::vector<Device*>();
  return *devices;
}

Device*& resolved_device() {
  static Device* device = nullptr;
  return device;
}

nb::object dtype_object(DType dtype) { return nb::borrow(dtype_objects()[int(dtype)]); }

DType as_dtype(nb::handle h) {
  if (nb::isinstance<PyDType>(h)) return nb::cast<PyDType&>(h).dtype;
  // Python's own types mean the defaults, not NumPy's float64.
  if (h.ptr() == (PyObject*)&PyFloat_Type) return default_float();
  if (h.ptr() == (PyObject*)&PyLong_Type) return DType::i64;
  if (h.ptr() == (PyObject*)&PyBool_Type) return DType::b1;
  if (h.ptr() == (PyObject*)&PyComplex_Type) return complex_of(default_float());
  if (nb::isinstance<nb::str>(h)) {
    std::string text = nb::cast<std::string>(h);
    if (text.rfind("weft.", 0) == 0) text = text.substr(5);
    for (int i = 0; i < kDTypes; ++i)
      if (text == name(DType(i))) return DType(i);
  }
  if (tensor_of(h)) raise(Error::type, "a tensor is not a dtype; use its .dtype");
  nb::object found;
  try {
    found = nb::module_::import_("numpy").attr("dtype")(h);
  } catch (nb::python_error& e) {
    if (!e.matches(PyExc_TypeError)) throw;
  }
  if (!found.is_valid())
    raise(Error::type, "not a dtype: ", nb::repr(h).c_str(),
          "; weft has bool, int8..64, uint8..64, float16, bfloat16, float32, float64, complex64, complex128");
  return dtype_from_name(nb::cast<std::string>(found.attr("name")));
}

DType as_dtype(nb::handle h, DType otherwise) { return h.is_none() ? otherwise : as_dtype(h); }

Device* as_device(nb::handle h) {
  if (h.is_none()) return default_device();
  if (nb::isinstance<PyDevice>(h)) return nb::cast<PyDevice&>(h).device;
  if (!nb::isinstance<nb::str>(h)) raise(Error::type, "device: expected a name such as \"cpu\" or \"opencl:0\", or a weft.device, not ", nb::repr(h).c_str());
  std::string wanted = nb::cast<std::string>(h);
  for (Device* d : believed_devices())
    if (d->name == wanted || (d->index == 0 && d->backend->name == wanted)) return d;
  // Not known yet: _devices.py loads the backend, or says what there is.
  return nb::cast<PyDevice&>(nb::module_::import_("weft._devices").attr("resolve")(h)).device;
}

void bind_types(nb::module_& m) {
  bind_dtype(m);
  m.def(
      "promote_types", [](nb::handle a, nb::handle b) { return dtype_object(promote(as_dtype(a), as_dtype(b))); }, nb::arg("type1"), nb::arg("type2"),
      "The dtype in which both meet.", nb::sig("def promote_types(type1: weft._typing.DTypeLike, type2: weft._typing.DTypeLike) -> dtype"));
  m.def(
      "_weak_result",
      [](nb::handle dtype, nb::handle number) {
        auto s = scalar_of(number);
        if (!s) raise(Error::type, "expected a Python number, not ", nb::repr(number).c_str());
        return dtype_object(dtype.is_none() ? scalar_dtype(s->value.kind) : weak_result(as_dtype(dtype), s->value.kind));
      },
      nb::arg("dtype").none(), nb::arg("number"), "The dtype of a tensor and a Python number together.",
      nb::sig("def _weak_result(dtype: weft._typing.DTypeLike | None, number: complex) -> dtype"));
  bind_device(m);
}

}  // namespace weft
