// The interpreter on one tile: each instruction in turn, and where the elements of an access lie.
#include <algorithm>
#include <cstring>

#include "loop.h"

namespace weft::cpu {

namespace {

int64_t floor_div(int64_t a, int64_t b) {  // b > 0
  const int64_t q = a / b;
  return q - (a % b < 0);
}

// n copies of one value.
void spread(void* dst, uint64_t bits, int width, int64_t n) {
  if (width == 1) std::memset(dst, int(bits & 0xff), size_t(n));
  else if (width == 4) std::fill_n(static_cast<uint32_t*>(dst), n, uint32_t(bits));
  else std::fill_n(static_cast<uint64_t*>(dst), n, bits);
}

}  // namespace

// Whether a register is one value for the instructions now running.
bool LoopRun::is_scalar(int reg) const {
  const Instr& in = p_.instrs[size_t(reg)];
  if (in.level == Level::constant) return true;
  return in_inner_row_ && (!in.inner || in.level == Level::row);
}

// The register as n elements, spread out if it is one value.
const void* LoopRun::as_tile(int reg, int64_t n, void* scratch) const {
  if (!is_scalar(reg)) return operand(reg, false);
  const int width = p_.instrs[size_t(reg)].width;
  uint64_t bits = 0;
  std::memcpy(&bits, ptr_[reg], size_t(width));
  spread(scratch, bits, width, n);
  return scratch;
}

int64_t LoopRun::fixed_offset(const BoundAccess& a, const Tile& t) const {
  int64_t offset = a.offset;
  for (int d = 0; d < p_.rank(); ++d) offset += a.strides[d] * t.shared[d];
  return offset;
}

int64_t LoopRun::run_offset(const BoundAccess& a, const Tile& t, int r, int64_t fixed) const {
  const int64_t* coords = t.coords + int64_t(r) * t.dims;
  for (int d = 0; d < t.dims; ++d) fixed += a.strides[t.first_dim + d] * coords[d];
  return fixed;
}

// The access needs no telling apart of runs: one stride leads through the whole tile.
bool LoopRun::one_run(const BoundAccess& a, const Tile& t) const {
  if (!a.plain) return false;
  if (t.runs == 1) return true;
  return t.consecutive && (t.first_dim == 0 ? a.outer_linear : a.inner_linear);
}

// Which part [low, high) of a run is inside all bounds, for bounds of step 1.
void LoopRun::inside_range(const BoundAccess& a, const Tile& t, int r, int64_t& low, int64_t& high) const {
  const int rank = p_.rank();
  const int64_t* coords = t.coords + int64_t(r) * t.dims;
  low = 0;
  high = t.length[r];
  for (int b = 0; b < a.access->bounds; ++b) {
    const int64_t* bound = a.bounds + b * (4 + rank);
    const int64_t* coefficients = bound + 4;
    const int64_t limit = bound[1];
    int64_t start = bound[0];
    for (int d = 0; d < rank; ++d) start += coefficients[d] * t.shared[d];
    for (int d = 0; d < t.dims; ++d) start += coefficients[t.first_dim + d] * coords[d];
    const int64_t c = t.dims ? coefficients[t.last_dim()] : 0;
    if (c == 0) {
      if (start < 0 || start >= limit) high = 0;
    } else if (c > 0) {  // 0 <= start + c i < limit
      low = std::max(low, c == 1 ? -start : -floor_div(start, c));
      high = std::min(high, c == 1 ? limit - start : -floor_div(start - limit, c));
    } else {
      low = std::max(low, floor_div(start - limit, -c) + 1);
      high = std::min(high, floor_div(start, -c) + 1);
    }
  }
  for (size_t k = 0; k < a.access->index_regs.size(); ++k)
    if (a.indices[2 * k + 1] <= 0) high = 0;  // nothing to index
  if (low >= high) low = high = 0;
}

// Element offsets of points [low, high) of a run with indices. False where every index is the same along the run: then
// offsets_[low] is the first and the run has its plain stride.
bool LoopRun::run_offsets(const BoundAccess& a, const Tile& t, int r, int64_t start, int64_t low, int64_t high) {
  const int64_t stride = t.dims ? a.strides[t.last_dim()] : 0;
  const size_t count = a.access->index_regs.size();
  const auto same = [&](int reg) { return is_scalar(reg) || (t.first_dim == 0 && run_uniform_[reg]); };
  const auto first = [&](int reg) { return is_scalar(reg) ? 0 : one_per_run(reg) ? r : t.at[r] + low; };
  bool varies = false;
  for (size_t k = 0; k < count; ++k) {
    const int reg = a.access->index_regs[k];
    varies |= !same(reg);
    const int64_t* index = reinterpret_cast<const int64_t*>(ptr_[reg]);
    // At `low`, not at the run's first point: the result may lie in the index's own place, and there the fill is written already.
    if (same(reg)) start += std::clamp<int64_t>(index[first(reg)], 0, a.indices[2 * k + 1] - 1) * a.indices[2 * k];
  }
  offsets_[low] = start + low * stride;
  if (!varies) return false;
  for (int64_t i = low; i < high; ++i) offsets_[i] = start + i * stride;
  for (size_t k = 0; k < count; ++k) {
    const int reg = a.access->index_regs[k];
    if (same(reg)) continue;
    const int64_t* index = reinterpret_cast<const int64_t*>(ptr_[reg]) + t.at[r];
    const int64_t step = a.indices[2 * k], top = a.indices[2 * k + 1] - 1;
    for (int64_t i = low; i < high; ++i) offsets_[i] += std::clamp<int64_t>(index[i], 0, top) * step;
  }
  return true;
}

// The offset of each run's first point, where all runs are equally long, dense in memory and inside.
bool LoopRun::row_offsets(const BoundAccess& a, const Tile& t, int64_t fixed) {
  const size_t count = a.access->index_regs.size();
  if (count == 0 || a.access->bounds > 0 || a.strides[t.last_dim()] != 1 || t.length[0] * t.runs != t.n) return false;
  if (t.runs > 1 && (t.length[0] != t.length[t.runs - 1] || t.coords[t.last_dim()] != 0)) return false;  // the first may be the end of a run
  for (size_t k = 0; k < count; ++k)
    if (!one_per_run(a.access->index_regs[k]) || a.indices[2 * k + 1] <= 0) return false;
  bool moves = false;
  for (int d = 0; d < t.dims; ++d) moves = moves || a.strides[d] * (d < t.last_dim()) != 0;
  const int64_t start = run_offset(a, t, 0, fixed);
  for (int r = 0; r < t.runs; ++r) offsets_[r] = moves ? run_offset(a, t, r, fixed) : start;
  for (size_t k = 0; k < count; ++k) {
    const int64_t* index = reinterpret_cast<const int64_t*>(ptr_[a.access->index_regs[k]]);
    const int64_t step = a.indices[2 * k], top = a.indices[2 * k + 1] - 1;
    for (int r = 0; r < t.runs; ++r) offsets_[r] += std::clamp<int64_t>(index[r], 0, top) * step;
  }
  return true;
}

// The same with dilated bounds, for the whole run: outside_ marks the points that are outside, whose offset is that of some
// point inside. Returns how many are inside.
int LoopRun::dilated_offsets(const BoundAccess& a, const Tile& t, int r, int64_t start) {
  const int rank = p_.rank();
  const int64_t* coords = t.coords + int64_t(r) * t.dims;
  const int64_t n = t.length[r], stride = t.dims ? a.strides[t.last_dim()] : 0;
  int inside = 0;
  for (int64_t i = 0; i < n; ++i) {
    int64_t offset = start + i * stride;
    bool good = true;
    for (int b = 0; b < a.access->bounds && good; ++b) {
      const int64_t* bound = a.bounds + b * (4 + rank);
      const int64_t* coefficients = bound + 4;
      int64_t at = bound[0];
      for (int d = 0; d < rank; ++d) at += coefficients[d] * t.shared[d];
      for (int d = 0; d < t.dims; ++d) at += coefficients[t.first_dim + d] * coords[d];
      if (t.dims) at += coefficients[t.last_dim()] * i;
      good = at >= 0 && at % bound[2] == 0 && at / bound[2] < bound[1];
      if (good) offset += at / bound[2] * bound[3];
    }
    for (size_t k = 0; k < a.access->index_regs.size() && good; ++k) {
      const int reg = a.access->index_regs[k];
      const int64_t top = a.indices[2 * k + 1] - 1;
      good = top >= 0;
      const int64_t* index = reinterpret_cast<const int64_t*>(ptr_[reg]);
      if (good) offset += std::clamp<int64_t>(index[is_scalar(reg) ? 0 : one_per_run(reg) ? r : t.at[r] + i], 0, top) * a.indices[2 * k];
    }
    outside_[i] = !good;
    offsets_[i] = offset;
    inside += good;
  }
  return inside;
}

void LoopRun::load_run(const BoundAccess& a, const Tile& t, int r, int64_t fixed, char* dst) {
  const Access& access = *a.access;
  const int width = storage_size(register_type(access.dtype));
  const int64_t n = t.length[r], start = run_offset(a, t, r, fixed);
  const int64_t stride = t.dims ? a.strides[t.last_dim()] : 0;
  dst += t.at[r] * width;
  if (a.plain) {
    access.load(dst, a.base + start * access.size, stride, n);
    return;
  }
  if (access.dilated) {
    const int inside = dilated_offsets(a, t, r, start);
    if (inside == 0) {
      spread(dst, a.fill, width, n);
      return;
    }
    if (inside < n) {
      const int64_t safe = offsets_[std::find(outside_, outside_ + n, 0) - outside_];
      for (int64_t i = 0; i < n; ++i)
        if (outside_[i]) offsets_[i] = safe;
    }
    access.gather(dst, a.base, offsets_, n);
    for (int64_t i = 0; i < n && inside < n; ++i)
      if (outside_[i]) std::memcpy(dst + i * width, &a.fill, size_t(width));
    return;
  }
  int64_t low, high;
  inside_range(a, t, r, low, high);
  if (low > 0) spread(dst, a.fill, width, low);
  if (high < n) spread(dst + high * width, a.fill, width, n - high);
  if (low == high) return;
  dst += low * width;
  if (access.index_regs.empty()) {
    access.load(dst, a.base + (start + low * stride) * access.size, stride, high - low);
  } else if (run_offsets(a, t, r, start, low, high)) {
    access.gather(dst, a.base, offsets_ + low, high - low);
  } else {
    access.load(dst, a.base + offsets_[low] * access.size, stride, high - low);
  }
}

// Finds where each access of a tape begins in a tile.
void LoopRun::place(const Tape& tape, const Tile& tile) {
  for (int i : tape.accesses) {
    BoundAccess& a = accesses_[i];
    const Tile& t = a.per_run ? run_tile_ : tile;
    a.at = nullptr;
    if (a.table && t.first_dim > 0 && t.n > 1) continue;
    if (!one_run(a, t)) {
      // Bounds do not matter where they leave out no point.
      if (t.runs != 1 || a.access->dilated || !a.access->index_regs.empty()) continue;
      int64_t low, high;
      inside_range(a, t, 0, low, high);
      if (low != 0 || high != t.n) continue;
    }
    a.at = a.base + run_offset(a, t, 0, fixed_offset(a, t)) * a.access->size;
    a.step = t.dims ? a.strides[t.last_dim()] : 0;
  }
}

// Calls f(run, where it begins, stride) for every run, if runs lie evenly spaced in memory.
template <class F>
bool LoopRun::each_run(const BoundAccess& a, const Tile& t, int64_t fixed, F f) const {
  if (a.run_step == no_step || t.first_dim > 0 || !t.consecutive || t.dims != p_.outer_rank || t.dims == 0) return false;
  const int64_t stride = a.strides[t.last_dim()];
  const int64_t row = run_offset(a, t, 0, fixed) - t.coords[t.last_dim()] * stride;
  f(0, a.base + run_offset(a, t, 0, fixed) * a.access->size, stride);
  for (int r = 1; r < t.runs; ++r) f(r, a.base + (row + r * a.run_step) * a.access->size, stride);
  return true;
}

void LoopRun::load(int i, const Tile& t, void* dst) {
  const Instr& in = p_.instrs[size_t(i)];
  const BoundAccess& a = accesses_[in.imm];
  const Access& access = *a.access;
  ptr_[i] = static_cast<const char*>(dst);
  if (a.at) {
    if (a.direct && (a.step == 1 || t.n == 1)) ptr_[i] = a.at;
    else access.load(dst, a.at, a.step, t.n);
    return;
  }
  const int64_t fixed = fixed_offset(a, t);
  if (a.table && t.first_dim > 0) {
    access.gather(dst, a.base + fixed * access.size, a.table + t.first, t.n);
    return;
  }
  const int width = in.width;
  if (each_run(a, t, fixed, [&](int r, char* src, int64_t stride) { access.load(static_cast<char*>(dst) + t.at[r] * width, src, stride, t.length[r]); }))
    return;
  if (t.block_dim >= 0 && a.plain && a.strides[t.block_dim] == 1) {
    const char* src = a.base + run_offset(a, t, 0, fixed) * access.size;
    access.transpose(dst, t.length[0], src, a.strides[t.last_dim()], t.runs, t.length[0]);
    return;
  }
  if (by_run_ && row_offsets(a, t, fixed)) {
    access.gather_rows(dst, a.base, offsets_, t.runs, t.length[0]);
    return;
  }
  if (by_run_) save_index(a, t, dst);
  for (int r = 0; r < t.runs; ++r) load_run(a, t, r, fixed, static_cast<char*>(dst));
}

// A result may lie in the place of its index, whose last reader it is. One value a run would be overwritten before its run comes.
void LoopRun::save_index(const BoundAccess& a, const Tile& t, const void* dst) {
  for (int reg : a.access->index_regs) {
    const char* to = static_cast<const char*>(dst);
    if (!one_per_run(reg) || to >= ptr_[reg] + 8 * t.runs || to + 8 * t.n <= ptr_[reg]) continue;
    std::memcpy(run_index_, ptr_[reg], size_t(8 * t.runs));
    ptr_[reg] = reinterpret_cast<const char*>(run_index_);
  }
}

void LoopRun::store_run(const Instr& in, const BoundAccess& a, const Tile& t, int r, int64_t fixed, const char* values) {
  const Access& access = *a.access;
  const int width = p_.instrs[size_t(in.a)].width;
  const int64_t n = t.length[r], start = run_offset(a, t, r, fixed);
  const int64_t stride = t.dims ? a.strides[t.last_dim()] : 0;
  values += t.at[r] * width;
  if (a.plain) {
    in.store(a.base + start * access.size, stride, values, n);
    return;
  }
  if (access.dilated) {
    dilated_offsets(a, t, r, start);
    for (int64_t i = 0; i < n; ++i)
      if (!outside_[i]) in.scatter(a.base, offsets_ + i, values + i * width, 1);
    return;
  }
  int64_t low, high;
  inside_range(a, t, r, low, high);
  if (low == high) return;
  values += low * width;
  if (access.index_regs.empty()) {
    in.store(a.base + (start + low * stride) * access.size, stride, values, high - low);
  } else if (run_offsets(a, t, r, start, low, high)) {
    in.scatter(a.base, offsets_ + low, values, high - low);
  } else {
    in.store(a.base + offsets_[low] * access.size, stride, values, high - low);
  }
}

void LoopRun::store(int i, const Tile& t) {
  const Instr& in = p_.instrs[size_t(i)];
  const BoundAccess& a = accesses_[in.imm];
  const char* values = static_cast<const char*>(as_tile(in.a, t.n, splat_));
  if (a.at && a.stream && a.step == 1) {
    isa_table()->stream(a.at, values, t.n * a.access->size);
    return;
  }
  if (a.at) {
    in.store(a.at, a.step, values, t.n);
    return;
  }
  const int64_t fixed = fixed_offset(a, t);
  if (a.table && t.first_dim > 0) {
    in.scatter(a.base + fixed * a.access->size, a.table + t.first, values, t.n);
    return;
  }
  const int width = p_.instrs[size_t(in.a)].width;
  if (each_run(a, t, fixed, [&](int r, char* dst, int64_t stride) { in.store(dst, stride, values + t.at[r] * width, t.length[r]); })) return;
  for (int r = 0; r < t.runs; ++r) store_run(in, a, t, r, fixed, values);
}

void LoopRun::fill_index(int dim, const Tile& t, int64_t* dst) {
  const bool varies = dim >= t.first_dim && dim < t.first_dim + t.dims;
  for (int r = 0; r < t.runs; ++r) {
    const int64_t start = varies ? t.coords[int64_t(r) * t.dims + dim - t.first_dim] : t.shared[dim];
    const int64_t step = varies && dim == t.last_dim();
    int64_t* d = dst + t.at[r];
    for (int64_t i = 0; i < t.length[r]; ++i) d[i] = start + i * step;
  }
}

void LoopRun::check(int i, const Tile& t, bool per_run) {
  const Instr& in = p_.instrs[size_t(i)];
  const uint8_t* ok = reinterpret_cast<const uint8_t*>(operand(in.a, per_run));
  bool failed = false;
  if (is_scalar(in.a)) {
    failed = !ok[0];
  } else {
    for (int r = 0; r < t.runs && !failed; ++r) failed = std::memchr(ok + t.at[r], 0, size_t(t.length[r])) != nullptr;
  }
  if (failed) context_.failure->report(context_.index, i);
}

// Where an instruction may put its result at once because a store, its only reader, will put it there anyway.
char* LoopRun::direct_target(const Instr& in, const Tile& t) const {
  if (in.only_store < 0) return nullptr;
  const BoundAccess& a = accesses_[p_.instrs[size_t(in.only_store)].imm];
  const bool dense = a.step == 1 || t.n == 1;
  return a.direct && dense && register_type(a.access->dtype) == in.type ? a.at : nullptr;
}

// One value for each run as one for each point.
void LoopRun::spread_runs(int reg, const Tile& t) {
  const int width = p_.instrs[size_t(reg)].width;
  for (int r = 0; r < t.runs; ++r) {
    uint64_t bits = 0;
    std::memcpy(&bits, ptr_[reg] + r * width, size_t(width));
    spread(spread_[reg] + t.at[r] * width, bits, width, t.length[r]);
  }
}

// `once`: instructions whose results are single values.
void LoopRun::run_tape(const Tape& tape, const Tile& tile, bool once) {
  place(tape, tile);
  const int64_t outer_stride = register_stride(capacity_), inner_stride = register_stride(inner_capacity_);
  const Mode mode = in_inner_row_ ? row_mode : mode_;
  for (int i : tape.instrs) {
    const Instr& in = p_.instrs[size_t(i)];
    const bool per_run = one_per_run(i);
    const Tile& t = per_run ? run_tile_ : tile;
    if (in.op == Op::store) {
      const bool done = p_.instrs[size_t(in.a)].only_store == i && ptr_[in.a] == nullptr;  // already in memory
      if (!done) store(i, t);
      continue;
    }
    if (in.op == Op::check) {
      check(i, t, per_run);
      continue;
    }
    if (in.reduction >= 0) continue;  // the driver folds after the tape
    char* dst = once ? reinterpret_cast<char*>(&scalars_[i]) : in.inner ? inner_pool_ + in.slot * inner_stride : outer_pool_ + in.slot * outer_stride;
    char* target = once || per_run ? nullptr : direct_target(in, t);
    if (in.op == Op::load) {
      const BoundAccess& a = accesses_[in.imm];
      load(i, t, target ? target : dst);
      if (target && ptr_[i] == target && !(a.at && a.direct)) ptr_[i] = nullptr;
    } else if (in.op == Op::index) {
      ptr_[i] = dst;
      fill_index(in.imm, t, reinterpret_cast<int64_t*>(dst));
    } else {
      const char* a = operand(in.a, per_run);
      in.fn[mode](target ? target : dst, a, in.b >= 0 ? operand(in.b, per_run) : a, in.c >= 0 ? operand(in.c, per_run) : a, t.n);
      ptr_[i] = target ? nullptr : dst;
    }
    if (per_run && spread_[i]) spread_runs(i, tile);
  }
}

}  // namespace weft::cpu
