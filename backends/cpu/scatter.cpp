// Scatter: out = base, then every value combined into the row its index names, in order. Each worker owns columns of the result,
// or rows where there are too few columns, so the order never depends on the number of workers.
#include <algorithm>
#include <cstring>

#include "loop.h"

namespace weft::cpu {

namespace {

constexpr int64_t piece = 512;  // columns handled at once

Op combining_op(int64_t code) {
  constexpr Op ops[] = {Op::count, Op::add, Op::mul, Op::max, Op::min};  // the first sets
  return ops[std::clamp<int64_t>(code, 0, 4)];
}

// One access: its words, and a walk along the last column dimension.
struct Walk {
  const Access* access;
  char* base;
  const int64_t* words;  // offset, then strides

  char* at(int64_t offset) const { return base + offset * access->size; }
};

int64_t read_index(const Walk& w, int64_t offset) {
  if (w.access->dtype == WEFT_I32) {
    int32_t v;
    std::memcpy(&v, w.at(offset), sizeof v);
    return v;
  }
  int64_t v;
  std::memcpy(&v, w.at(offset), sizeof v);
  return v;
}

}  // namespace

void run_scatter(const LaunchContext& context, const Worker& worker) {
  const Program& p = *context.program;
  const IsaTable& isa = *isa_table();
  const int rank = p.rank(), outer = p.outer_rank;
  if (outer < 1) return;
  const int64_t* sizes = context.words;
  const int64_t rows = sizes[0], n = sizes[rank - 1];
  Walk walk[4];
  for (int i = 0; i < 4; ++i) {
    const Access& a = p.accesses[size_t(i)];
    walk[i] = {&a, context.args[a.arg], sizes + a.params};
  }
  const Walk &base = walk[0], &index = walk[1], &values = walk[2], &out = walk[3];
  const int type = register_type(out.access->dtype);
  const Op op = combining_op(p.attr_op);
  const TileFn combine = op == Op::count ? nullptr : isa.find({op, type, type, 0, 0});
  const StoreFn store = isa.store(type, out.access->dtype);
  const int last = outer - 1;
  const int64_t across = last > 0 ? sizes[last] : 1;
  int64_t groups = 1;
  for (int d = 1; d < last; ++d) groups *= sizes[d];

  // Columns are cut into pieces along the last dimension; with fewer pieces than workers, rows are cut instead.
  const int64_t width = std::clamp<int64_t>((groups * across + worker.count - 1) / worker.count, 1, piece);
  const int64_t per_group = (across + width - 1) / width;
  const bool by_row = groups * per_group < worker.count || width < 16;
  int64_t first_piece = 0, end_piece = groups * per_group, first_row = 0, end_row = rows;
  if (by_row) worker.share(rows, first_row, end_row);
  else worker.share(groups * per_group, first_piece, end_piece);

  char* left = worker.arena->array<char>(width * 8);
  char* right = worker.arena->array<char>(width * 8);
  const auto stride = [&](const Walk& w, int d) { return w.words[1 + d]; };
  for (int64_t g = first_piece; g < end_piece; ++g) {
    const int64_t start = g % per_group * width, count = std::min(width, across - start);
    int64_t offset[4];
    for (int i = 0; i < 4; ++i) {
      offset[i] = walk[i].words[0] + (last > 0 ? start * stride(walk[i], last) : 0);
      int64_t rest = g / per_group;
      for (int d = last - 1; d >= 1; --d) {
        offset[i] += rest % sizes[d] * stride(walk[i], d);
        rest /= sizes[d];
      }
    }
    const auto step = [&](const Walk& w) { return last > 0 ? stride(w, last) : 0; };
    const bool in_place = base.at(offset[0]) == out.at(offset[3]) && stride(base, 0) == stride(out, 0) && step(base) == step(out);
    for (int64_t r = first_row; r < end_row && !in_place; ++r) {
      base.access->load(left, base.at(offset[0] + r * stride(base, 0)), step(base), count);
      store(out.at(offset[3] + r * stride(out, 0)), step(out), left, count);
    }
    // Where the index is the same for all columns they move together, else one by one.
    const bool together = step(index) == 0;
    const int64_t lanes = together ? count : 1;
    for (int64_t c = 0; c < count; c += lanes) {
      for (int64_t k = 0; k < n; ++k) {
        const int64_t row = read_index(index, offset[1] + c * step(index) + k * stride(index, rank - 1));
        if (row < first_row || row >= end_row) continue;
        char* target = out.at(offset[3] + row * stride(out, 0) + c * step(out));
        values.access->load(right, values.at(offset[2] + c * step(values) + k * stride(values, rank - 1)), step(values), lanes);
        if (combine) {
          out.access->load(left, target, step(out), lanes);
          combine(left, left, right, right, lanes);
        }
        store(target, step(out), combine ? left : right, lanes);
      }
    }
  }
}

}  // namespace weft::cpu
