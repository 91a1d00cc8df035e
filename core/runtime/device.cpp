#include "runtime/device.h"

#include <algorithm>
#include <sstream>

#include "graph/error.h"

namespace weft {

BufferRef placeholder(int64_t nbytes) {
  BufferRef buffer(new Buffer);
  buffer->nbytes = nbytes;
  return buffer;
}

void destroy(Buffer* b) {
  if (!b->device) {
    delete b;
  } else if (b->imported) {
    b->device->backend->free(b->device->index, b->handle);
    if (b->on_free) b->on_free();
    delete b;
  } else {
    b->device->pool.give_back(b);
  }
}

// Sizes come in steps of an eighth of their power of two, so that a freed buffer fits the next request of nearly its size.
static int64_t rounded(int64_t n) {
  if (n <= 256) return 256;
  int64_t step = 64;
  while (step * 16 <= n) step *= 2;
  return (n + step - 1) / step * step;
}

BufferRef Pool::make(void* handle, int64_t nbytes) {
  auto* b = new Buffer;
  b->device = device_;
  b->handle = handle;
  b->nbytes = nbytes;
  return BufferRef(b);
}

std::vector<std::pair<void*, int64_t>> Pool::take_cached() {
  std::vector<std::pair<void*, int64_t>> all;
  for (auto& [size, handle] : free_) all.emplace_back(handle, size);
  free_.clear();
  stats_.cached = 0;
  return all;
}

BufferRef Pool::alloc(int64_t request) {
  int64_t nbytes = rounded(request), largest = device_->backend->capabilities.max_alloc;
  if (largest && nbytes > largest) nbytes = request;
  bool fits;
  {
    std::lock_guard lock(mutex_);
    auto it = free_.find(nbytes);
    bool hit = it != free_.end();
    fits = !stats_.limit || stats_.in_use + nbytes <= stats_.limit;
    if (fits) {
      stats_.in_use += nbytes;
      stats_.peak = std::max(stats_.peak, stats_.in_use);
      ++stats_.buffers;
      ++held_[nbytes];
    }
    if (hit && fits) {
      void* handle = it->second;
      free_.erase(it);
      stats_.cached -= nbytes;
      return make(handle, nbytes);
    }
  }
  auto& backend = *device_->backend;
  std::string reason = fits ? "" : "the limit set for this device is reached";
  if (fits && largest && nbytes > largest) reason = "the device allows at most " + std::to_string(largest) + " bytes in one buffer";
  for (int attempt = 0; fits && reason.empty() && attempt < 2; ++attempt) {
    bool over;
    {
      std::lock_guard lock(mutex_);
      over = stats_.limit && stats_.in_use + stats_.cached > stats_.limit;
    }
    if (over || attempt) empty_cache();
    try {
      void* handle = backend.alloc(device_->index, nbytes);
      std::lock_guard lock(mutex_);
      ++stats_.allocations;
      return make(handle, nbytes);
    } catch (const Error& e) {
      if (e.kind != Error::memory) throw;
      if (attempt) reason = e.what();
    }
  }
  std::ostringstream out;
  std::lock_guard lock(mutex_);
  if (fits) {
    stats_.in_use -= nbytes;
    --stats_.buffers;
    --held_[nbytes];
  }
  out << device_->name << ": cannot allocate " << request << " bytes: " << reason << ". In use " << stats_.in_use << " bytes in " << stats_.buffers
      << " buffers, cached " << stats_.cached << ", limit " << (stats_.limit ? std::to_string(stats_.limit) : "none") << ". Largest held:";
  int lines = 0;
  for (auto it = held_.rbegin(); it != held_.rend() && lines < 8; ++it)
    if (it->second) out << (lines++ ? ", " : " ") << it->second << " x " << it->first << " bytes";
  out << (lines ? "." : " nothing.") << " Use smaller batches, delete tensors, or raise the limit with weft.set_memory_limit().";
  throw Error(Error::memory, out.str());
}

void Pool::give_back(Buffer* b) {
  bool keep;
  {
    std::lock_guard lock(mutex_);
    stats_.in_use -= b->nbytes;
    --stats_.buffers;
    if (--held_[b->nbytes] == 0) held_.erase(b->nbytes);
    keep = !stats_.limit || stats_.in_use + stats_.cached + b->nbytes <= stats_.limit;
    if (keep) {
      stats_.cached += b->nbytes;
      free_.emplace(b->nbytes, b->handle);
    }
  }
  if (!keep) device_->backend->free(device_->index, b->handle);
  delete b;
}

MemoryStats Pool::stats() const {
  std::lock_guard lock(mutex_);
  return stats_;
}

void Pool::set_limit(int64_t bytes) {
  {
    std::lock_guard lock(mutex_);
    stats_.limit = bytes;
  }
  empty_cache();
}

void Pool::empty_cache() {
  std::vector<std::pair<void*, int64_t>> all;
  {
    std::lock_guard lock(mutex_);
    all = take_cached();
  }
  for (auto& [handle, size] : all) device_->backend->free(device_->index, handle);
}

void Pool::reset_peak() {
  std::lock_guard lock(mutex_);
  stats_.peak = stats_.in_use;
}

Device::Device(std::shared_ptr<Backend> b, int i, DeviceInfo d)
    : backend(std::move(b)), index(i), info(std::move(d)), name(backend->name + ":" + std::to_string(i)), pool(this) {}

static std::mutex g_mutex;
static std::vector<Device*>& all_devices() {
  static auto& all = *new std::vector<Device*>;
  return all;
}
static Device* g_default = nullptr;
static thread_local Device* t_default = nullptr;
static std::function<Device*()>& resolver() {
  static auto& f = *new std::function<Device*()>;
  return f;
}

std::vector<Device*> register_backend(std::shared_ptr<Backend> backend) {
  std::vector<DeviceInfo> infos = backend->devices();
  if (infos.empty()) raise(Error::backend, backend->name, ": the backend has no device");
  std::vector<Device*> made;
  for (size_t i = 0; i < infos.size(); ++i) made.push_back(new Device(backend, int(i), infos[i]));
  std::lock_guard lock(g_mutex);
  for (Device* d : made) all_devices().push_back(d);
  return made;
}

std::vector<Device*> registered_devices() {
  std::lock_guard lock(g_mutex);
  return all_devices();
}

Device* default_device() {
  if (t_default) return t_default;
  if (g_default) return g_default;
  if (!resolver()) raise(Error::backend, "no device: no backend is registered");
  return resolver()();
}

void set_default_device(Device* device) { g_default = device; }
Device* set_thread_device(Device* device) { return std::exchange(t_default, device); }
void set_device_resolver(std::function<Device*()> f) { resolver() = std::move(f); }

}  // namespace weft
