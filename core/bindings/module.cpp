// The extension module weft._core.
#include "bindings/bind.h"
#include "runtime/gil.h"

#ifdef Py_LIMITED_API
extern "C" int PyGILState_Check();  // exported by every Python, but not declared for the stable ABI
#endif

namespace weft {

namespace {

nb::handle new_exception(nb::module_& m, const char* name, PyObject* base, const char* doc) {
  PyObject* type = PyErr_NewExceptionWithDoc((std::string("weft.") + name).c_str(), doc, base, nullptr);
  if (!type) throw nb::python_error();
  m.attr(name) = nb::borrow(type);
  return type;  // lives as long as the process
}

PyObject* out_of_memory = nullptr;
PyObject* host_fallback = nullptr;

void set_error(const Error& e) {
  PyObject* type = PyExc_RuntimeError;
  nb::object backend_error;
  switch (e.kind) {
    case Error::value: type = PyExc_ValueError; break;
    case Error::type: type = PyExc_TypeError; break;
    case Error::index: type = PyExc_IndexError; break;
    case Error::runtime: break;
    case Error::memory: type = out_of_memory; break;
    case Error::unsupported: type = host_fallback; break;
    case Error::backend:
      backend_error = nb::module_::import_("weft.backend").attr("BackendError");
      type = backend_error.ptr();
      break;
  }
  PyErr_SetString(type, e.what());
}

}  // namespace
}  // namespace weft

NB_MODULE(_core, m) {
  using namespace weft;
  nb::set_leak_warnings(false);  // modules and handles of a closing interpreter are no leak
  m.doc() = "The core of weft: tensors, their operations, and the runtime below them.";
  out_of_memory = new_exception(m, "OutOfMemoryError", PyExc_MemoryError, "A device has no room, or its memory limit is reached.").ptr();
  host_fallback = new_exception(m, "HostFallbackError", PyExc_RuntimeError, "With WEFT_STRICT=1, a computation that would leave its device.").ptr();
  nb::register_exception_translator([](const std::exception_ptr& p, void*) {
    try {
      std::rethrow_exception(p);
    } catch (const Error& e) {
      set_error(e);
    }
  });
  set_gil_hooks(
      {[]() -> void* { return PyGILState_Check() ? PyEval_SaveThread() : nullptr; }, [](void* state) { PyEval_RestoreThread((PyThreadState*)state); }});
  nb::set_leak_warnings(false);  // dtypes live as long as the process
  bind_types(m);
  TensorClass t = bind_tensor(m);
  bind_operators(t);
  bind_elementwise(m, t);
  bind_reduce(m, t);
  bind_movement(m, t);
  bind_indexing(m, t);
  bind_select(m, t);
  bind_products(m, t);
  bind_creation(m, t);
  bind_autograd(m, t);
  bind_random(m);
  bind_compile(m);
  bind_graph(m);
  bind_site(m);
  bind_trees(m);
  bind_runtime(m, t);
  bind_backends(m);
}
