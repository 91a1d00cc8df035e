// How many threads, and one team of them at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>

#include "memory.h"

namespace weft::cpu {

int thread_count();
void set_thread_count(int n);

// Threads of one team meet here. They spin briefly, since kernels are short and even, then sleep.
class Barrier {
 public:
  void wait(int threads);

 private:
  std::atomic<int> arrived_{0};
  std::atomic<uint32_t> phase_{0};
};

// One thread of a team, and the scratch memory it owns.
struct Worker {
  int id = 0, count = 1;
  Arena* arena = nullptr;
  Barrier* meeting = nullptr;

  void barrier() const {
    if (count > 1) meeting->wait(count);
  }
  // This worker's even share of n pieces of work: [first, end).
  void share(int64_t n, int64_t& first, int64_t& end) const {
    first = n * id / count;
    end = n * (id + 1) / count;
  }
};

using TeamBody = void (*)(const Worker&, void* context);

// Runs body on `threads` threads, or inline for one (always inline in a forked child, where OpenMP's threads are gone).
// The body must not throw.
void run_team(int threads, TeamBody body, void* context);

}  // namespace weft::cpu
