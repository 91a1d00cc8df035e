#include "fuse/tape.h"

namespace weft {

Reg Tape::push(TapeInstr in) {
  for (Reg r : {in.a, in.b, in.c})
    if (r >= 0) in.inner |= instrs[r].inner && std::strncmp(instrs[r].op, "reduce.", 7) != 0;
  if (in.effect) {
    instrs.push_back(in);
    return Reg(instrs.size() - 1);
  }
  std::string key(in.op);
  for (int64_t v : {int64_t(in.type), int64_t(in.a), int64_t(in.b), int64_t(in.c), int64_t(in.imm), int64_t(in.bits)})
    key.append(reinterpret_cast<const char*>(&v), sizeof v);
  auto [it, fresh] = known_.try_emplace(key, Reg(instrs.size()));
  if (fresh) instrs.push_back(in);
  return it->second;
}

Reg Tape::op(const char* op, Reg a, Reg b, Reg c, int imm) { return op_as(type(a), op, a, b, c, imm); }

Reg Tape::op_as(DType type, const char* op, Reg a, Reg b, Reg c, int imm) { return push({op, type, a, b, c, imm}); }

Reg Tape::imm(DType type, double value) { return imm_bits(type, (is_float(type) ? Scalar::of(value) : Scalar::of(int64_t(value))).bits(type)); }

Reg Tape::imm_bits(DType type, uint64_t bits) { return push({"imm", type, -1, -1, -1, 0, bits}); }

Reg Tape::param(DType type, int slot) { return push({"param", type, -1, -1, -1, slot}); }

Reg Tape::index(int dimension, bool inner) { return push({"index", DType::i64, -1, -1, -1, dimension, 0, inner}); }

Reg Tape::cast(DType to, Reg a) { return type(a) == to ? a : op_as(to, "cast", a); }

}  // namespace weft
