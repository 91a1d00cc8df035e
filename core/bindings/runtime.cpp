// Evaluation, devices, memory, profiling and caches.
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "bindings/bind.h"
#include "runtime/evaluate.h"
#include "runtime/gil.h"

namespace weft {

namespace {

using h = nb::handle;

// Every tensor of nested dicts, lists, tuples and modules.
void collect(h tree, std::vector<NodeRef>& out) {
  if (Tensor* t = tensor_of(tree)) {
    out.push_back(t->node());
    if (t->grad().is_valid()) out.push_back(tensor_of(t->grad())->node());
  } else if (PyDict_Check(tree.ptr())) {
    for (auto [key, value] : nb::borrow<nb::dict>(tree)) collect(value, out);
  } else if (PyList_Check(tree.ptr()) || PyTuple_Check(tree.ptr())) {
    for (h each : nb::iter(tree)) collect(each, out);
  } else if (!tree.is_none() && !PyType_Check(tree.ptr()) && nb::hasattr(tree, "state_dict")) {
    collect(tree.attr("state_dict")(), out);
  }
}

std::vector<NodeRef> nodes_of(const nb::args& trees) {
  std::vector<NodeRef> nodes;
  for (h tree : trees) collect(tree, nodes);
  return nodes;
}

void eval(const std::vector<NodeRef>& nodes) {
  if (tracing()) return;  // the plan that comes of the trace computes everything it returns or updates
  WithoutGil nogil;
  // A plan has one device.
  std::vector<Device*> devices;
  for (const NodeRef& n : nodes)
    if (std::find(devices.begin(), devices.end(), n->device) == devices.end()) devices.push_back(n->device);
  for (Device* d : devices) {
    std::vector<NodeRef> roots;
    for (const NodeRef& n : nodes)
      if (n->device == d) roots.push_back(n);
    evaluate(roots);
  }
}

void wait_for(h device) {
  std::vector<Device*> devices = device.is_none() ? registered_devices() : std::vector<Device*>{as_device(device)};
  WithoutGil nogil;
  for (Device* d : devices) synchronize(d);
}

nb::dict memory_stats(h device) {
  MemoryStats s = as_device(device)->pool.stats();
  nb::dict out;
  out["in_use"] = s.in_use;
  out["cached"] = s.cached;
  out["peak"] = s.peak;
  out["limit"] = s.limit;
  out["allocations"] = s.allocations;
  out["buffers"] = s.buffers;
  return out;
}

nb::dict profile_data() {
  ProfileData data;
  {
    WithoutGil nogil;
    data = profile_stop();
  }
  nb::list kernels;
  for (const KernelRecord& k : data.kernels) kernels.append(nb::make_tuple(k.name, k.device, k.bytes, k.flops, k.seconds));
  nb::dict out;
  out["kernels"] = kernels;
  out["fallbacks"] = data.fallbacks;
  out["syncs"] = data.syncs;
  return out;
}

nb::dict stats() {
  RuntimeStats s = runtime_stats();
  nb::dict out;
  out["plans"] = s.plans;
  out["plan_limit"] = s.plan_limit;
  out["programs"] = s.programs;
  out["program_limit"] = s.program_limit;
  out["plan_hits"] = s.plan_hits;
  out["plan_misses"] = s.plan_misses;
  out["evaluations"] = s.evaluations;
  return out;
}

void bind_memory(nb::module_& m) {
  m.def("memory_stats", &memory_stats, nb::arg("device") = nb::none(),
        "Bytes in_use, cached, peak and limit of a device's pool, and how many allocations and buffers.",
        nb::sig("def memory_stats(device: weft._typing.DeviceLike = None) -> dict[str, int]"));
  m.def(
      "set_memory_limit",
      [](int64_t bytes, h device) {
        Device* d = as_device(device);
        WithoutGil nogil;
        d->pool.set_limit(bytes);
      },
      nb::arg("nbytes"), nb::arg("device") = nb::none(), "Let a device's pool hold no more than this; 0 for no limit. Beyond it OutOfMemoryError is raised.",
      nb::sig("def set_memory_limit(nbytes: int, device: weft._typing.DeviceLike = None) -> None"));
  m.def(
      "empty_cache",
      [](h device) {
        Device* d = as_device(device);
        WithoutGil nogil;
        d->pool.empty_cache();
      },
      nb::arg("device") = nb::none(), "Give unused memory of a device's pool back.",
      nb::sig("def empty_cache(device: weft._typing.DeviceLike = None) -> None"));
  m.def(
      "reset_peak_memory", [](h device) { as_device(device)->pool.reset_peak(); }, nb::arg("device") = nb::none(), "Begin to measure the peak again.",
      nb::sig("def reset_peak_memory(device: weft._typing.DeviceLike = None) -> None"));
}

void bind_defaults(nb::module_& m) {
  m.def("get_default_device", []() { return PyDevice{default_device()}; }, "Where new tensors go.", nb::sig("def get_default_device() -> device"));
  m.def(
      "set_default_device",
      [](h device) {
        resolved_device() = nullptr;
        set_default_device(device.is_none() ? nullptr : as_device(device));
      },
      nb::arg("device").none(), "Where new tensors go from now on; None: as WEFT_BACKEND says.",
      nb::sig("def set_default_device(device: weft._typing.DeviceLike) -> None"));
  m.def(
      "get_default_dtype", []() { return dtype_object(default_float()); }, "The dtype of new floating-point tensors.",
      nb::sig("def get_default_dtype() -> dtype"));
  m.def(
      "set_default_dtype",
      [](h dtype) {
        DType d = as_dtype(dtype);
        if (d != DType::f32 && d != DType::f64) raise(Error::type, "set_default_dtype: float32 or float64, not ", name(d));
        set_default_float(d);
      },
      nb::arg("dtype"), "The dtype of new floating-point tensors on this thread: float32 or float64.",
      nb::sig("def set_default_dtype(dtype: weft._typing.DTypeLike) -> None"));
}

}  // namespace

void bind_runtime(nb::module_& m, TensorClass& t) {
  m.def(
      "eval", [](const nb::args& trees) { eval(nodes_of(trees)); },
      "Compute these tensors now, in one plan per device: tensors, and lists, tuples, dicts and modules of them. Does not wait.",
      nb::sig("def eval(*trees: typing.Any) -> None"));
  t.def(
      "eval",
      [](h self) {
        eval({tensor_of(self)->node()});
        return nb::borrow(self);
      },
      "Compute this tensor now, without waiting. Returns itself.", nb::sig("def eval(self) -> Tensor"));
  m.def("synchronize", &wait_for, nb::arg("device") = nb::none(), "Wait until a device (all by default) has done its work. Raises errors that were found late.",
        nb::sig("def synchronize(device: weft._typing.DeviceLike = None) -> None"));
  bind_memory(m);
  bind_defaults(m);

  m.def("_profile_start", []() {
    WithoutGil nogil;
    profile_start();
  });
  m.def("_profile_stop", &profile_data, nb::sig("def _profile_stop() -> dict[str, list[typing.Any]]"));
  m.def(
      "_record_fallback", [](const std::string& op, h device) { record_fallback(op, as_device(device)); }, nb::arg("op"), nb::arg("device"),
      "Count a computation on the host; raises HostFallbackError under WEFT_STRICT=1.",
      nb::sig("def _record_fallback(op: str, device: weft._typing.DeviceLike) -> None"));
  m.def("_allow_host", &allow_host, nb::arg("delta"));
  m.def("runtime_stats", &stats, "Sizes, limits and hits of the plan and program caches.", nb::sig("def runtime_stats() -> dict[str, int]"));
  m.def(
      "clear_caches",
      []() {
        WithoutGil nogil;
        clear_caches();
      },
      "Forget all plans and compiled kernels.");
  m.def("fuse_enabled", &fuse_enabled, "Whether operations are fused (WEFT_FUSE).");
  m.def(
      "set_fuse",
      [](bool on) {
        WithoutGil nogil;
        set_fuse(on);
      },
      nb::arg("on"), "Fuse operations or not; for tests.");
  m.def(
      "graph_text", [](const nb::args& trees) { return graph_text(nodes_of(trees)); }, "The pending graph of these tensors as text.",
      nb::sig("def graph_text(*trees: typing.Any) -> str"));
  m.def(
      "plan_text",
      [](const nb::args& trees) {
        std::vector<NodeRef> nodes = nodes_of(trees);
        WithoutGil nogil;
        return plan_text(nodes);
      },
      "The kernels that would compute these tensors as text.", nb::sig("def plan_text(*trees: typing.Any) -> str"));
}

}  // namespace weft
