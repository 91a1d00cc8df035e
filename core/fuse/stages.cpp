#include "fuse/stages.h"

#include <algorithm>
#include <cstring>
#include <map>

namespace weft {

// Every instruction has a level: outer stages are even, inner stages odd. A reduction in inner stage l is known from l + 1 on.
// Inner values do not outlive their stage, so a later stage that needs one computes it again.
namespace {

bool is_reduce(const TapeInstr& in) { return !std::strncmp(in.op, "reduce.", 7); }
bool is_memory(const TapeInstr& in) { return !std::strcmp(in.op, "load") || !std::strcmp(in.op, "store"); }

struct Cutter {
  const Tape& tape;
  const std::vector<std::vector<Reg>>& index_regs;
  bool reduce_first;
  Staged out;
  std::vector<int> level, outer_reg;
  std::vector<bool> needed;

  SmallVector<Reg, 4> operands(const TapeInstr& in) const {
    SmallVector<Reg, 4> ops;
    for (Reg r : {in.a, in.b, in.c})
      if (r >= 0) ops.push_back(r);
    if (is_memory(in))
      for (Reg r : index_regs[in.imm]) ops.push_back(r);
    return ops;
  }
  bool inner_value(Reg r) const { return tape.instrs[r].inner && !is_reduce(tape.instrs[r]); }

  void assign_levels() {
    for (const TapeInstr& in : tape.instrs) {
      int l = in.inner ? 1 : reduce_first ? 2 : 0;
      for (Reg r : operands(in)) {
        int at = is_reduce(tape.instrs[r]) ? level[r] + 1 : level[r];
        if (in.inner) l = std::max(l, inner_value(r) ? at : at + 1);
        else l = std::max(l, at);
      }
      level.push_back(l);
    }
  }

  void mark_needed() {
    needed.assign(tape.instrs.size(), false);
    for (size_t i = tape.instrs.size(); i-- > 0;) {
      const TapeInstr& in = tape.instrs[i];
      if (in.effect) needed[i] = true;
      if (!needed[i]) continue;
      for (Reg r : operands(in)) needed[r] = true;
    }
  }

  int put(Reg r, std::map<Reg, int>& local) {
    const TapeInstr& in = tape.instrs[r];
    auto renamed = [&](Reg op) { return op < 0 ? -1 : inner_value(op) ? local.at(op) : outer_reg[op]; };
    Instr made{in.op, in.type, renamed(in.a), renamed(in.b), renamed(in.c), in.imm, in.bits};
    if (is_memory(in)) {
      std::vector<int32_t> regs;
      for (Reg i : index_regs[in.imm]) regs.push_back(renamed(i));
      size_t a = 0;
      while (a < out.access_of.size() && (out.access_of[a] != in.imm || out.index_regs[a] != regs)) ++a;
      if (a == out.access_of.size()) out.access_of.push_back(in.imm), out.index_regs.push_back(regs);
      made.imm = int(a);
    }
    out.instrs.push_back(made);
    int at = int(out.instrs.size()) - 1;
    if (inner_value(r)) local[r] = at;
    else outer_reg[r] = at;
    return at;
  }

  // The inner values that the sinks of this stage need, in tape order.
  void inner_stage(int l, std::map<Reg, int>& local) {
    std::vector<bool> here(tape.instrs.size(), false);
    for (size_t i = tape.instrs.size(); i-- > 0;) {
      const TapeInstr& in = tape.instrs[i];
      bool sink = in.inner && needed[i] && level[i] == l && (in.effect || is_reduce(in));
      if (!sink && !here[i]) continue;
      here[i] = true;
      for (Reg r : operands(in))
        if (inner_value(r)) here[r] = true;
    }
    for (size_t i = 0; i < tape.instrs.size(); ++i)
      if (here[i]) put(Reg(i), local);
  }

  Staged run() {
    assign_levels();
    mark_needed();
    outer_reg.assign(tape.instrs.size(), -1);
    int top = level.empty() ? 0 : *std::max_element(level.begin(), level.end());
    for (int l = 0; l <= top; ++l) {
      int first = int(out.instrs.size());
      std::map<Reg, int> local;
      if (l % 2) inner_stage(l, local);
      else
        for (size_t i = 0; i < tape.instrs.size(); ++i)
          if (needed[i] && !tape.instrs[i].inner && level[i] == l) put(Reg(i), local);
      int count = int(out.instrs.size()) - first;
      if (count) out.stages.push_back({first, count, l % 2 == 1});
    }
    return std::move(out);
  }
};

}  // namespace

Staged cut_stages(const Tape& tape, const std::vector<std::vector<Reg>>& index_regs, bool reduce_first) {
  return Cutter{tape, index_regs, reduce_first, {}, {}, {}, {}}.run();
}

}  // namespace weft
