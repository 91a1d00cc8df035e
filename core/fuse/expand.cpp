#include "fuse/expand.h"

#include <algorithm>
#include <cstring>

namespace weft {

// Philox 4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011): ten rounds of two 32-bit multiplications.
static Reg philox(Tape& t, Reg counter, Reg key, int word) {
  const DType u64 = DType::u64;
  Reg low = t.imm_bits(u64, 0xffffffff), shift = t.imm_bits(u64, 32);
  auto lo = [&](Reg r) { return t.op("and", r, low); };
  auto hi = [&](Reg r) { return t.op("shr", r, shift); };
  Reg x[4] = {lo(counter), hi(counter), t.imm_bits(u64, 0), t.imm_bits(u64, 0)};
  Reg k[2] = {lo(key), hi(key)};
  const Reg multiplier[2] = {t.imm_bits(u64, 0xD2511F53), t.imm_bits(u64, 0xCD9E8D57)};
  const Reg weyl[2] = {t.imm_bits(u64, 0x9E3779B9), t.imm_bits(u64, 0xBB67AE85)};
  for (int round = 0; round < 10; ++round) {
    if (round)
      for (int i = 0; i < 2; ++i) k[i] = lo(t.op("add", k[i], weyl[i]));
    Reg a = t.op("mul", x[0], multiplier[0]), b = t.op("mul", x[2], multiplier[1]);
    Reg next[4] = {t.op("xor", t.op("xor", hi(b), x[1]), k[0]), lo(b), t.op("xor", t.op("xor", hi(a), x[3]), k[1]), lo(a)};
    std::copy(next, next + 4, x);
  }
  return t.cast(DType::u32, x[word]);
}

Tape expand_extra(const Tape& tape, const std::set<std::string>& extra, std::vector<Reg>& renamed) {
  Tape out;
  renamed.clear();
  auto at = [&](Reg r) { return r < 0 ? r : renamed[r]; };
  for (TapeInstr in : tape.instrs) {
    in.a = at(in.a), in.b = at(in.b), in.c = at(in.c);
    bool missing = !std::strcmp(in.op, "philox") && !extra.count(in.op);
    renamed.push_back(missing ? philox(out, in.a, in.b, in.imm) : out.push(in));
  }
  return out;
}

}  // namespace weft
