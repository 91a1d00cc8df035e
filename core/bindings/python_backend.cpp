// Backends: native libraries, and the adapter that lets an object of weft.backend.Backend serve the core.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/bind.h"
#include "fuse/kernel.h"
#include "runtime/gil.h"

namespace weft {

namespace {

using h = nb::handle;

nb::object protocol(const char* name) { return nb::module_::import_("weft.backend").attr(name); }

// Buffers, programs and executables of a Python backend are its own objects; the core holds a reference of each.
class PythonBackend : public Backend {
 public:
  explicit PythonBackend(h object) : self_(nb::borrow(object).release()) {
    name = nb::cast<std::string>(self_.attr("name"));
    int major = nb::cast<int>(self_.attr("abi_major"));
    if (major != WEFT_ABI_MAJOR)
      raise(Error::backend, name, ": made for version ", major, " of the backend interface, this weft has ", WEFT_ABI_MAJOR, "; install matching versions");
    h c = nb::object(self_.attr("capabilities")).release();
    for (h d : nb::iter(c.attr("dtypes"))) capabilities.dtypes |= 1u << int(dtype_from_name(nb::cast<std::string>(d)));
    for (h k : nb::iter(c.attr("kinds"))) capabilities.kinds.insert(nb::cast<std::string>(k));
    for (h e : nb::iter(c.attr("extra"))) capabilities.extra.insert(nb::cast<std::string>(e));
    auto number = [&](const char* name, auto& out) { out = nb::cast<std::decay_t<decltype(out)>>(c.attr(name)); };
    number("max_args", capabilities.max_args);
    number("max_param_words", capabilities.max_param_words);
    number("max_registers", capabilities.max_registers);
    number("max_instrs", capabilities.max_instrs);
    number("local_memory", capabilities.local_memory);
    number("max_alloc", capabilities.max_alloc);
    number("alignment", capabilities.alignment);
    // Memory is not shared: the protocol has no way to give an address.
  }

  std::vector<DeviceInfo> devices() override {
    return call("devices", [&] {
      std::vector<DeviceInfo> out;
      for (h d : nb::iter(self_.attr("devices")()))
        out.push_back({nb::cast<std::string>(d.attr("name")), nb::cast<std::string>(d.attr("kind")), nb::cast<int64_t>(d.attr("memory"))});
      return out;
    });
  }
  void* alloc(int device, int64_t nbytes) override {
    return call("alloc", [&] { return kept(self_.attr("alloc")(device, nbytes)); });
  }
  void free(int device, void* buffer) override {
    quietly("free", [&] {
      nb::object owned = nb::steal((PyObject*)buffer);
      self_.attr("free")(device, owned);
    });
  }
  void copy_in(int device, void* dst, int64_t offset, const void* src, int64_t nbytes) override {
    if (!nbytes) return;
    call("copy_in", [&] {
      View view((void*)src, nbytes, PyBUF_READ);
      self_.attr("copy_in")(device, object(dst), offset, view.object);
    });
  }
  void copy_out(int device, void* dst, void* src, int64_t offset, int64_t nbytes) override {
    if (!nbytes) return;
    call("copy_out", [&] {
      View view(dst, nbytes, PyBUF_WRITE);
      self_.attr("copy_out")(device, view.object, object(src), offset);
    });
  }
  void* compile(int device, const Kernel& kernel) override {
    return call("compile", [&]() -> void* {
      try {
        return kept(self_.attr("compile")(device, kernel_object(kernel)));
      } catch (nb::python_error& e) {
        if (e.matches(protocol("Unsupported"))) return nullptr;
        throw;
      }
    });
  }
  void free_program(void* program) override { forget(program); }
  void* load(int device, int slots, int param_words, const std::vector<PlanLaunch>& launches) override {
    return call("load", [&] {
      nb::list list;
      nb::object launch = protocol("Launch");
      for (const PlanLaunch& l : launches) list.append(launch(object(l.program), nb::tuple(nb::cast(l.slots)), l.first_param));
      return kept(self_.attr("load")(device, protocol("Plan")(slots, param_words, nb::tuple(list))));
    });
  }
  void unload(void* executable) override {
    quietly("unload", [&] {
      nb::object owned = nb::steal((PyObject*)executable);
      self_.attr("unload")(owned);
    });
  }
  void run(void* executable, void* const* buffers, int slots, const int64_t* params, int words, std::vector<double>* seconds) override {
    call("run", [&] {
      nb::list list;
      for (int i = 0; i < slots; ++i) list.append(buffers[i] ? object(buffers[i]) : nb::none());
      View view((void*)params, int64_t(words) * 8, PyBUF_READ, words > 0);
      nb::object measured = self_.attr("run")(object(executable), list, view.object, seconds != nullptr);
      if (seconds && !measured.is_none()) *seconds = nb::cast<std::vector<double>>(measured);
    });
  }
  void wait(int device) override {
    call("wait", [&] { self_.attr("wait")(device); });
  }
  int status(int device) override {
    return call("status", [&] { return nb::cast<int>(self_.attr("status")(device)); });
  }
  int64_t kernel_builds() override {
    return call("kernel_builds", [&] { return nb::cast<int64_t>(self_.attr("kernel_builds")()); });
  }

 private:
  // Memory of the core, lent for one call.
  struct View {
    nb::object base, object;
    View(void* data, int64_t nbytes, int flags, bool words = false) {
      static char nothing;
      base = nb::steal(PyMemoryView_FromMemory(nbytes ? (char*)data : &nothing, Py_ssize_t(nbytes), flags));
      if (!base.is_valid()) throw nb::python_error();
      object = words ? base.attr("cast")("q") : base;
    }
  };

  static nb::object object(void* p) { return nb::borrow((PyObject*)p); }
  static void* kept(nb::object object) { return object.release().ptr(); }
  static void forget(void* p) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    nb::error_scope pending;
    Py_XDECREF((PyObject*)p);
  }

  // With the GIL; what Python raises becomes the core's error.
  template <class F>
  auto call(const char* what, F f) -> decltype(f()) {
    nb::gil_scoped_acquire gil;
    try {
      return f();
    } catch (nb::python_error& e) {
      if (e.matches(PyExc_KeyboardInterrupt)) throw;
      std::string text = nb::cast<std::string>(nb::str(e.value()));
      if (e.matches(PyExc_MemoryError)) throw Error(Error::memory, text.empty() ? name + ": out of memory" : text);
      if (e.matches(protocol("BackendError"))) throw Error(Error::backend, text);
      throw Error(Error::backend, name + ": " + what + "() failed: " + nb::cast<std::string>(nb::str(e.type().attr("__name__"))) + ": " + text + where(e));
    }
  }
  // Where memory goes back, perhaps while an error is on its way: no error of the plugin leaves, and none that is pending is lost.
  template <class F>
  void quietly(const char* what, F f) {
    if (!Py_IsInitialized()) return;
    nb::gil_scoped_acquire gil;
    nb::error_scope pending;
    try {
      f();
    } catch (nb::python_error& e) {
      e.discard_as_unraisable((name + ": " + what).c_str());
    }
  }

  static std::string where(nb::python_error& e) {  // the line of the plugin that raised
    nb::object tb = e.traceback();
    if (!tb.is_valid()) return "";
    while (!tb.attr("tb_next").is_none()) tb = tb.attr("tb_next");
    return " (" + nb::cast<std::string>(tb.attr("tb_frame").attr("f_code").attr("co_filename")) + ":" + std::to_string(nb::cast<int>(tb.attr("tb_lineno"))) +
           ")";
  }

  static nb::object kernel_object(const Kernel& k) {
    nb::object access_type = protocol("Access"), instr_type = protocol("Instr"), stage_type = protocol("Stage");
    nb::list accesses, instrs, stages;
    for (const Access& a : k.accesses) {
      nb::list classes;
      for (uint8_t c : a.stride_classes) classes.append(int(c));
      accesses.append(access_type(a.arg, weft::name(a.dtype), a.store, a.dilated, a.params, a.bounds, nb::tuple(nb::cast(a.index_regs)), nb::tuple(classes)));
    }
    for (const Instr& i : k.instrs) instrs.append(instr_type(i.op, weft::name(i.type), i.a, i.b, i.c, i.imm, i.bits));
    for (const Stage& s : k.stages) stages.append(stage_type(s.first, s.count, s.inner));
    nb::dict attrs;
    for (auto& [name, value] : k.attrs) attrs[name.c_str()] = value;
    return protocol("Kernel")(k.kind, k.text, k.args, k.outer_rank, k.inner_rank, k.index_bits, k.param_words, nb::tuple(accesses), nb::tuple(instrs),
                              nb::tuple(stages), attrs);
  }

  h self_;  // lives as long as the process, as devices do
};

nb::list device_list(const std::vector<Device*>& devices) {
  nb::list out;
  for (Device* d : devices) out.append(PyDevice{d});
  return out;
}

}  // namespace

void bind_backends(nb::module_& m) {
  m.def(
      "_register_native",
      [](const std::string& path) {
        std::vector<Device*> devices;
        {
          WithoutGil nogil;
          devices = register_backend(load_native_backend(path));
        }
        return device_list(devices);
      },
      nb::arg("path"), "Load a library that exports weft_backend_v1; its devices.", nb::sig("def _register_native(path: str) -> list[device]"));
  m.def(
      "_register_python", [](h backend) { return device_list(register_backend(std::make_shared<PythonBackend>(backend))); }, nb::arg("backend"),
      "Adopt an object of weft.backend.Backend; its devices.", nb::sig("def _register_python(backend: weft.backend.Backend) -> list[device]"));
  m.def("_believe", [](const PyDevice& d) { believed_devices().push_back(d.device); }, nb::arg("device"), "A probe ran on this device: names find it.");
  m.def("_believed", []() { return device_list(believed_devices()); }, "The devices that names find.", nb::sig("def _believed() -> list[device]"));
  m.def(
      "_capabilities",
      [](const PyDevice& d) {
        const Capabilities& c = d.device->backend->capabilities;
        nb::dict out;
        nb::list dtypes, kinds, extra;
        for (int i = 0; i < kDTypes; ++i)
          if (c.has(DType(i))) dtypes.append(name(DType(i)));
        for (auto& k : c.kinds) kinds.append(k);
        for (auto& e : c.extra) extra.append(e);
        out["dtypes"] = dtypes;
        out["kinds"] = kinds;
        out["extra"] = extra;
        out["max_args"] = c.max_args;
        out["max_param_words"] = c.max_param_words;
        out["max_registers"] = c.max_registers;
        out["max_instrs"] = c.max_instrs;
        out["local_memory"] = c.local_memory;
        out["max_alloc"] = c.max_alloc;
        out["shared_memory"] = c.shared_memory;
        return out;
      },
      nb::arg("device"), "What the backend of a device says it can do.", nb::sig("def _capabilities(device: device) -> dict[str, typing.Any]"));
  m.def(
      "_kernel_builds", [](const PyDevice& d) { return d.device->backend->kernel_builds(); }, nb::arg("device"),
      "How many kernels a driver built from source.");
  m.def(
      "_threads", [](const PyDevice& d, int count) { return d.device->backend->threads(count); }, nb::arg("device"), nb::arg("count") = 0,
      "How many threads plans run on; a positive number sets it.");
  // Asked for the default device when nothing was set.
  set_device_resolver([]() -> Device* {
    if (resolved_device()) return resolved_device();
    nb::gil_scoped_acquire gil;
    return resolved_device() = nb::cast<PyDevice&>(nb::module_::import_("weft._devices").attr("default")()).device;
  });
}

}  // namespace weft
