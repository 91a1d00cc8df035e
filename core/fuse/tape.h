// A tape under construction: SSA instructions with common subexpressions shared. Stages are cut later.
#pragma once

#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "fuse/index_map.h"
#include "graph/dtype.h"

namespace weft {

using Reg = int;

// The value of one element: a register, or two for a complex number.
struct Val {
  Reg re = -1, im = -1;
};

struct TapeInstr {
  const char* op;  // interned
  DType type;
  Reg a = -1, b = -1, c = -1;
  int imm = 0;
  uint64_t bits = 0;
  bool inner = false;   // differs from inner point to inner point
  bool effect = false;  // store, check: never shared or dropped
};

class Tape {
 public:
  // The type of a result is that of operand a unless given.
  Reg op(const char* op, Reg a, Reg b = -1, Reg c = -1, int imm = 0);
  Reg op_as(DType type, const char* op, Reg a = -1, Reg b = -1, Reg c = -1, int imm = 0);
  Reg imm(DType type, double value);  // integers and floats that a double holds exactly
  Reg imm_bits(DType type, uint64_t bits);
  Reg param(DType type, int slot);       // scalar number `slot` of the launch
  Reg index(int dimension, bool inner);  // I64 coordinate
  Reg cast(DType type, Reg a);           // nothing where it has that type already
  Reg push(TapeInstr instr);

  DType type(Reg r) const { return instrs[r].type; }
  std::vector<TapeInstr> instrs;

 private:
  std::unordered_map<std::string, Reg> known_;
};

}  // namespace weft
