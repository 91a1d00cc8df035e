#include "executable.h"

#include <chrono>
#include <new>

#include "error.h"

namespace weft::cpu {

namespace {

// Below this many element-instructions waking a team costs more than it saves.
constexpr int64_t inline_work = 48 * 1024;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

struct Running {
  const Executable* plan;
  char* const* args;  // of all launches, one after another
  const int64_t* params;
  double* seconds;
  Failure failure;
  std::atomic<bool> out_of_memory{false};
  std::atomic<void*> shared{nullptr};
};

void run_launch(const LaunchContext& context, const Worker& worker) {
  switch (context.program->kind) {
    case Kind::loop: return run_loop(context, worker);
    case Kind::contraction: return run_contraction(context, worker);
    case Kind::sort: return run_sort(context, worker);
    case Kind::scan: return run_scan(context, worker);
    case Kind::scatter: return run_scatter(context, worker);
  }
}

void run_all(const Worker& worker, void* opaque) {
  Running& run = *static_cast<Running*>(opaque);
  char* const* args = run.args;
  int index = 0;
  for (const Launch& launch : run.plan->launches) {
    // All workers see the same answer: failures of earlier launches were reported before the barrier.
    const bool skip = run.failure.before(index) || run.out_of_memory.load(std::memory_order_relaxed);
    const double start = run.seconds && worker.id == 0 ? now() : 0;
    if (!skip) {
      worker.arena->reset();
      LaunchContext context{launch.program, run.params + launch.first_param, args, &run.failure, index, &run.shared, &run.out_of_memory};
      try {
        run_launch(context, worker);
      } catch (const std::bad_alloc&) {
        run.out_of_memory.store(true);
      }
    }
    worker.barrier();
    if (run.seconds && worker.id == 0) run.seconds[index] = now() - start;
    args += launch.program->args;
    ++index;
  }
}

}  // namespace

Executable* load_plan(const weft_plan& plan) {
  if (plan.header.abi_major != WEFT_ABI_MAJOR) throw Error("load: the plan is of another version of the interface");
  auto executable = std::make_unique<Executable>();
  executable->slots = plan.slots;
  executable->param_words = plan.param_words;
  for (uint32_t i = 0; i < plan.launches.count; ++i) {
    const auto& from = *reinterpret_cast<const weft_launch*>(static_cast<const char*>(plan.launches.data) + size_t(i) * plan.launches.stride);
    Launch launch;
    launch.program = static_cast<const Program*>(from.program);
    if (!launch.program) throw Error("load: a launch has no program");
    launch.first_param = from.first_param;
    if (from.first_param < 0 || from.first_param + launch.program->param_words > plan.param_words)
      throw Error("load: a launch's parameters lie outside the plan's");
    for (int a = 0; a < launch.program->args; ++a) {
      if (from.slots[a] < 0 || from.slots[a] >= plan.slots) throw Error("load: a launch names a slot that does not exist");
      launch.slots.push_back(from.slots[a]);
    }
    executable->launches.push_back(std::move(launch));
  }
  return executable.release();
}

int32_t run_plan(const Executable& plan, Buffer* const* buffers, const int64_t* params, double* seconds) {
  // Kept by the calling thread, so that small plans allocate nothing.
  static thread_local std::vector<char*> args;
  args.clear();
  int64_t work = 0;
  for (const Launch& launch : plan.launches) {
    for (int32_t slot : launch.slots) args.push_back(buffers[slot] ? static_cast<char*>(buffers[slot]->data) : nullptr);
    work += launch_work(*launch.program, params + launch.first_param);
  }
  Running run{&plan, args.data(), params, seconds, {}, {}, {}};
  run_team(work < inline_work ? 1 : thread_count(), run_all, &run);
  if (run.out_of_memory.load()) throw Error("run: no memory for scratch space");
  const int64_t first = run.failure.first();
  if (first == Failure::none) return 0;
  const Launch& launch = plan.launches[size_t(first >> 32)];
  return launch.program->instrs[size_t(first & 0xffffffff)].imm;
}

}  // namespace weft::cpu
