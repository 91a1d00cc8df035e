// A device and the memory on it.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "graph/ref.h"
#include "runtime/backend.h"

namespace weft {

class Device;

// A piece of a device's memory; goes back to the pool with its last reference.
class Buffer : public Counted {
 public:
  Device* device = nullptr;
  void* handle = nullptr;  // the backend's
  int64_t nbytes = 0;
  bool imported = false;          // foreign memory: never written, never pooled
  std::function<void()> on_free;  // releases the owner of imported memory
};
using BufferRef = Ref<Buffer>;
void destroy(Buffer*);
BufferRef placeholder(int64_t nbytes);  // stands for memory that a plan will be given: it has a size and no bytes

struct MemoryStats {
  int64_t in_use = 0, cached = 0, peak = 0, limit = 0, allocations = 0, buffers = 0;
};

// Grows on demand, keeps freed buffers warm, and gives them back when its limit or the device is reached.
class Pool {
 public:
  explicit Pool(Device* device) : device_(device) {}
  BufferRef alloc(int64_t nbytes);  // raises Error::memory with a table of what is held
  MemoryStats stats() const;
  void set_limit(int64_t bytes);  // of in_use + cached; 0: none
  void empty_cache();
  void reset_peak();
  void give_back(Buffer* buffer);

 private:
  BufferRef make(void* handle, int64_t nbytes);
  std::vector<std::pair<void*, int64_t>> take_cached();
  Device* device_;
  mutable std::mutex mutex_;
  std::multimap<int64_t, void*> free_;
  std::map<int64_t, int64_t> held_;  // size -> how many buffers are in use
  MemoryStats stats_;
};

class Device {
 public:
  Device(std::shared_ptr<Backend> backend, int index, DeviceInfo info);
  std::shared_ptr<Backend> backend;
  int index;
  DeviceInfo info;
  std::string name;  // "opencl:0"
  Pool pool;
  bool unread = false;  // a plan with checks ran, and nobody has looked at the status since; under the graph lock
};

// Devices live as long as the process: a tensor may outlast everything else.
// register_backend makes the devices of a backend known; raises Error::backend when it has none.
std::vector<Device*> register_backend(std::shared_ptr<Backend> backend);
std::vector<Device*> registered_devices();

// The device new tensors go to. The resolver (set by the Python side, which knows names, variables and entry points) is asked
// when nothing on this thread or in this process was set.
Device* default_device();
void set_default_device(Device* device);    // process; null: ask again
Device* set_thread_device(Device* device);  // `with weft.device(...)`: returns the one before
void set_device_resolver(std::function<Device*()> resolver);

}  // namespace weft
