// Which contractions this backend takes, and by which way each runs.
#include "contract.h"
#include "conv_phases.h"

namespace weft::cpu {

namespace {

void run_one(const LaunchContext& context, const Worker& worker) {
  ContractPlan plan;
  bind_contraction(context, *worker.arena, plan);
  if (plan.empty()) return;
  Window window;
  const bool image = context.program->contraction.image && find_window(plan, plan.b, window);
  if (image && run_depthwise(context, worker, plan, window)) return;
  if (depth_chunks(plan) > 1) return run_chunks(context, worker, plan, image ? &window : nullptr);
  if (image && run_winograd(context, worker, plan, window)) return;
  if (image && run_direct_conv(context, worker, plan, window)) return;
  run_blocks(context, worker);
}

}  // namespace

void run_contraction(const LaunchContext& context, const Worker& worker) {
  Phases phases;
  LaunchContext phase = context;
  if (!context.program->accesses[1].dilated || !phases.plan(context, worker.arena->array<int64_t>(context.program->param_words)))
    return run_one(context, worker);
  for (int64_t i = 0; i < phases.count() && !context.out_of_memory->load(); ++i) {
    const Arena::Mark mark = worker.arena->mark();
    if (phases.select(i, phase)) run_one(phase, worker);
    worker.barrier();  // before what the team shared is given back
    worker.arena->release(mark);
  }
}

bool compile_contraction(Program& p) {
  Contraction& c = p.contraction;
  if (c.batch + c.m + c.n != p.outer_rank || p.outer_rank > 32 || p.inner_rank > 32) return false;
  if (p.stages.size() < 1 || !p.stages[0].inner || p.reductions.size() != 1 || p.accesses.size() < 2) return false;
  for (size_t s = 1; s < p.stages.size(); ++s)
    if (p.stages[s].inner) return false;
  // Stage 0: two loads, casts, a product of the two, its sum.
  int loads = 0, products = 0;
  for (int i = 0; i < p.stages[0].count; ++i) {
    const Instr& in = p.instrs[size_t(i)];
    if (in.op == Op::load && in.imm <= 1) ++loads;
    else if (in.op == Op::mul) ++products;
    else if (in.op != Op::cast && in.op != Op::reduce_sum) return false;
  }
  c.sum = p.reductions[0].instr;
  const Instr& sum = p.instrs[size_t(c.sum)];
  if (loads != 2 || products != 1 || sum.op != Op::reduce_sum || p.instrs[size_t(sum.a)].op != Op::mul) return false;
  for (int k = 0; k < 2; ++k) {
    const Access& access = p.accesses[size_t(k)];
    if (access.store || access.bounds > max_panel_bounds || !access.index_regs.empty()) return false;
  }
  c.type = sum.type;
  const IsaTable& isa = *isa_table();
  c.pack_a = isa.pack(p.accesses[0].dtype, c.type);
  c.pack_b = isa.pack(p.accesses[1].dtype, c.type);
  c.micro = isa.micro(c.type);
  return c.pack_a && c.pack_b && c.micro.rows > 0;
}

}  // namespace weft::cpu
