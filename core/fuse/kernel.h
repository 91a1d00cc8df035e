// A kernel as the core hands it to a backend: the C++ twin of weft_kernel (include/weft/backend.h), which says what all this means.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "graph/dtype.h"

namespace weft {

struct Instr {
  const char* op;
  DType type;
  int a = -1, b = -1, c = -1, imm = 0;
  uint64_t bits = 0;
};

struct Stage {
  int first, count;
  bool inner;
};

struct Access {
  int arg = 0;
  DType dtype = DType::f32;
  bool store = false, dilated = false;
  int params = 0, bounds = 0;
  std::vector<int32_t> index_regs;
  std::vector<uint8_t> stride_classes;
};

struct Kernel {
  std::string kind = "loop";
  std::string text;  // see kernel_text
  int args = 0, outer_rank = 0, inner_rank = 0, index_bits = 32, param_words = 0;
  std::vector<Access> accesses;
  std::vector<Instr> instrs;
  std::vector<Stage> stages;
  std::vector<std::pair<std::string, int64_t>> attrs;

  int rank() const { return outer_rank + inner_rank; }
};

// Canonical text, version 1: equal texts mean equal kernels.
std::string kernel_text(const Kernel&);

// The largest number of registers alive at once in any stage, and the bytes of private memory that needs per outer point.
int live_registers(const Kernel&);

}  // namespace weft
