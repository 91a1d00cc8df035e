// The interpreter's driver: walks outer tiles, stages, and inner spaces by row or by column, and finishes reductions.
#include "loop.h"

#include <algorithm>
#include <cstring>

namespace weft::cpu {

namespace {

constexpr int64_t no_coords[1] = {0};

// The coordinates of a flat index.
void split(const int64_t* sizes, int dims, int64_t index, int64_t* coords) {
  for (int d = dims - 1; d >= 0; --d) {
    coords[d] = index < sizes[d] ? index : index % sizes[d];
    index = index < sizes[d] ? 0 : index / sizes[d];
  }
}

// The runs of `n` points that follow one another in row-major order from flat index `first`.
int enumerate_runs(const int64_t* sizes, int dims, int64_t first, int64_t n, int64_t* at, int64_t* length, int64_t* coords) {
  if (dims == 0) {
    at[0] = 0;
    length[0] = n;
    return 1;
  }
  split(sizes, dims, first, coords);
  const int64_t last = sizes[dims - 1];
  int runs = 0;
  int64_t done = 0;
  const int64_t* here = coords;
  for (;;) {
    at[runs] = done;
    length[runs] = std::min(n - done, last - here[dims - 1]);
    done += length[runs++];
    if (done == n) return runs;
    int64_t* next = coords + int64_t(runs) * dims;
    for (int d = 0; d < dims - 1; ++d) next[d] = here[d];  // a handful: a call to memmove would cost more
    next[dims - 1] = 0;
    for (int d = dims - 2; d >= 0 && ++next[d] == sizes[d]; --d) next[d] = 0;
    here = next;
  }
}

}  // namespace

// Every access of the stage goes through the space with one stride: no need to tell its runs apart.
bool LoopRun::flat(const Stage& stage, bool inner) const {
  if (stage.has_index) return false;
  for (int i = stage.first; i < stage.first + stage.count; ++i) {
    const Instr& in = p_.instrs[size_t(i)];
    if (in.op != Op::load && in.op != Op::store) continue;
    const BoundAccess& a = accesses_[in.imm];
    if (!(inner ? a.inner_linear || a.table : a.outer_linear)) return false;
  }
  return true;
}

void LoopRun::outer_tile(int64_t index, bool flat, Tile& t) {
  const int dims = p_.outer_rank;
  t.first_dim = 0;
  t.dims = dims;
  t.at = at_;
  t.length = length_;
  t.coords = dims ? coords_ : no_coords;
  t.shared = zeros_;
  t.consecutive = block_dim_ < 0;
  t.block_dim = block_dim_;
  if (block_dim_ >= 0) return block_tile(index, t);
  const int64_t first = index * capacity_;
  t.n = std::min(capacity_, outer_points_ - first);
  if (flat && dims) {
    split(words_, dims, first, coords_);
    at_[0] = 0;
    length_[0] = t.n;
    t.runs = 1;
  } else {
    t.runs = enumerate_runs(words_, dims, first, t.n, at_, length_, coords_);
  }
  if (!by_run_) return;
  run_tile_ = t;
  run_tile_.n = t.runs;
  run_tile_.dims = dims - 1;
  run_tile_.at = run_at_;
  run_tile_.length = run_length_;
  run_tile_.coords = run_coords_;
  run_tile_.runs = enumerate_runs(words_, dims - 1, first / words_[dims - 1], t.runs, run_at_, run_length_, run_coords_);
}

// A tile over two dimensions, its rows one apart in the first of them.
void LoopRun::block_tile(int64_t index, Tile& t) {
  const int dims = p_.outer_rank, last = dims - 1;
  const int64_t across = (words_[last] + block_columns_ - 1) / block_columns_;
  const int64_t down = (words_[block_dim_] + block_rows_ - 1) / block_rows_;
  int64_t* start = coords_;
  start[last] = index % across * block_columns_;
  index /= across;
  start[block_dim_] = index % down * block_rows_;
  index /= down;
  for (int d = last - 1; d >= 0; --d) {
    if (d == block_dim_) continue;
    start[d] = index % words_[d];
    index /= words_[d];
  }
  const int64_t rows = std::min(block_rows_, words_[block_dim_] - start[block_dim_]);
  const int64_t columns = std::min(block_columns_, words_[last] - start[last]);
  for (int64_t r = 0; r < rows; ++r) {
    at_[r] = r * columns;
    length_[r] = columns;
    if (r > 0) std::copy(start, start + dims, coords_ + r * dims);
    coords_[r * dims + block_dim_] = start[block_dim_] + r;
  }
  t.n = rows * columns;
  t.runs = int(rows);
}

Tile LoopRun::inner_tile(int64_t first, int64_t n, bool flat) {
  Tile t;
  t.first = first;
  t.n = n;
  t.first_dim = p_.outer_rank;
  t.dims = p_.inner_rank;
  t.at = inner_at_;
  t.length = inner_length_;
  t.coords = inner_coords_;
  t.shared = point_;
  t.consecutive = true;
  if (flat || p_.inner_rank == 1) {
    split(words_ + p_.outer_rank, p_.inner_rank, first, inner_coords_);
    inner_at_[0] = 0;
    inner_length_[0] = n;
    t.runs = 1;
  } else {
    t.runs = enumerate_runs(words_ + p_.outer_rank, p_.inner_rank, first, n, inner_at_, inner_length_, inner_coords_);
  }
  return t;
}

void LoopRun::run(const Worker& worker) {
  if (outer_points_ == 0) return;
  bool all_flat = true;
  for (const Stage& stage : p_.stages) all_flat = all_flat && (stage.inner && mode_ == row_mode ? true : flat(stage, false));
  int64_t first, end;
  worker.share(tiles_, first, end);
  Tile tile;
  for (int64_t t = first; t < end; ++t) {
    outer_tile(t, all_flat, tile);
    if (mode_ == row_mode) run_row_tile(tile);
    else run_column_tile(tile);
  }
  if (streams_) std::atomic_thread_fence(std::memory_order_seq_cst);  // streamed results reach memory before the next barrier
}

// The processor's own prefetching stops at pages and starts anew with each row: it is told of the next one while this one is
// computed.
void LoopRun::prefetch_next(const Tile& tile) const {
  constexpr int64_t line = 64, most = 16 << 10;
  if (p_.outer_rank == 0) return;
  for (const BoundAccess* a = accesses_; a != accesses_ + p_.accesses.size(); ++a) {
    const int64_t bytes = inner_points_ * a->access->size;
    if (!a->inner_linear || bytes < line || bytes > most || a->strides[p_.rank() - 1] != 1) continue;
    const char* next = a->base + (run_offset(*a, tile, 0, a->offset) + a->strides[p_.outer_rank - 1]) * a->access->size;
    if (next + bytes > a->high) continue;
    for (int64_t i = 0; i < bytes && !a->access->store; i += line) __builtin_prefetch(next + i, 0);
    for (int64_t i = 0; i < bytes && a->access->store; i += line) __builtin_prefetch(next + i, 1);
  }
}

void LoopRun::run_row_tile(const Tile& tile) {
  if (p_.shares) prefetch_next(tile);
  for (const Stage& stage : p_.stages) {
    if (stage.inner) run_inner_row(stage, tile);
    else run_tape(stage.each, tile, false);
  }
}

void LoopRun::run_column_tile(const Tile& tile) {
  for (const Stage& stage : p_.stages) {
    if (stage.inner) run_inner_column(stage, tile);
    else run_tape(stage.each, tile, false);
  }
}

// Each outer point of the tile in turn: its outer registers are scalars, and tiles run along the inner space.
void LoopRun::run_inner_row(const Stage& stage, const Tile& outer) {
  const bool inner_flat = flat(stage, true);
  const int dims = p_.outer_rank;
  const int reads = int(stage.outer_reads.size());
  const auto step = [&](int64_t by) {
    for (int k = 0; k < reads; ++k) {
      const int reg = stage.outer_reads[size_t(k)];
      ptr_[reg] += by * p_.instrs[size_t(reg)].width;
    }
  };
  // A first point, then on in row-major order: outer tiles are consecutive here.
  if (dims) std::copy(outer.coords, outer.coords + dims, point_);
  Tile one;
  one.n = 1;
  one.runs = 1;
  one.at = zeros_;
  const int64_t unit = 1;
  one.length = &unit;
  one.coords = zeros_;
  one.first_dim = p_.outer_rank;
  one.dims = p_.inner_rank;
  one.shared = point_;
  one.consecutive = true;
  in_inner_row_ = true;
  for (int64_t r = 0; r < outer.n; ++r) {
    if (inner_points_ > 0 && !stage.once.instrs.empty()) run_tape(stage.once, one, true);
    for (int64_t i = 0; i < inner_points_; i += inner_capacity_) {
      const Tile tile = inner_tile(i, std::min(inner_capacity_, inner_points_ - i), inner_flat);
      run_tape(stage.each, tile, false);
      for (int k : stage.reductions) fold_row(k, tile, i);
    }
    finish(stage, inner_points_, 1, r);
    step(1);
    for (int d = dims - 1; d >= 0 && ++point_[d] == words_[d]; --d) point_[d] = 0;
  }
  step(-outer.n);
  in_inner_row_ = false;
  std::fill(point_, point_ + p_.rank(), 0);
}

// Inner points in turn, each across the whole outer tile.
void LoopRun::run_inner_column(const Stage& stage, const Tile& outer) {
  Tile tile = outer;
  tile.shared = point_;
  for (int64_t k = 0; k < inner_points_; ++k) {
    run_tape(stage.column, tile, false);
    for (int r : stage.reductions) fold_column(r, k, tile.n);
    for (int d = p_.rank() - 1; d >= p_.outer_rank && ++point_[d] == words_[d]; --d) point_[d] = 0;
  }
  finish(stage, inner_points_, outer.n, 0);
}

void LoopRun::fold_row(int index, const Tile& tile, int64_t first) {
  const Reduction& r = p_.reductions[size_t(index)];
  const void* values = as_tile(r.operand, tile.n, splat_);
  if (r.arg) r.arg_fns.fold(lanes_[index], lane_at_[index], values, first, tile.n);
  else r.fold.fold(lanes_[index], values, tile.n, first == 0);
}

void LoopRun::fold_column(int index, int64_t k, int64_t n) {
  const Reduction& r = p_.reductions[size_t(index)];
  const void* values = as_tile(r.operand, n, splat_);
  if (r.arg) {
    if (k == 0) {
      std::memcpy(lanes_[index], values, size_t(n * r.width));
      std::fill_n(lane_at_[index], n, 0);
    } else {
      r.arg_fns.step(lanes_[index], lane_at_[index], values, k, n);
    }
    return;
  }
  char* lanes = lanes_[index] + k % reduce_lanes * n * r.width;
  if (k < reduce_lanes) std::memcpy(lanes, values, size_t(n * r.width));
  else r.combine(lanes, lanes, values, values, n);
}

// The results of a stage's reductions, `units` of them, from element `at` on.
void LoopRun::finish(const Stage& stage, int64_t total, int64_t units, int64_t at) {
  for (int index : stage.reductions) {
    const Reduction& r = p_.reductions[size_t(index)];
    const Instr& in = p_.instrs[size_t(r.instr)];
    char* result = outer_pool_ + in.slot * register_stride(capacity_);
    ptr_[r.instr] = result;
    result += at * in.width;
    char* lanes = lanes_[index];
    const int64_t count = std::min(total, reduce_lanes);
    if (count == 0) {
      for (int64_t u = 0; u < units; ++u) std::memcpy(result + u * in.width, &r.identity, size_t(in.width));
      continue;
    }
    if (!r.arg && units == 1) r.fold.tree(lanes, count);
    // The same tree over lanes that are `units` wide.
    for (int64_t w = reduce_lanes / 2; w > 0 && units > 1 && !r.arg; w /= 2) {
      const int64_t pairs = std::clamp<int64_t>(count - w, 0, w) * units;
      const char* upper = lanes + w * units * r.width;
      if (pairs > 0) r.combine(lanes, lanes, upper, upper, pairs);
    }
    const void* from = r.arg ? reinterpret_cast<const char*>(lane_at_[index]) : lanes;
    if (in.width == 4 && units == 1) std::memcpy(result, from, 4);
    else std::memcpy(result, from, size_t(units * in.width));
  }
}

void LoopRun::run_epilogue(const Tile& tile, int sum, const void* values) {
  ptr_[sum] = static_cast<const char*>(values);
  for (const Stage& stage : p_.stages)
    if (!stage.inner) run_tape(stage.each, tile, false);
}

namespace {

constexpr int64_t kept_bytes = 256 << 10;  // registers of a whole row: they should stay in L2

bool row_fits(const Program& p, const int64_t* words) {
  int64_t points = 1;
  for (int d = p.outer_rank; d < p.rank(); ++d) points *= words[d];
  return points > 0 && points <= kept_bytes / std::max<int64_t>(p.inner_pool, 4);
}

}  // namespace

void run_loop(const LaunchContext& context, const Worker& worker) {
  const Program& program = *context.program;
  if (program.sharing && row_fits(*program.sharing, context.words)) {
    LoopRun run(*program.sharing, context, *worker.arena, worker.count);
    if (run.may_share()) return run.run(worker);
    worker.arena->reset();
  }
  LoopRun run(program, context, *worker.arena, worker.count);
  run.run(worker);
}

int64_t launch_work(const Program& p, const int64_t* words) {
  int64_t points = 1;
  for (int d = 0; d < p.rank(); ++d) points *= words[d];
  if (p.kind == Kind::contraction) {
    int64_t outer = 1;
    for (int d = 0; d < p.outer_rank; ++d) outer *= words[d];
    return points / 32 + outer * (p.stages.back().inner ? 0 : p.stages.back().count);
  }
  if (p.kind != Kind::loop) return points * 16;
  // Inner stages run at every point, outer ones at every outer point; elementary functions weigh more than arithmetic.
  int64_t outer = 1, work = 0;
  for (int d = 0; d < p.outer_rank; ++d) outer *= words[d];
  for (const Instr& in : p.instrs) {
    if (in.level == Level::constant) continue;
    const int64_t weight = in.op >= Op::exp && in.op <= Op::pow ? 8 : 1;
    work += weight * (in.inner || in.reduction >= 0 ? points : outer);
  }
  return work;
}

}  // namespace weft::cpu
