// Binding a loop kernel to its parameters: addresses, what may alias what, which way to walk, how large the tiles are.
#include <algorithm>
#include <cstring>

#include "loop.h"

namespace weft::cpu {

namespace {

constexpr int64_t register_bytes = 12 << 10;  // of tile registers at once: well within L1, beside the memory they come from
constexpr int64_t row_bytes = 128 << 10;      // rows of one outer tile, between stages
constexpr int64_t lane_bytes = 256 << 10;     // of running results in column mode: in L2
constexpr int64_t stream_bytes = 24 << 20;    // results this large are out of the caches before anyone reads them
constexpr int64_t longest_tile = 2048, longest_row_tile = 8192;

int64_t round_up(int64_t n, int64_t unit) { return (n + unit - 1) / unit * unit; }

// One stride leads through dimensions [first, end) in row-major order.
bool linear(const int64_t* strides, const int64_t* sizes, int first, int end) {
  int64_t expected = 0;
  bool known = false;
  for (int d = end - 1; d >= first; --d) {
    if (sizes[d] == 1) continue;
    if (known && strides[d] != expected) return false;
    expected = strides[d] * sizes[d];
    known = true;
  }
  return true;
}

// The one step that leads through dimensions [0, end) in row-major order, or no_step.
int64_t row_step(const int64_t* strides, const int64_t* sizes, int end) {
  for (int d = end - 1; d >= 0; --d)
    if (sizes[d] != 1) return linear(strides, sizes, 0, end) ? strides[d] : no_step;
  return 0;
}

bool overlap(const BoundAccess& a, const BoundAccess& b) { return a.base == b.base && a.low < b.high && b.low < a.high; }

}  // namespace

LoopRun::LoopRun(const Program& program, const LaunchContext& context, Arena& arena, int threads)
    : p_(program), context_(context), arena_(arena), words_(context.words), threads_(threads) {
  const int64_t instrs = int64_t(p_.instrs.size());
  accesses_ = arena_.array<BoundAccess>(int64_t(p_.accesses.size()));
  ptr_ = arena_.array<const char*>(instrs);
  scalars_ = arena_.array<uint64_t>(instrs);
  run_uniform_ = arena_.array<bool>(instrs);
  spread_ = arena_.array<char*>(instrs);
  std::fill_n(spread_, instrs, nullptr);
  lanes_ = arena_.array<char*>(int64_t(p_.reductions.size()));
  lane_at_ = arena_.array<int64_t*>(int64_t(p_.reductions.size()));
  zeros_ = arena_.array<int64_t>(p_.rank() + 1);
  std::memset(zeros_, 0, sizeof(int64_t) * size_t(p_.rank() + 1));
  lengthen_runs();
  for (int d = 0; d < p_.outer_rank; ++d) outer_points_ *= words_[d];
  for (int d = p_.outer_rank; d < p_.rank(); ++d) inner_points_ *= words_[d];
  for (int i = 0; i < int(p_.accesses.size()); ++i) bind_access(i);
  if (outer_points_ == 0) return;
  allow_direct();
  if (p_.kind == Kind::loop) choose_streams();
  if (p_.has_indices) {
    find_run_uniform();
    choose_runs();
  }
  run_constants();
  if (p_.kind != Kind::loop) return;
  choose_mode();
  choose_tiles();
}

// A last dimension of a few points, such as the columns of a pooling window, makes runs of a few points. Where nothing depends on
// the order of points, the dimension before it goes last.
void LoopRun::lengthen_runs() {
  const int last = p_.outer_rank - 1;
  if (p_.kind != Kind::loop || p_.has_inner_stage || p_.has_indices || last < 1) return;
  if (words_[last] < 2 || words_[last] > 4 || words_[last - 1] < 2 * words_[last]) return;
  bool joined = true;
  for (const Access& a : p_.accesses) {
    if (a.bounds > 0) return;
    joined = joined && linear(words_ + a.params + 1, words_, last - 1, last + 1);
  }
  for (const Instr& in : p_.instrs)
    if (in.op == Op::index) return;
  if (joined) return;
  int64_t* words = arena_.array<int64_t>(p_.param_words);
  std::copy_n(words_, p_.param_words, words);
  std::swap(words[last], words[last - 1]);
  for (const Access& a : p_.accesses) std::swap(words[a.params + 1 + last], words[a.params + last]);
  words_ = words;
}

void LoopRun::bind_access(int index) {
  const Access& access = p_.accesses[size_t(index)];
  const int rank = p_.rank();
  const int64_t* words = words_ + access.params;
  BoundAccess a;
  a.access = &access;
  a.base = context_.args[access.arg];
  a.offset = words[0];
  a.strides = arena_.array<int64_t>(rank + 1);
  for (int d = 0; d < rank; ++d) a.strides[d] = words[1 + d];
  a.bounds = words + 1 + rank;
  for (int b = 0; b < access.bounds && !access.dilated; ++b) {
    const int64_t* bound = a.bounds + b * (4 + rank);
    a.offset += bound[0] * bound[3];
    for (int d = 0; d < rank; ++d) a.strides[d] += bound[4 + d] * bound[3];
  }
  a.indices = a.bounds + access.bounds * (4 + rank);
  if (access.bounds) a.fill = uint64_t(*a.indices++);
  a.plain = access.bounds == 0 && access.index_regs.empty();
  a.outer_linear = a.plain && linear(a.strides, words_, 0, p_.outer_rank);
  a.run_step = a.plain ? row_step(a.strides, words_, p_.outer_rank - 1) : no_step;
  a.inner_linear = a.plain && linear(a.strides, words_, p_.outer_rank, rank);
  bind_extent(a);
  accesses_[index] = a;
}

void LoopRun::bind_extent(BoundAccess& a) {
  a.low = a.base;
  a.high = reinterpret_cast<char*>(UINTPTR_MAX);
  if (!a.plain) return;
  int64_t low = a.offset, high = a.offset;
  for (int d = 0; d < p_.rank(); ++d) {
    const int64_t reach = a.strides[d] * std::max<int64_t>(words_[d] - 1, 0);
    (reach < 0 ? low : high) += reach;
  }
  a.low = a.base + low * a.access->size;
  a.high = a.base + (high + 1) * a.access->size;
}

// A register may point into memory, and a value may be computed straight into memory, as long as no store of this kernel to the
// same bytes comes in between. Where a store and a load overlap, the core promises that they touch the same element at every point.
void LoopRun::allow_direct() {
  for (int i = 0; i < int(p_.accesses.size()); ++i) {
    BoundAccess& a = accesses_[i];
    a.direct = !a.access->dilated && a.access->index_regs.empty() && storage_size(register_type(a.access->dtype)) == a.access->size;
  }
  for (const Instr& store : p_.instrs) {
    if (store.op != Op::store) continue;
    BoundAccess& s = accesses_[store.imm];
    const int store_at = int(&store - p_.instrs.data());
    for (const Instr& load : p_.instrs) {
      if (load.op != Op::load) continue;
      BoundAccess& l = accesses_[load.imm];
      if (!overlap(l, s)) continue;
      const int load_at = int(&load - p_.instrs.data());
      const bool computed_early = p_.instrs[size_t(store.a)].only_store == store_at;
      const int written_at = computed_early ? store.a : store_at;
      if (load_at > written_at) s.direct = false;        // a later load must still see the old value
      if (load.last_use > written_at) l.direct = false;  // a register must keep the old value
    }
  }
}

// Large results that replace none of the kernel's inputs go past the caches.
void LoopRun::choose_streams() {
  for (const Instr& store : p_.instrs) {
    if (store.op != Op::store || store.inner) continue;
    BoundAccess& s = accesses_[store.imm];
    if (!s.direct || !s.plain || s.high - s.low < stream_bytes || register_type(s.access->dtype) != p_.instrs[size_t(store.a)].type) continue;
    bool fresh = true;
    for (int i = 0; i < int(p_.accesses.size()); ++i) fresh = fresh && (&accesses_[i] == &s || !overlap(accesses_[i], s));
    s.stream = fresh;
    s.direct = !fresh;
    streams_ |= fresh;
  }
}

// A load that was left out must not see what a store between it and the earlier one wrote.
bool LoopRun::may_share() const {
  if (outer_points_ == 0) return true;
  if (mode_ != row_mode) return false;
  for (size_t i = 0; i < p_.instrs.size(); ++i) {
    const Instr& load = p_.instrs[i];
    if (load.op != Op::load || load.repeats < 0) continue;
    for (size_t s = size_t(load.repeats); s < i; ++s)
      if (p_.instrs[s].op == Op::store && overlap(accesses_[load.imm], accesses_[p_.instrs[s].imm])) return false;
  }
  return true;
}

void LoopRun::find_run_uniform() {
  const int last = p_.outer_rank - 1;
  for (size_t i = 0; i < p_.instrs.size(); ++i) {
    const Instr& in = p_.instrs[i];
    bool same = in.reduction < 0 && !in.inner && in.op != Op::store;
    for (int reg : {in.a, in.b, in.c})
      if (reg >= 0) same = same && run_uniform_[reg];
    if (in.op == Op::index) same = same && in.imm != last;
    if (in.op == Op::load) {
      const BoundAccess& a = accesses_[in.imm];
      same = same && a.access->bounds == 0 && (last < 0 || a.strides[last] == 0);
      same = same && a.access->index_regs.empty();  // an index has one value for each point of the tile it is used on
    }
    run_uniform_[i] = same || in.level == Level::constant;
  }
}

// Elementwise kernels whose indices are the same along the last dimension (rows of a table, say) compute them once for each run.
void LoopRun::choose_runs() {
  const int last = p_.outer_rank - 1;
  if (p_.kind != Kind::loop || p_.has_inner_stage || last < 1 || words_[last] < 4) return;
  for (size_t i = 0; i < p_.instrs.size(); ++i) by_run_ |= run_uniform_[i] && p_.instrs[i].level != Level::constant;
  for (size_t i = 0; i < p_.instrs.size(); ++i)
    if (p_.instrs[i].op == Op::load) accesses_[p_.instrs[i].imm].per_run = one_per_run(int(i));
}

void LoopRun::run_constants() {
  for (int i : p_.constants) {
    const Instr& in = p_.instrs[size_t(i)];
    uint64_t& value = scalars_[i];
    value = 0;
    ptr_[i] = reinterpret_cast<const char*>(&value);
    if (in.op == Op::imm) {
      value = in.bits;
    } else if (in.op == Op::param) {
      value = uint64_t(words_[in.imm]);
    } else if (in.op == Op::load) {
      const BoundAccess& a = accesses_[in.imm];
      if (inner_points_ == 0 && in.inner) continue;  // it may have no memory
      a.access->load(&value, a.base + a.offset * a.access->size, 0, 1);
    } else {
      in.fn[row_mode](&value, ptr_[in.a], in.b >= 0 ? ptr_[in.b] : ptr_[in.a], in.c >= 0 ? ptr_[in.c] : ptr_[in.a], 1);
    }
  }
}

// Runs too short to load one by one, and enough rows to make a table of offsets worth its while.
bool LoopRun::wants_table(const BoundAccess& a) const {
  constexpr int64_t short_run = 32, longest_table = 32 << 10;
  return a.plain && !a.inner_linear && words_[p_.rank() - 1] < short_run && inner_points_ <= longest_table && outer_points_ >= 2 * threads_;
}

void LoopRun::make_tables() {
  for (BoundAccess* a = accesses_; a != accesses_ + p_.accesses.size(); ++a) {
    if (!wants_table(*a)) continue;
    a->table = arena_.array<int64_t>(inner_points_);
    // Dimension by dimension: the offsets so far, once for each coordinate of the next.
    a->table[0] = 0;
    int64_t done = 1;
    for (int d = p_.rank() - 1; d >= p_.outer_rank; --d) {
      for (int64_t c = words_[d] - 1; c >= 0; --c)
        for (int64_t i = 0; i < done; ++i) a->table[c * done + i] = a->table[i] + c * a->strides[d];
      done *= words_[d];
    }
  }
}

// What one point costs, in rough units of an element-instruction: strided accesses are slow, so are short runs and short tiles.
double LoopRun::cost(Mode mode) const {
  const int vector_dim = mode == row_mode ? p_.rank() - 1 : p_.outer_rank - 1;
  const int64_t points = mode == row_mode ? inner_points_ : outer_points_;
  const double tile = double(std::max<int64_t>(std::min<int64_t>(points, 512), 1));
  double total = 0;
  for (const Instr& in : p_.instrs) {
    if (!in.inner || in.level == Level::constant || in.absorbed || in.repeats >= 0) continue;
    total += 1 + 20 / tile;
    if (in.op != Op::load && in.op != Op::store) continue;
    const BoundAccess& a = accesses_[in.imm];
    if (mode == row_mode && wants_table(a)) {
      total += 4;
      continue;
    }
    const bool joined = mode == row_mode ? a.inner_linear : a.outer_linear;
    const int64_t stride = vector_dim >= 0 ? a.strides[vector_dim] : 0;
    const double run = joined ? tile : std::min(tile, double(vector_dim >= 0 ? words_[vector_dim] : 1));
    total += 24 / std::max(run, 1.0);
    if (stride != 0 && stride != 1) total += stride < 16 && stride > -16 ? 2 : 5;
  }
  return total;
}

void LoopRun::choose_mode() {
  mode_ = row_mode;
  if (!p_.has_inner_stage || p_.inner_rank == 0 || outer_points_ == 1 || inner_points_ == 0) return;
  if (cost(column_mode) < cost(row_mode)) mode_ = column_mode;
}

void LoopRun::choose_tiles() {
  const int last = p_.outer_rank - 1;
  const int64_t even = round_up((outer_points_ + threads_ - 1) / threads_, 64);  // no thread goes without a tile
  auto fitting = [](int64_t bytes, int64_t width) { return std::clamp<int64_t>(bytes / std::max<int64_t>(width, 4) / 64 * 64, 64, longest_tile); };
  inner_capacity_ = 0;
  if (!p_.has_inner_stage) {
    capacity_ = std::min(fitting(register_bytes, p_.outer_pool), even);
    // Most registers have one element a run there: tiles may be long.
    if (by_run_) capacity_ = std::max<int64_t>(std::min(longest_tile, even) / words_[last], 1) * std::min(words_[last], longest_tile);
    // Accesses that disagree about which dimension is dense: tiles of two dimensions, so that each line of memory fetched by
    // one access is used up while it is in cache.
    for (const Instr& in : p_.instrs) {
      if ((in.op != Op::load && in.op != Op::store) || in.level == Level::constant || last < 1) continue;
      const BoundAccess& a = accesses_[in.imm];
      if (by_run_ || a.access->dilated || words_[last] < 8 || (a.strides[last] >= -1 && a.strides[last] <= 1)) continue;
      for (int d = 0; d < last && block_dim_ < 0; ++d)
        if (a.strides[d] == 1 && words_[d] >= 8) block_dim_ = d;
    }
  } else if (mode_ == row_mode) {
    inner_capacity_ = std::clamp<int64_t>(register_bytes / std::max<int64_t>(p_.inner_pool, 4) / 64 * 64, 64, longest_row_tile);
    inner_capacity_ = std::min(inner_capacity_, round_up(std::max<int64_t>(inner_points_, 1), 64));
    if (p_.shares) inner_capacity_ = round_up(inner_points_, 64);
    int64_t per_row = p_.outer_pool;
    for (const BoundAccess* a = accesses_; a != accesses_ + p_.accesses.size(); ++a) per_row += a->access->size * inner_points_;
    const int64_t rows = std::clamp<int64_t>(row_bytes / std::max<int64_t>(per_row, 1), 1, 256);
    capacity_ = p_.shares ? 1 : std::min(rows, (outer_points_ + threads_ - 1) / threads_);
  } else {
    int64_t per_point = 0;
    for (const Reduction& r : p_.reductions) per_point += r.arg ? r.width + 8 : std::min(inner_points_, reduce_lanes) * r.width;
    const int64_t cap = std::clamp<int64_t>(lane_bytes / std::max<int64_t>(per_point, 1) / 64 * 64, 64, longest_tile);
    capacity_ = std::min({fitting(register_bytes, p_.inner_pool + p_.outer_pool), cap, even});
    inner_capacity_ = capacity_;
  }
  if (block_dim_ >= 0 && outer_points_ > capacity_) {
    block_rows_ = std::min<int64_t>(words_[block_dim_], 32);
    block_columns_ = std::min<int64_t>(words_[last], std::max<int64_t>(capacity_ / block_rows_, 8));
    capacity_ = round_up(block_rows_ * block_columns_, 64);
    tiles_ = outer_points_ / words_[block_dim_] / words_[last] * ((words_[block_dim_] + block_rows_ - 1) / block_rows_) *
             ((words_[last] + block_columns_ - 1) / block_columns_);
  } else {
    block_dim_ = -1;
    tiles_ = (outer_points_ + capacity_ - 1) / capacity_;
  }
  reserve_outer(capacity_);
  if (!p_.has_inner_stage) return;

  if (mode_ == row_mode && inner_points_ > 0) make_tables();
  inner_pool_ = arena_.array<char>(p_.inner_pool * register_stride(inner_capacity_));
  const int64_t units = mode_ == row_mode ? 1 : round_up(capacity_, 64);
  for (size_t r = 0; r < p_.reductions.size(); ++r) {
    const bool arg = p_.reductions[r].arg;
    const int64_t lanes = arg ? 1 : mode_ == row_mode ? reduce_lanes : std::min(inner_points_, reduce_lanes);
    lanes_[r] = arena_.array<char>(lanes * units * p_.reductions[r].width);
    lane_at_[r] = arg ? arena_.array<int64_t>(units) : nullptr;
  }
  if (mode_ == row_mode) {
    const int64_t size = p_.inner_rank ? std::max<int64_t>(words_[p_.rank() - 1], 1) : 1;
    const int64_t runs = inner_capacity_ / size + 2;
    inner_at_ = arena_.array<int64_t>(runs);
    inner_length_ = arena_.array<int64_t>(runs);
    inner_coords_ = arena_.array<int64_t>(runs * std::max(p_.inner_rank, 1));
  }
}

void LoopRun::reserve_outer(int64_t capacity) {
  capacity_ = capacity;
  const int64_t longest = round_up(std::max(capacity, inner_capacity_), 64);
  outer_pool_ = arena_.array<char>(p_.outer_pool * register_stride(capacity));
  splat_ = arena_.array<char>(longest * 8);
  point_ = arena_.array<int64_t>(p_.rank() + 1);
  std::memset(point_, 0, sizeof(int64_t) * size_t(p_.rank() + 1));
  bool offsets = p_.has_indices;
  for (const Access& a : p_.accesses) offsets |= a.dilated;
  if (offsets) {
    offsets_ = arena_.array<int64_t>(longest);
    outside_ = arena_.array<uint8_t>(longest);
  }
  const int64_t last = p_.outer_rank > 0 ? std::max<int64_t>(words_[p_.outer_rank - 1], 1) : 1;
  const int64_t runs = block_dim_ >= 0 ? block_rows_ : capacity / last + 2;
  at_ = arena_.array<int64_t>(runs);
  length_ = arena_.array<int64_t>(runs);
  coords_ = arena_.array<int64_t>(runs * std::max(p_.outer_rank, 1));
  if (!by_run_) return;
  run_at_ = arena_.array<int64_t>(runs);
  run_length_ = arena_.array<int64_t>(runs);
  run_coords_ = arena_.array<int64_t>(runs * p_.outer_rank);
  run_index_ = arena_.array<int64_t>(runs);
  for (size_t i = 0; i < p_.instrs.size(); ++i) {
    const Instr& in = p_.instrs[i];
    for (int reg : {in.a, in.b, in.c})
      if (reg >= 0 && one_per_run(reg) && !one_per_run(int(i)) && !spread_[reg]) spread_[reg] = arena_.array<char>(capacity * 8);
  }
}

int64_t LoopRun::joined_columns(int first, int end) const {
  int64_t joined = 1;
  for (int d = end - 1; d >= first; --d) {
    for (const Instr& in : p_.instrs) {
      if (in.inner || d == end - 1) continue;
      if (in.op == Op::index) return joined;
      if (in.op != Op::load && in.op != Op::store) continue;
      const BoundAccess& a = accesses_[in.imm];
      if (!a.plain || !linear(a.strides, words_, d, end)) return joined;
    }
    joined *= words_[d];
  }
  return std::max<int64_t>(joined, 1);
}

}  // namespace weft::cpu
