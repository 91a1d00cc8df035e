#include "threads.h"

#include <omp.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <mutex>

namespace weft::cpu {

// About libgomp's own waiting. Between regions its threads spin, then sleep, for as long as GOMP_SPINCOUNT or OMP_WAIT_POLICY say;
// libgomp reads them when it is loaded, which is before any code of this library runs, so they cannot be set from here. Its default
// (a few milliseconds, much less when threads outnumber CPUs) does sleep in the end. Inside a region, this file's barrier decides.

namespace {

std::atomic<int> wanted{0};
std::atomic<bool> forked{false};
std::mutex team;

int affinity_count() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, omp_get_num_procs());
}

// The quota of the cgroup, version 2 or 1, rounded up; 0 where there is none.
int cgroup_count() {
  long long quota = 0, period = 0;
  if (std::FILE* f = std::fopen("/sys/fs/cgroup/cpu.max", "r")) {
    const int got = std::fscanf(f, "%lld %lld", &quota, &period);
    std::fclose(f);
    return got == 2 && quota > 0 && period > 0 ? int((quota + period - 1) / period) : 0;
  }
  auto number = [](const char* path) {
    long long value = 0;
    if (std::FILE* f = std::fopen(path, "r")) {
      if (std::fscanf(f, "%lld", &value) != 1) value = 0;
      std::fclose(f);
    }
    return value;
  };
  quota = number("/sys/fs/cgroup/cpu/cpu.cfs_quota_us");
  period = number("/sys/fs/cgroup/cpu/cpu.cfs_period_us");
  return quota > 0 && period > 0 ? int((quota + period - 1) / period) : 0;
}

int default_count() {
  if (const char* text = std::getenv("WEFT_NUM_THREADS")) {
    const int n = std::atoi(text);
    if (n > 0) return std::min(n, 1024);
  }
  const int quota = cgroup_count(), cpus = affinity_count();
  return quota > 0 ? std::min(quota, cpus) : cpus;
}

void after_fork_in_child() { forked.store(true); }

const int fork_handler = pthread_atfork(nullptr, nullptr, after_fork_in_child);

void relax() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#endif
}

Arena& thread_arena() {
  static thread_local Arena arena;
  return arena;
}

}  // namespace

int thread_count() {
  if (forked.load(std::memory_order_relaxed)) return 1;
  const int n = wanted.load();
  if (n > 0) return n;
  static const int count = default_count();
  return count;
}

void set_thread_count(int n) { wanted.store(std::min(n, 1024)); }

void Barrier::wait(int threads) {
  const uint32_t phase = phase_.load(std::memory_order_acquire);
  if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == threads) {
    arrived_.store(0, std::memory_order_relaxed);
    phase_.store(phase + 1, std::memory_order_release);
    phase_.notify_all();
    return;
  }
  for (int spin = 0; spin < 4000; ++spin) {
    if (phase_.load(std::memory_order_acquire) != phase) return;
    relax();
  }
  phase_.wait(phase, std::memory_order_acquire);
}

void run_team(int threads, TeamBody body, void* context) {
  if (threads <= 1 || forked.load(std::memory_order_relaxed)) {
    Worker worker;
    worker.arena = &thread_arena();
    body(worker, context);
    return;
  }
  const std::lock_guard<std::mutex> lock(team);
  Barrier meeting;
#pragma omp parallel num_threads(threads)
  {
    Worker worker;
    worker.id = omp_get_thread_num();
    worker.count = omp_get_num_threads();
    worker.arena = &thread_arena();
    worker.meeting = &meeting;
    body(worker, context);
  }
}

}  // namespace weft::cpu
