// The ways to run a contraction. Each is the part of one worker, and every worker calls it.
#pragma once

#include <new>

#include "conv_window.h"

namespace weft::cpu {

void run_blocks(const LaunchContext&, const Worker&);  // any contraction

// A long k, cut into depth_chunks; `window` of B, or null.
void run_chunks(const LaunchContext&, const Worker&, const ContractPlan&, const Window* window);

// False where the way does not suit; nothing was done then, by any worker.
bool run_depthwise(const LaunchContext&, const Worker&, const ContractPlan&, const Window&);
bool run_winograd(const LaunchContext&, const Worker&, const ContractPlan&, const Window&);
bool run_direct_conv(const LaunchContext&, const Worker&, const ContractPlan&, const Window&);

// Workers must meet at every barrier or at none, so whoever lacks memory says so before the first. `prepare` allocates, and returns
// how many bytes the team shall share: context.shared. False: someone lacks memory.
template <class Prepare>
bool prepare_together(const LaunchContext& context, const Worker& worker, Prepare prepare) {
  try {
    const int64_t bytes = prepare();
    if (worker.id == 0) context.shared->store(worker.arena->bytes(bytes));
  } catch (const std::bad_alloc&) {
    context.out_of_memory->store(true);
  }
  worker.barrier();
  return !context.out_of_memory->load();
}

}  // namespace weft::cpu
