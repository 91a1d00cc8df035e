// What the interpreter needs to know of a tape: which instructions vary with what, which registers are alive when, and where each
// register lies in the tile pools.
#include <algorithm>
#include <map>

#include "program.h"

namespace weft::cpu {

namespace {

bool zero_strides(const Access& access, int first, int end) {
  for (int d = first; d < end; ++d)
    if (access.stride_classes[size_t(d)] != WEFT_STRIDE_ZERO) return false;
  return access.bounds == 0;
}

// Registers an instruction reads, indices included.
template <class F>
void for_each_operand(const Program& p, const Instr& in, F f) {
  for (int reg : {in.a, in.b, in.c})
    if (reg >= 0) f(reg);
  if (in.op == Op::load || in.op == Op::store)
    for (int reg : p.accesses[size_t(in.imm)].index_regs) f(reg);
}

Level level_of(const Program& p, const Instr& in) {
  if (in.op == Op::store || in.op == Op::check || in.reduction >= 0) return Level::varying;
  Level level = Level::constant;
  for_each_operand(p, in, [&](int reg) {
    const Instr& source = p.instrs[size_t(reg)];
    const bool outer = !source.inner;
    Level l = source.level;
    if (l == Level::varying && in.inner && outer) l = Level::row;  // an outer register, read in an inner stage
    level = std::max(level, l);
  });
  if (in.op == Op::index) level = in.inner && in.imm < p.outer_rank ? Level::row : Level::varying;
  if (in.op == Op::load) {
    const Access& access = p.accesses[size_t(in.imm)];
    const bool same_in_row = in.inner && zero_strides(access, p.outer_rank, p.rank());
    const bool same = zero_strides(access, 0, p.rank()) && access.index_regs.empty();
    if (!same) level = same_in_row ? std::max(level, Level::row) : Level::varying;
  }
  return level;
}

void append(const Program& p, Tape& tape, int i) {
  const Instr& in = p.instrs[size_t(i)];
  tape.instrs.push_back(i);
  if (in.op != Op::load && in.op != Op::store) return;
  if (std::find(tape.accesses.begin(), tape.accesses.end(), in.imm) == tape.accesses.end()) tape.accesses.push_back(in.imm);
}

// An arithmetic instruction whose operand nobody else reads absorbs the instruction that computes it, where there is a loop for both.
void pair_up(Program& p) {
  std::vector<int> readers(p.instrs.size(), 0);
  for (const Instr& in : p.instrs)
    if (in.repeats < 0) for_each_operand(p, in, [&](int reg) { ++readers[size_t(reg)]; });
  for (Instr& in : p.instrs) {
    if (in.repeats >= 0 || in.op < Op::add || in.op > Op::div || in.b < 0 || in.level == Level::constant) continue;
    for (const bool right : {false, true}) {
      Instr& source = p.instrs[size_t(right ? in.b : in.a)];
      const bool single = readers[size_t(right ? in.b : in.a)] == 1 && source.first == Op::count && source.repeats < 0;
      if (!single || source.b < 0 || source.stage != in.stage || source.level != in.level || source.inner != in.inner) continue;
      if (!isa_table()->find({in.op, in.type, source.type, 0, 0, source.op, right})) continue;
      in.c = right ? in.a : in.b;
      in.a = source.a;
      in.b = source.b;
      in.first = source.op;
      in.right = right;
      source.absorbed = true;
      break;
    }
  }
}

void find_levels(Program& p) {
  for (Instr& in : p.instrs) in.level = level_of(p, in);
  if (p.kind == Kind::loop) pair_up(p);
  for (size_t i = 0; i < p.instrs.size(); ++i) {
    const Instr& in = p.instrs[i];
    Stage& stage = p.stages[size_t(in.stage)];
    stage.has_index |= in.op == Op::index;
    if (in.reduction >= 0) stage.reductions.push_back(in.reduction);
    if (in.repeats >= 0 || in.absorbed) continue;
    if (in.level == Level::constant) {
      p.constants.push_back(int(i));
      continue;
    }
    append(p, in.level == Level::row ? stage.once : stage.each, int(i));
    append(p, stage.column, int(i));
  }
}

void find_uses(Program& p) {
  std::vector<int> readers(p.instrs.size(), 0);
  for (size_t i = 0; i < p.instrs.size(); ++i) {
    const Instr& in = p.instrs[i];
    if (in.repeats >= 0 || in.absorbed) continue;
    Stage& stage = p.stages[size_t(in.stage)];
    for_each_operand(p, in, [&](int reg) {
      Instr& source = p.instrs[size_t(reg)];
      const bool across = stage.inner && !source.inner && source.level != Level::constant;
      // An inner stage runs many times: what it reads from outside must live to its end.
      // Reductions fold when the tape of the stage is done, so their operands live that long too.
      source.last_use = std::max(source.last_use, across || in.reduction >= 0 ? stage.first + stage.count : int(i));
      if (across) stage.outer_reads.push_back(reg);
      const bool stored = in.op == Op::store && reg == in.a && source.stage == in.stage;
      source.only_store = stored && readers[size_t(reg)] == 0 ? int(i) : -1;
      ++readers[size_t(reg)];
    });
  }
  for (Stage& stage : p.stages) {
    std::sort(stage.outer_reads.begin(), stage.outer_reads.end());
    stage.outer_reads.erase(std::unique(stage.outer_reads.begin(), stage.outer_reads.end()), stage.outer_reads.end());
  }
}

// Registers share pool space when their lives do not overlap. Space is reused only by registers of the same width, so that an
// instruction may write over its own operand element by element.
class Pool {
 public:
  int64_t take(int width) {
    std::vector<int64_t>& free = free_[width];
    if (free.empty()) {
      const int64_t slot = size_;
      size_ += width;
      return slot;
    }
    const int64_t slot = free.back();
    free.pop_back();
    return slot;
  }
  void give(int width, int64_t slot) { free_[width].push_back(slot); }
  int64_t size() const { return size_; }

 private:
  std::map<int, std::vector<int64_t>> free_;
  int64_t size_ = 0;
};

void allocate_registers(Program& p) {
  Pool outer, inner;
  int64_t widest = 0;
  std::vector<std::vector<int>> dying(p.instrs.size() + 1);
  for (const Stage& stage : p.stages) {
    if (!p.shares) inner = Pool();
    // The results of reductions are written while the stage's other outer registers are still read.
    for (int i = stage.first; i < stage.first + stage.count; ++i) {
      Instr& in = p.instrs[size_t(i)];
      // What dies here may be overwritten here; what an inner stage read from outside dies with the stage.
      auto release = [&](int at) {
        for (int reg : dying[size_t(at)]) {
          const Instr& dead = p.instrs[size_t(reg)];
          (dead.inner ? inner : outer).give(dead.width, dead.slot);
        }
        dying[size_t(at)].clear();
      };
      if (i == stage.first) release(i);
      else if (!stage.inner) release(i);
      else {
        std::vector<int> later;
        for (int reg : dying[size_t(i)]) {
          const Instr& dead = p.instrs[size_t(reg)];
          if (dead.inner) inner.give(dead.width, dead.slot);
          else later.push_back(reg);
        }
        dying[size_t(i)].clear();
        auto& end = dying[size_t(stage.first + stage.count)];
        end.insert(end.end(), later.begin(), later.end());
      }
      if (in.width == 0 || in.level == Level::constant || in.repeats >= 0 || in.absorbed) continue;
      in.slot = (in.inner ? inner : outer).take(in.width);
      const int end = std::max(in.last_use, i + 1);
      if (size_t(end) <= p.instrs.size()) dying[size_t(end)].push_back(i);
    }
    widest = std::max(widest, inner.size());
    if (p.shares) continue;
    // Inner registers do not outlive their stage.
    for (auto& list : dying) list.erase(std::remove_if(list.begin(), list.end(), [&](int reg) { return p.instrs[size_t(reg)].inner; }), list.end());
  }
  p.outer_pool = outer.size();
  p.inner_pool = widest;
}

void resolve_functions(Program& p) {
  const IsaTable& isa = *isa_table();
  for (Instr& in : p.instrs) {
    if (in.op < Op::add || in.reduction >= 0 || in.absorbed) continue;
    for (int mode : {row_mode, column_mode}) {
      int scalars = 0;
      const int operands[3] = {in.a, in.b, in.c};
      for (int k = 0; k < 3; ++k) {
        if (operands[k] < 0) continue;
        const Instr& source = p.instrs[size_t(operands[k])];
        const bool row_scalar = mode == row_mode && in.inner && (!source.inner || source.level == Level::row);
        if (source.level == Level::constant || row_scalar) scalars |= 1 << k;
      }
      in.fn[mode] = isa.find({in.op, in.type, in.operand_type, in.imm, scalars, in.first, in.right});
    }
  }
}

}  // namespace

void analyse(Program& p) {
  find_levels(p);
  find_uses(p);
  allocate_registers(p);
  resolve_functions(p);
}

}  // namespace weft::cpu
