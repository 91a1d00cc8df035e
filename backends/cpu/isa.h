// What one instruction-set build of the kernels offers. The kernels are compiled several times, once per instruction set, each
// build in a namespace of its own; this table is the only way in, so no build's code can leak into another's.
#pragma once

#include <cstdint>

namespace weft::cpu {

enum class Op : uint8_t {
  // Handled by the interpreter itself.
  imm,
  param,
  index,
  load,
  store,
  check,
  // Computed tile by tile.
  add,
  sub,
  mul,
  neg,
  abs,
  div,
  rem,
  min,
  max,
  fma,
  floor,
  ceil,
  trunc,
  rint,
  sqrt,
  exp,
  expm1,
  log,
  log1p,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  tanh,
  erf,
  pow,
  lt,
  le,
  eq,
  ne,
  and_,
  or_,
  xor_,
  not_,
  shl,
  shr,
  select,
  cast,
  bits,
  narrow,
  philox,
  // Reductions over the inner space.
  reduce_sum,
  reduce_prod,
  reduce_max,
  reduce_min,
  reduce_any,
  reduce_all,
  reduce_argmax,
  reduce_argmin,
  count
};

// One instruction over n elements: dst[i] = op(a[i], b[i], c[i]). Registers are dense arrays; dst may be one of the operands.
using TileFn = void (*)(void* dst, const void* a, const void* b, const void* c, int64_t n);

// Between memory and registers, with conversion. Strides and offsets count elements.
using LoadFn = void (*)(void* dst, const void* src, int64_t stride, int64_t n);
using GatherFn = void (*)(void* dst, const void* src, const int64_t* offsets, int64_t n);
// dst[r * n + i] = src[offsets[r] + i]: whole rows.
using GatherRowsFn = void (*)(void* dst, const void* src, const int64_t* offsets, int64_t rows, int64_t n);
using StoreFn = void (*)(void* dst, int64_t stride, const void* src, int64_t n);
// A copy of dense elements that bypasses the caches: for results too large to be found there later.
using StreamFn = void (*)(void* dst, const void* src, int64_t bytes);
using ScatterFn = void (*)(void* dst, const int64_t* offsets, const void* src, int64_t n);

// dst[i * dst_stride] = src[i * src_stride] over a rows x cols block where the source is dense along the rows; see loop_tile.cpp.
using TransposeFn = void (*)(void* dst, int64_t dst_stride, const void* src, int64_t src_stride, int64_t rows, int64_t cols);

// How many running results a reduction keeps: element i goes to lane i % reduce_lanes. This fixes the order of every reduction.
constexpr int64_t reduce_lanes = 64;

struct FoldFns {
  // lanes[l] = op(lanes[l], src[l + 64 j]) for all j; where `fresh`, the lanes begin with the first elements.
  void (*fold)(void* lanes, const void* src, int64_t n, bool fresh) = nullptr;
  // lanes[0] = all of the first `count` lanes, combined in a tree.
  void (*tree)(void* lanes, int64_t count) = nullptr;
};

// argmax and argmin need no lanes: their result does not depend on the order.
struct ArgReduceFns {
  // best, at against src[0..n), whose first element has inner index `first`; where that is 0, there is no best yet.
  void (*fold)(void* best, int64_t* at, const void* src, int64_t first, int64_t n) = nullptr;
  // best[i], at[i] against src[i] at inner index k, for n independent reductions.
  void (*step)(void* best, int64_t* at, const void* src, int64_t k, int64_t n) = nullptr;
};

// Inclusive scans of `rows` rows (at most scan_rows), side by side: row r lies at dst + r * dst_row and src + r * src_row (in
// elements) and goes on from carry[r], or begins where `fresh`. carry[r] is then its last result. dst may be src.
constexpr int64_t scan_rows = 8;
using ScanFn = void (*)(void* dst, int64_t dst_row, const void* src, int64_t src_row, int64_t rows, int64_t n, void* carry, bool fresh);

struct FindArgs {
  Op op;
  int type;          // of the result
  int operand_type;  // of operand a (of b for select)
  int imm;           // narrow: storage type; philox: word
  int scalars;       // bit i: operand i is one value, not a tile
  // A pair of instructions in one: op(first(a, b), c), or op(c, first(a, b)) where `right`.
  Op first = Op::count;
  bool right = false;
};

// One side of a contraction, resolved to plain tables: element (i, k) lies at base[row_offset[i] + k_offset[k]].
// Bounds (step 1) add, for each bound b: inside only while 0 <= row_t[b][i] + k_t[b][k] < limit[b].
constexpr int max_panel_bounds = 8;
struct PanelSource {
  const void* base;
  const int64_t* row_offset;
  const int64_t* k_offset;
  int bounds;
  const int64_t* row_t[max_panel_bounds];
  const int64_t* k_t[max_panel_bounds];
  int64_t limit[max_panel_bounds];
  int64_t step[max_panel_bounds];    // 1, unless dilated
  int64_t stride[max_panel_bounds];  // of a dilated bound; otherwise already in the offset tables
  bool dilated;
};

// dst[k * width + i] = source(i, k) for i < rows, k < depth; rows up to width are zero.
using PackFn = void (*)(void* dst, const PanelSource& source, int64_t rows, int64_t width, int64_t depth);

// c[i * ldc + j] (+)= sum_k a[k * rows + i] * b[b_rows[k] + j], for `rows` rows and one column strip. Rows of B lie where a table
// says, so an image needs no packing: each tap of a convolution is the same image seen from elsewhere.
using MicroFn = void (*)(int64_t depth, const void* a, const void* b, const int64_t* b_rows, void* c, int64_t ldc, bool accumulate);

constexpr int max_micro_rows = 16;
struct MicroKernels {
  int rows = 0;                           // best panel height
  int columns = 0;                        // panel width
  MicroFn full[max_micro_rows + 1] = {};  // [rows]: `columns` wide
  MicroFn half[max_micro_rows + 1] = {};  // [rows]: half as wide, or null
};

// Transforms of Winograd's F(4x4, 3x3); see winograd.cpp. Point (i, j) of tile t lies at [(6 * i + j) * pitch + t]. Channels are a
// step apart.
struct WinogradFns {
  void (*image)(float* values, int64_t pitch, int64_t value_step, const float* rows, int64_t row_pitch, int64_t row_step, int64_t channels, int64_t tiles);
  void (*filter)(float* values, int64_t pitch, const float* taps);
  void (*result)(float* rows, int64_t row_pitch, const float* sums, int64_t pitch, int64_t tiles);
};

// A plane of an image, padded, and where each tap of a filter sees it.
struct DepthwiseShape {
  int64_t rows = 0, columns = 0, pitch = 0;  // of places; from row to row of the plane
  int64_t taps = 0;
  const int64_t* tap = nullptr;
};

struct DepthwiseFns {
  int lanes;
  // out[r * columns + c] = sum_k filter[k] * plane[tap[k] + r * pitch + c]; up to `lanes` more elements are written.
  void (*image)(float* out, const float* plane, const DepthwiseShape&, const float* filter);
  // sums[k * lanes + any] += sum_rc gradient[r * columns + c] * plane[tap[k] + r * pitch + c]; as much more is read.
  void (*filter)(float* sums, const float* plane, const DepthwiseShape&, const float* gradient);
};

struct IsaTable {
  const char* name;
  TileFn (*find)(const FindArgs&);
  LoadFn (*load)(int storage);
  GatherFn (*gather)(int storage);
  GatherRowsFn (*gather_rows)(int storage);
  StoreFn (*store)(int type, int storage);
  StreamFn stream;
  ScatterFn (*scatter)(int type, int storage);
  TransposeFn (*transpose)(int storage);
  FoldFns (*fold)(Op, int type);
  ArgReduceFns (*arg_reduce)(Op, int type);
  ScanFn (*scan)(Op, int type);
  PackFn (*pack)(int storage, int type);
  MicroKernels (*micro)(int type);
  WinogradFns (*winograd)();
  DepthwiseFns (*depthwise)();
};

// The table for this machine, chosen once: the best the CPU has, or what WEFT_CPU_ISA names.
// Null when that name is unknown or the CPU lacks it; `why` then says so.
const IsaTable* isa_table(const char** why = nullptr);

}  // namespace weft::cpu
