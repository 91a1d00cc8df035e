// A backend as the core sees it. Two adapters fill it in: native_backend.cpp over the C table, bindings/python_backend.cpp over the
// Python protocol. Kernels and plans go across in the core's own types (fuse/kernel.h, plan/plan.h).
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "graph/dtype.h"

namespace weft {

struct Kernel;

struct Capabilities {
  uint32_t dtypes = 0;  // bit (1 << DType)
  std::set<std::string> kinds, extra;
  int max_args = 16, max_param_words = 512, max_registers = 64, max_instrs = 2048;
  int64_t local_memory = 0, max_alloc = 0;
  int alignment = 64;
  bool shared_memory = false;

  bool has(DType d) const { return dtypes >> int(d) & 1; }
  bool has_kind(const char* kind) const { return kinds.count(kind) > 0; }
};

struct DeviceInfo {
  std::string name, kind;
  int64_t memory = 0;
};

struct PlanLaunch {
  void* program;
  std::vector<int32_t> slots;
  int32_t first_param;
};

// Failures raise Error::backend (or Error::memory from alloc).
class Backend {
 public:
  virtual ~Backend() = default;
  std::string name;
  Capabilities capabilities;

  virtual std::vector<DeviceInfo> devices() = 0;
  virtual void* alloc(int device, int64_t nbytes) = 0;
  virtual void free(int device, void* buffer) = 0;
  virtual void copy_in(int device, void* dst, int64_t offset, const void* src, int64_t nbytes) = 0;
  virtual void copy_out(int device, void* dst, void* src, int64_t offset, int64_t nbytes) = 0;
  virtual void* compile(int device, const Kernel& kernel) = 0;  // null: unsupported
  virtual void free_program(void* program) = 0;
  virtual void* load(int device, int slots, int param_words, const std::vector<PlanLaunch>& launches) = 0;
  virtual void unload(void* executable) = 0;
  virtual void run(void* executable, void* const* buffers, int slots, const int64_t* params, int param_words, std::vector<double>* seconds) = 0;
  virtual void wait(int device) = 0;
  virtual int status(int device) = 0;
  virtual void* export_host(int device, void* buffer) { return nullptr; }
  virtual void* import_host(int device, void* data, int64_t nbytes) { return nullptr; }
  virtual int threads(int count) { return 0; }
  virtual int64_t kernel_builds() { return 0; }  // built from source by a driver
};

// A backend in a shared library that exports weft_backend_v1. Raises Error::backend with the reason.
std::unique_ptr<Backend> load_native_backend(const std::string& path);

}  // namespace weft
