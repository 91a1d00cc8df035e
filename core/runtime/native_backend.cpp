// The adapter over the C table of include/weft/backend.h: accepts any table of this major, from version 1 up.
#include <dlfcn.h>

#include <cstddef>
#include <cstring>

#include "fuse/kernel.h"
#include "graph/error.h"
#include "runtime/backend.h"

namespace weft {

namespace {

// A field a shorter, older structure does not have reads as null.
#define WEFT_PROVIDES(table, field) \
  ((table)->header.struct_size >= offsetof(std::remove_cvref_t<decltype(*(table))>, field) + sizeof((table)->field) && (table)->field)

template <class T>
weft_array array_of(const std::vector<T>& v) {
  return {v.data(), uint32_t(v.size()), uint32_t(sizeof(T))};
}

struct NativeBackend final : Backend {
  const weft_backend* table;

  explicit NativeBackend(const weft_backend* t) : table(t) {
    name = t->name;
    const weft_capabilities& c = *t->capabilities;
    capabilities.dtypes = c.dtypes | 1u << WEFT_C64 | 1u << WEFT_C128;
    for (auto k = c.kinds; k && *k; ++k) capabilities.kinds.insert(*k);
    for (auto k = c.extra; k && *k; ++k) capabilities.extra.insert(*k);
    capabilities.max_args = c.max_args;
    capabilities.max_param_words = c.max_param_words;
    capabilities.max_registers = c.max_registers;
    capabilities.max_instrs = c.max_instrs;
    capabilities.local_memory = c.local_memory;
    capabilities.max_alloc = c.max_alloc;
    capabilities.alignment = c.alignment;
    capabilities.shared_memory = c.shared_memory;
  }

  std::string why() const {
    const char* e = table->last_error();
    return e ? e : "";
  }
  [[noreturn]] void fail(const char* what) const { raise(Error::backend, name, ": ", what, " failed: ", why()); }

  std::vector<DeviceInfo> devices() override {
    std::vector<DeviceInfo> out;
    for (int i = 0; i < table->device_count(); ++i) {
      weft_device_info info{{WEFT_ABI_MAJOR, sizeof info}, nullptr, nullptr, 0};
      if (table->device_info(i, &info)) fail("device_info");
      out.push_back({info.name ? info.name : "", info.kind ? info.kind : "", info.memory});
    }
    return out;
  }
  void* alloc(int device, int64_t nbytes) override {
    void* p = table->alloc(device, nbytes);
    if (!p) raise(Error::memory, name, ": ", why());
    return p;
  }
  void free(int device, void* buffer) override { table->free(device, buffer); }
  void copy_in(int device, void* dst, int64_t offset, const void* src, int64_t nbytes) override {
    if (table->copy_in(device, dst, offset, src, nbytes)) fail("copy_in");
  }
  void copy_out(int device, void* dst, void* src, int64_t offset, int64_t nbytes) override {
    if (table->copy_out(device, dst, src, offset, nbytes)) fail("copy_out");
  }

  void* compile(int device, const Kernel& k) override {
    std::vector<weft_access> accesses;
    for (const Access& a : k.accesses)
      accesses.push_back({a.arg, int(a.dtype), a.store, a.dilated ? WEFT_DILATED : 0, a.params, a.bounds, int(a.index_regs.size()), a.index_regs.data(),
                          a.stride_classes.data()});
    std::vector<weft_instr> instrs;
    for (const Instr& i : k.instrs) instrs.push_back({i.op, int(i.type), i.a, i.b, i.c, i.imm, i.bits});
    std::vector<weft_stage> stages;
    for (const Stage& s : k.stages) stages.push_back({s.first, s.count, s.inner});
    std::vector<weft_attr> attrs;
    for (auto& [attr, value] : k.attrs) attrs.push_back({attr.c_str(), value});
    weft_kernel out{{WEFT_ABI_MAJOR, sizeof out}, k.kind.c_str(),   k.text.c_str(),   k.args,         k.outer_rank, k.inner_rank, k.index_bits, k.param_words,
                    array_of(accesses),           array_of(instrs), array_of(stages), array_of(attrs)};
    void* program = table->compile(device, &out);
    if (!program && !why().empty()) raise(Error::backend, name, ": cannot compile a kernel: ", why(), "\n", k.text);
    return program;
  }
  void free_program(void* program) override { table->free_program(program); }

  void* load(int device, int slots, int param_words, const std::vector<PlanLaunch>& launches) override {
    std::vector<weft_launch> list;
    for (const PlanLaunch& l : launches) list.push_back({l.program, l.slots.data(), l.first_param});
    weft_plan plan{{WEFT_ABI_MAJOR, sizeof plan}, slots, param_words, array_of(list)};
    void* executable = table->load(device, &plan);
    if (!executable) fail("load");
    return executable;
  }
  void unload(void* executable) override { table->unload(executable); }
  void run(void* executable, void* const* buffers, int slots, const int64_t* params, int param_words, std::vector<double>* seconds) override {
    if (table->run(executable, buffers, params, seconds ? seconds->data() : nullptr)) fail("run");
  }
  void wait(int device) override {
    if (table->wait(device)) fail("wait");
  }
  int status(int device) override { return table->status(device); }
  void* export_host(int device, void* buffer) override { return WEFT_PROVIDES(table, export_host) ? table->export_host(device, buffer) : nullptr; }
  void* import_host(int device, void* data, int64_t nbytes) override {
    return WEFT_PROVIDES(table, import_host) ? table->import_host(device, data, nbytes) : nullptr;
  }
  int threads(int count) override { return WEFT_PROVIDES(table, threads) ? table->threads(count) : 0; }
};

}  // namespace

std::unique_ptr<Backend> load_native_backend(const std::string& path) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) raise(Error::backend, path, ": the library cannot be loaded: ", dlerror());
  auto entry = reinterpret_cast<const weft_backend* (*)()>(dlsym(library, "weft_backend_v1"));
  if (!entry) raise(Error::backend, path, ": the library does not export weft_backend_v1");
  const weft_backend* table = entry();
  if (!table) raise(Error::backend, path, ": weft_backend_v1() gave nothing: the backend cannot run on this machine");
  if (table->header.abi_major != WEFT_ABI_MAJOR)
    raise(Error::backend, path, ": made for version ", table->header.abi_major, " of the contract, this weft speaks ", WEFT_ABI_MAJOR,
          "; install a plugin built for it");
  if (!WEFT_PROVIDES(table, status) || !table->capabilities || !table->name) raise(Error::backend, path, ": the table of functions is incomplete");
  return std::make_unique<NativeBackend>(table);
}

}  // namespace weft
