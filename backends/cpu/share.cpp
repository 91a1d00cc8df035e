// Work that several inner stages of a loop kernel repeat, such as the exponentials of a softmax: where a whole row fits in one tile,
// its registers can outlive their stage, and a later stage need not compute them again.
#include <algorithm>
#include <map>
#include <tuple>

#include "program.h"

namespace weft::cpu {

namespace {

// Equal keys mean equal values, apart from loads whose memory is written in between.
using Key = std::tuple<Op, int, int, int, int, int, int, uint64_t, std::vector<int>>;

}  // namespace

void share_stages(Program& p) {
  std::map<Key, int> seen;
  std::vector<int> same(p.instrs.size());  // the first instruction of equal value
  for (int i = 0; i < int(p.instrs.size()); ++i) {
    Instr& in = p.instrs[size_t(i)];
    same[size_t(i)] = i;
    for (int* operand : {&in.a, &in.b, &in.c})
      if (*operand >= 0) *operand = same[size_t(*operand)];
    if (in.reduction >= 0) p.reductions[size_t(in.reduction)].operand = in.a;
    std::vector<int> indices;
    if (in.op == Op::load || in.op == Op::store) {
      for (int& reg : p.accesses[size_t(in.imm)].index_regs) reg = same[size_t(reg)];
      indices = p.accesses[size_t(in.imm)].index_regs;
    }
    if (!in.inner || in.op == Op::store || in.op == Op::check) continue;
    const auto [first, added] = seen.try_emplace(Key{in.op, in.type, in.operand_type, in.a, in.b, in.c, in.imm, in.bits, indices}, i);
    if (added || p.instrs[size_t(first->second)].stage == in.stage) continue;
    same[size_t(i)] = in.repeats = first->second;
    p.shares |= in.op >= Op::load;
  }
}

}  // namespace weft::cpu
