// How one contraction is cut up: its sizes, its blocks, and the tables that say where elements lie.
#pragma once

#include "executable.h"

namespace weft::cpu {

// One operand: where its element (batch, row, k) lies; a row is a point of the m or n space. The offset of a point is a sum over
// dimensions, so it is the sum of a batch, a row and a k part; the same goes for the t of each bound.
struct Operand {
  const Access* access = nullptr;
  const char* base = nullptr;
  int64_t offset = 0;
  const int64_t* strides = nullptr;  // bounds of step 1 folded in
  const int64_t* bounds = nullptr;   // their words
  int rank = 0;
  bool dilated = false;  // some bound has a step
  PackFn pack = nullptr;
  // Tables over all of k; see bind_depth.
  int64_t* k_offset = nullptr;
  int64_t* k_t[max_panel_bounds] = {};
};

struct ContractPlan {
  int64_t batch = 1, m = 1, n = 1, k = 1;
  int first_m = 0, first_n = 0, first_k = 0, rank = 0;  // first dimension of each class
  const int64_t* sizes = nullptr;
  int width = 4;  // bytes of an accumulator
  MicroKernels micro;
  int64_t panels = 0, strips = 0;              // of micro.rows rows, of micro.columns columns
  int64_t depth = 0;                           // of a block of k
  int64_t m_blocks = 1, n_blocks = 1;          // per chunk of n
  int64_t chunk_strips = 0;                    // strips of B packed at a time
  int64_t block_panels = 0, block_strips = 0;  // the most in one block
  bool narrow = false;                         // one block of rows: every worker can pack what it needs of B
  bool keep_a = false;                         // A's block is packed for all of k and kept across n blocks
  Operand a, b;
  bool empty() const { return batch == 0 || m == 0 || n == 0; }
};

struct CacheSizes {
  int64_t l1, l2;
};
const CacheSizes& caches();

inline int64_t ceil_div(int64_t a, int64_t b) { return (a + b - 1) / b; }
int64_t product(const int64_t* sizes, int first, int end);

// Into how many sums, added up afterwards, the sum over k is cut. By m, n and k alone, since the order decides the bits.
int64_t depth_chunks(const ContractPlan&);

// The most rows that make one block.
int64_t narrow_rows(const Contraction&);

// Sizes, and where the operands lie.
void bind_contraction(const LaunchContext&, Arena&, ContractPlan&);

// An operand's tables over k, and over [first, first + count) of it in tables that are there.
void bind_depth(const ContractPlan&, Arena&, Operand&);
void fill_depth(const ContractPlan&, Operand&, int64_t first, int64_t count);

// Blocks and both operands' tables, for `workers` that share one matrix.
void plan_blocks(const Contraction&, int workers, Arena&, ContractPlan&);

// Base, limit, step, stride, then a coefficient for each dimension.
inline const int64_t* bound_words(const Operand& o, int b) { return o.bounds + b * (4 + o.rank); }

// table[i] = start + sum_d factors[d] * coord[d] for `count` points of dimensions [first_dim, end_dim) from flat index `first` on.
void affine_table(const int64_t* sizes, const int64_t* factors, int first_dim, int end_dim, int64_t first, int64_t count, int64_t start, int64_t* table);

// The rows' tables of a panel source: `count` rows from `first` on, in the dimensions [first_dim, end_dim), at a batch point.
void bind_rows(const ContractPlan&, const Operand&, const int64_t* batch_point, int first_dim, int end_dim, int64_t first, int64_t count, int64_t* offsets,
               int64_t* t, PanelSource&);

// Moves a panel source to k in [first, ...), and to rows from `row` on.
PanelSource shifted(const PanelSource&, int64_t row, int64_t k);

}  // namespace weft::cpu
