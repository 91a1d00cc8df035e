// The tile interpreter: one launch of a loop kernel as one worker sees it.
//
// A tile is a set of points that instructions run over at once. Its points are grouped into runs along one dimension (the last
// outer or the last inner one); an access walks each run with a constant stride.
#pragma once

#include "executable.h"

namespace weft::cpu {

struct Tile {
  int64_t first = 0;  // flat index of the first point, in an inner tile
  int64_t n = 0;      // length of its registers
  int runs = 0;
  const int64_t* at = nullptr;  // run r covers register elements [at[r], at[r] + length[r])
  const int64_t* length = nullptr;
  const int64_t* coords = nullptr;  // of each run's first point, `dims` per run, in dimensions [first_dim, first_dim + dims)
  int first_dim = 0, dims = 0;
  const int64_t* shared = nullptr;  // the other coordinates, the same for all runs; 0 in the dimensions above
  bool consecutive = false;         // the points follow one another in row-major order and are dense in the register
  int block_dim = -1;               // runs differ by 1 in this dimension alone, and are all equally long; -1: no
  int last_dim() const { return first_dim + dims - 1; }
};

constexpr int64_t no_step = INT64_MIN;

// An access with its parameters.
struct BoundAccess {
  const Access* access = nullptr;
  char* base = nullptr;
  int64_t offset = 0;  // with bounds of step 1 folded in, as in the strides
  int64_t* strides = nullptr;
  const int64_t* bounds = nullptr;   // its words: base, limit, step, stride, coefficients
  const int64_t* indices = nullptr;  // its words: stride, limit
  uint64_t fill = 0;
  bool plain = false;         // neither bounds nor indices
  bool outer_linear = false;  // plain, and one stride leads through the whole outer space in row-major order
  bool inner_linear = false;
  int64_t run_step = 0;      // from one run of the outer space to the next; no_step where that differs
  int64_t* table = nullptr;  // offsets of all inner points, where runs along the inner space are too short to load one by one
  char* low = nullptr;       // the bytes it can touch
  char* high = nullptr;
  bool per_run = false;  // a load of one value for each run of a tile
  char* at = nullptr;    // where the current tile begins, if one stride, `step`, leads through it
  int64_t step = 0;
  bool stream = false;  // a store too large for the caches
  bool direct = false;  // loads: registers may point into memory. stores: values may be computed into memory
};

// From one register of a pool to the next, in elements. Not a power of two: loads wait for earlier stores to addresses that agree in
// their low 12 bits.
inline int64_t register_stride(int64_t capacity) { return (capacity + 63) / 64 * 64 + 64; }

class LoopRun {
 public:
  LoopRun(const LaunchContext& context, Arena& arena, int threads) : LoopRun(*context.program, context, arena, threads) {}
  LoopRun(const Program&, const LaunchContext&, Arena&, int threads);

  // All of this worker's tiles.
  void run(const Worker&);

  // Of a program that shares registers between stages: whether it may stand in for the original here.
  bool may_share() const;

  // For contractions: the sizes, and one outer stage over a tile whose reduce.sum is given.
  const int64_t* sizes() const { return words_; }
  void run_epilogue(const Tile&, int sum, const void* values);
  // How many columns of the space of dimensions [first, end) follow one another with one stride in every outer access.
  int64_t joined_columns(int first, int end) const;
  // Makes room for tiles of `capacity` points without inner work.
  void reserve_outer(int64_t capacity);

 private:
  friend struct OuterTiles;

  // loop_bind.cpp
  void lengthen_runs();
  void bind_access(int index);
  void bind_extent(BoundAccess&);
  void allow_direct();
  void choose_streams();
  void find_run_uniform();
  void choose_runs();
  void run_constants();
  void choose_mode();
  double cost(Mode) const;
  void choose_tiles();
  void make_tables();
  bool wants_table(const BoundAccess&) const;

  // loop.cpp
  void run_row_tile(const Tile&);
  void run_column_tile(const Tile&);
  void prefetch_next(const Tile&) const;
  void run_inner_row(const Stage&, const Tile& outer);
  void run_inner_column(const Stage&, const Tile& outer);
  void fold_row(int reduction, const Tile&, int64_t first);
  void fold_column(int reduction, int64_t k, int64_t n);
  void finish(const Stage&, int64_t total, int64_t units, int64_t at);
  Tile inner_tile(int64_t first, int64_t n, bool flat);
  void outer_tile(int64_t index, bool flat, Tile&);
  void block_tile(int64_t index, Tile&);
  bool flat(const Stage&, bool inner) const;

  // loop_tile.cpp
  void spread_runs(int reg, const Tile&);
  bool one_per_run(int i) const { return by_run_ && run_uniform_[i] && p_.instrs[size_t(i)].level != Level::constant; }
  const char* operand(int reg, bool per_run) const { return !per_run && spread_[reg] ? spread_[reg] : ptr_[reg]; }
  void run_tape(const Tape&, const Tile&, bool once);
  void place(const Tape&, const Tile&);
  void load(int i, const Tile&, void* dst);
  void save_index(const BoundAccess&, const Tile&, const void* dst);
  void load_run(const BoundAccess&, const Tile&, int r, int64_t fixed, char* dst);
  void store(int i, const Tile&);
  void store_run(const Instr&, const BoundAccess&, const Tile&, int r, int64_t fixed, const char* values);
  void fill_index(int dim, const Tile&, int64_t* dst);
  void check(int i, const Tile&, bool per_run);
  int64_t fixed_offset(const BoundAccess&, const Tile&) const;
  int64_t run_offset(const BoundAccess&, const Tile&, int r, int64_t fixed) const;
  void inside_range(const BoundAccess&, const Tile&, int r, int64_t& low, int64_t& high) const;
  bool run_offsets(const BoundAccess&, const Tile&, int r, int64_t start, int64_t low, int64_t high);
  bool row_offsets(const BoundAccess&, const Tile&, int64_t fixed);
  int dilated_offsets(const BoundAccess&, const Tile&, int r, int64_t start);
  bool is_scalar(int reg) const;
  template <class F>
  bool each_run(const BoundAccess&, const Tile&, int64_t fixed, F) const;
  char* direct_target(const Instr&, const Tile&) const;
  bool one_run(const BoundAccess&, const Tile&) const;
  const void* as_tile(int reg, int64_t n, void* scratch) const;

  const Program& p_;
  const LaunchContext& context_;
  Arena& arena_;
  const int64_t* words_;
  BoundAccess* accesses_;
  const char** ptr_;   // where each register's values are now
  uint64_t* scalars_;  // registers that are one value
  bool streams_ = false;
  bool* run_uniform_;  // outer registers that do not change along the last outer dimension
  // Where tiles are made of whole runs and something is uniform along them, such registers have one element per run.
  bool by_run_ = false;
  Tile run_tile_;  // the current tile's runs, one point each: a tile over the outer dimensions but the last
  char** spread_;  // such a register with a copy for each point, where an instruction needs that
  int64_t *run_at_ = nullptr, *run_length_ = nullptr, *run_coords_ = nullptr, *run_index_ = nullptr;
  char* outer_pool_ = nullptr;
  char* inner_pool_ = nullptr;
  char** lanes_;           // of each reduction
  int64_t** lane_at_;      // of argmax and argmin
  char* splat_ = nullptr;  // a scalar, spread over a tile
  int64_t* offsets_ = nullptr;
  uint8_t* outside_ = nullptr;
  int64_t* zeros_;  // a coordinate of all zeros

  int64_t outer_points_ = 1, inner_points_ = 1;
  int threads_;
  Mode mode_ = row_mode;
  bool in_inner_row_ = false;
  int64_t capacity_ = 0;        // points of an outer tile
  int64_t inner_capacity_ = 0;  // points of an inner tile (row mode)
  int64_t tiles_ = 0;
  int block_dim_ = -1;  // 2-D tiles over this dimension and the last
  int64_t block_rows_ = 0, block_columns_ = 0;
  // Room for the runs of one outer and one inner tile.
  int64_t *at_ = nullptr, *length_ = nullptr, *coords_ = nullptr;
  int64_t *inner_at_ = nullptr, *inner_length_ = nullptr, *inner_coords_ = nullptr;
  int64_t* point_ = nullptr;  // full coordinates: of an outer point in row mode, of an inner point in column mode
};

}  // namespace weft::cpu
