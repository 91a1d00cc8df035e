// A compiled kernel: everything about it that does not depend on sizes.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "isa.h"
#include "types.h"

namespace weft::cpu {

enum class Kind { loop, contraction, sort, scan, scatter };

// How the points of an inner space are walked. `row`: the tile runs along the inner space of one outer point, whose outer registers
// are scalars there. `column`: the tile runs across outer points, and inner points are visited one by one.
enum Mode { row_mode = 0, column_mode = 1 };

struct Access {
  int arg = 0, dtype = 0, size = 0;  // size of an element in bytes
  bool store = false, dilated = false;
  int params = 0, bounds = 0;
  std::vector<int> index_regs;
  std::vector<uint8_t> stride_classes;
  LoadFn load = nullptr;
  GatherFn gather = nullptr;
  GatherRowsFn gather_rows = nullptr;
  TransposeFn transpose = nullptr;
};

// When an instruction has to be computed.
enum class Level : uint8_t {
  constant,  // once per launch: the same at every point
  row,       // in an inner stage: the same at every inner point of one outer point
  varying
};

struct Instr {
  Op op = Op::imm;
  int type = 0, operand_type = 0, width = 0;  // width of the result in bytes
  int a = -1, b = -1, c = -1, imm = 0;
  uint64_t bits = 0;
  Level level = Level::varying;
  int stage = 0;
  bool inner = false;       // its register belongs to an inner stage (a reduction's does not)
  int last_use = -1;        // last instruction that reads the register; its stage's end, where an inner stage reads an outer register
  int only_store = -1;      // the store that is its only reader
  int64_t slot = 0;         // its register lies at slot * tile capacity in the outer or inner pool
  TileFn fn[2] = {};        // by mode
  StoreFn store = nullptr;  // of a store
  ScatterFn scatter = nullptr;
  int reduction = -1;     // index in Program::reductions
  Op first = Op::count;   // this instruction does the work of another as well: op(first(a, b), c)
  bool right = false;     // ... op(c, first(a, b))
  bool absorbed = false;  // another instruction does the work of this one
  int repeats = -1;       // an instruction of an earlier stage with the same result, which is used instead
};

struct Reduction {
  int instr = 0, operand = 0;
  int type = 0, width = 0;  // of the operand
  uint64_t identity = 0;    // the result over no elements
  FoldFns fold;
  TileFn combine = nullptr;
  bool arg = false;
  ArgReduceFns arg_fns;
};

// Instructions to run in turn, and the accesses they go through.
struct Tape {
  std::vector<int> instrs, accesses;
};

struct Stage {
  int first = 0, count = 0;
  bool inner = false;
  bool has_index = false;
  Tape once;                     // row mode: instructions of Level::row
  Tape each;                     // row mode: the rest; outer stages: all but constants
  Tape column;                   // column mode: all but constants
  std::vector<int> outer_reads;  // outer registers an inner stage reads
  std::vector<int> reductions;
};

struct Contraction {
  int batch = 0, m = 0, n = 0;  // how many outer dimensions of each class
  int type = 0;                 // of the accumulator
  int sum = 0;                  // the reduce.sum
  bool image = false;           // of kind "conv"
  PackFn pack_a = nullptr, pack_b = nullptr;
  MicroKernels micro;
};

struct Program {
  Kind kind = Kind::loop;
  int args = 0, outer_rank = 0, inner_rank = 0, param_words = 0;
  int rank() const { return outer_rank + inner_rank; }
  std::vector<Access> accesses;
  std::vector<Instr> instrs;
  std::vector<Stage> stages;
  std::vector<Reduction> reductions;
  std::vector<int> constants;  // instructions of Level::constant, in order
  std::vector<int> checks;
  bool has_indices = false;
  bool has_inner_stage = false;
  bool shares = false;                     // registers of inner stages outlive them: for rows that fit in one tile; see share.cpp
  std::shared_ptr<const Program> sharing;  // such a form of this program, where it saves work
  int64_t outer_pool = 0, inner_pool = 0;  // bytes per element of a tile
  Contraction contraction;
  int64_t attr_op = 0;      // "scan", "scatter"
  bool descending = false;  // "sort"
};

// Null for a kernel of a kind or type this backend does not do; throws Error for one that is not valid.
std::unique_ptr<Program> compile_program(const weft_kernel& kernel);

// The parts of compile_program.
Op parse_op(const char* name);               // Op::count where unknown
void share_stages(Program& program);         // finds what later inner stages repeat; sets `shares` where there is something
void analyse(Program& program);              // levels, stage lists, last uses, registers
bool compile_contraction(Program& program);  // false: unsupported types

}  // namespace weft::cpu
