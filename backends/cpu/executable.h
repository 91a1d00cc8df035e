// A loaded plan, and what its launches share while it runs.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "program.h"
#include "threads.h"

namespace weft::cpu {

struct Launch {
  const Program* program = nullptr;
  std::vector<int32_t> slots;
  int32_t first_param = 0;
};

struct Executable {
  int32_t slots = 0, param_words = 0;
  std::vector<Launch> launches;
};

// What went wrong first: the lowest launch, then the lowest instruction of its tape, whatever the order of threads.
class Failure {
 public:
  static constexpr int64_t none = INT64_MAX;

  void report(int launch, int instr) {
    const int64_t key = (int64_t(launch) << 32) | instr;
    int64_t seen = first_.load(std::memory_order_relaxed);
    while (key < seen && !first_.compare_exchange_weak(seen, key)) {
    }
  }
  bool before(int launch) const { return first_.load(std::memory_order_relaxed) < (int64_t(launch) << 32); }
  int64_t first() const { return first_.load(); }

 private:
  std::atomic<int64_t> first_{none};
};

// One launch as the kernels see it.
struct LaunchContext {
  const Program* program = nullptr;
  const int64_t* words = nullptr;  // its parameter words
  char* const* args = nullptr;     // its arguments
  Failure* failure = nullptr;
  int index = 0;                         // in the plan
  std::atomic<void*>* shared = nullptr;  // memory the team shares during this launch; see contract.cpp
  std::atomic<bool>* out_of_memory = nullptr;
};

// Each kind of kernel: the part of one worker of the team. Every worker calls it.
void run_loop(const LaunchContext&, const Worker&);
void run_contraction(const LaunchContext&, const Worker&);
void run_sort(const LaunchContext&, const Worker&);
void run_scan(const LaunchContext&, const Worker&);
void run_scatter(const LaunchContext&, const Worker&);

// Roughly how many element-instructions a launch is.
int64_t launch_work(const Program&, const int64_t* words);

Executable* load_plan(const weft_plan& plan);
// Returns a check's code, 0 where none failed; throws Error.
int32_t run_plan(const Executable&, Buffer* const* buffers, const int64_t* params, double* seconds);

}  // namespace weft::cpu
