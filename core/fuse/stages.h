// Cutting a tape into stages.
#pragma once

#include <vector>

#include "fuse/kernel.h"
#include "fuse/tape.h"

namespace weft {

struct Staged {
  std::vector<Instr> instrs;
  std::vector<Stage> stages;
  // Accesses with index registers are copied per use: new access -> access of the tape, and its registers in the new numbering.
  std::vector<int> access_of;
  std::vector<std::vector<int32_t>> index_regs;
};

// index_regs[a]: the tape registers that index access a. reduce_first: no outer stage comes before the first inner one.
Staged cut_stages(const Tape& tape, const std::vector<std::vector<Reg>>& index_regs, bool reduce_first);

}  // namespace weft
