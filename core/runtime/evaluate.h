// Turning pending nodes into values.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "graph/node.h"
#include "runtime/device.h"

namespace weft {

// Compute these nodes (and whatever they need). The caller holds no lock and not the GIL. Returns when the work is queued.
// Raises Error::index when an earlier check on the device has failed, Error::memory, Error::backend.
void evaluate(const std::vector<NodeRef>& roots);
void synchronize(Device* device);  // waits; raises a late error

// Held while nodes change from pending to computed, and while the graph is walked.
std::recursive_mutex& graph_lock();

// A node that holds a value: contiguous, of this buffer.
NodeRef leaf(Dims shape, DType dtype, Device* device, BufferRef buffer, Dims strides = {}, int64_t offset = 0);
// Copy host memory (C-contiguous, of this dtype) to the device.
NodeRef from_host(const void* data, const Dims& shape, DType dtype, Device* device);
// Evaluate if needed and copy to host memory, C-contiguous. Counts a sync. Raises late errors.
void to_host(const NodeRef& node, void* out);
// The same value on another device.
NodeRef to_device(const NodeRef& node, Device* device);
// A computed node of one dense row-major block.
NodeRef contiguous(const NodeRef& node);

// ---- what happened, for weft.profile() (per process; collected while a profile is on)
struct KernelRecord {
  std::string name, device;
  int64_t bytes = 0, flops = 0;
  double seconds = -1;
};
struct ProfileData {
  std::vector<KernelRecord> kernels;
  std::vector<std::string> fallbacks, syncs;
};
void profile_start();
ProfileData profile_stop();
bool profiling();
void record_sync(const std::string& why);
// Counts a host fallback; raises Error::unsupported under WEFT_STRICT=1 unless allowed or on cpu.
void record_fallback(const std::string& op, Device* device);
int allow_host(int delta);  // nesting depth of allow_host() on this thread

// ---- limits and caches, for `weft info`
struct RuntimeStats {
  int64_t plans = 0, plan_limit = 0, programs = 0, program_limit = 0, plan_hits = 0, plan_misses = 0, evaluations = 0;
};
RuntimeStats runtime_stats();
void clear_caches();
bool fuse_enabled();     // WEFT_FUSE
void set_fuse(bool on);  // for tests; clears the plan cache

// Canonical text of the graph below these nodes, and of the kernels it would become.
std::string graph_text(const std::vector<NodeRef>& roots);
std::string plan_text(const std::vector<NodeRef>& roots);

}  // namespace weft
