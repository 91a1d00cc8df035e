// Inclusive scans along the inner dimension. Each row is walked in order; rows are scanned side by side.
#include <algorithm>
#include <cstdlib>

#include "loop.h"

namespace weft::cpu {

namespace {

constexpr int64_t chunk = 256;         // elements of a row handled at once
constexpr int64_t side_by_side = 256;  // rows handled at once where they are dense across

Op scan_op(int64_t code) {
  constexpr Op ops[] = {Op::add, Op::mul, Op::max, Op::min};
  return ops[std::clamp<int64_t>(code, 0, 3)];
}

// What both ways to walk need.
struct Scan {
  Scan(const LaunchContext& context)
      : p(*context.program),
        sizes(context.words),
        in(p.accesses[0]),
        out(p.accesses[1]),
        in_words(sizes + in.params),
        out_words(sizes + out.params),
        source(context.args[in.arg]),
        target(context.args[out.arg]),
        type(register_type(out.dtype)),
        op(scan_op(p.attr_op)) {
    const IsaTable& isa = *isa_table();
    const int from = register_type(in.dtype);
    cast = from == type ? nullptr : isa.find({Op::cast, type, from, 0, 0});
    store = isa.store(type, out.dtype);
    n = sizes[p.rank() - 1];
    in_stride = in_words[p.rank()];
    out_stride = out_words[p.rank()];
  }

  // Element offsets of an outer point, by its index in row-major order over the first `dims` dimensions.
  void locate(int64_t index, int dims, int64_t& from, int64_t& to) const {
    from = in_words[0];
    to = out_words[0];
    for (int d = dims - 1; d >= 0; --d) {
      from += index % sizes[d] * in_words[1 + d];
      to += index % sizes[d] * out_words[1 + d];
      index /= sizes[d];
    }
  }
  void load(void* dst, void* scratch, int64_t from, int64_t stride, int64_t count) const {
    in.load(cast ? scratch : dst, source + from * in.size, stride, count);
    if (cast) cast(dst, scratch, scratch, scratch, count);
  }

  const Program& p;
  const int64_t* sizes;
  const Access &in, &out;
  const int64_t *in_words, *out_words;
  char *source, *target;
  int type;
  Op op;
  TileFn cast;  // null where the types agree
  StoreFn store;
  int64_t n, in_stride, out_stride;
};

// A few rows at a time, each along its length.
void scan_along(const Scan& s, const Worker& worker) {
  const ScanFn scan = isa_table()->scan(s.op, s.type);
  const int outer = s.p.outer_rank, width = storage_size(s.type);
  const bool dense = !s.cast && s.in_stride == 1 && s.out_stride == 1 && s.in.size == width && s.out.size == width;
  int64_t rows = 1;
  for (int d = 0; d < outer; ++d) rows *= s.sizes[d];
  char* values = worker.arena->array<char>(scan_rows * chunk * 8);
  char* scratch = worker.arena->array<char>(chunk * 8);
  char* carry = worker.arena->array<char>(scan_rows * 8);
  int64_t first, end, from[scan_rows], to[scan_rows];
  worker.share(rows, first, end);
  for (int64_t row = first; row < end; row += scan_rows) {
    const int64_t count = std::min(scan_rows, end - row);
    for (int64_t r = 0; r < count; ++r) s.locate(row + r, outer, from[r], to[r]);
    const int64_t from_step = count > 1 ? from[1] - from[0] : 0, to_step = count > 1 ? to[1] - to[0] : 0;
    bool even = dense;
    for (int64_t r = 1; r < count; ++r) even = even && from[r] - from[r - 1] == from_step && to[r] - to[r - 1] == to_step;
    if (even) {
      scan(s.target + to[0] * width, to_step, s.source + from[0] * width, from_step, count, s.n, carry, true);
      continue;
    }
    for (int64_t i = 0; i < s.n; i += chunk) {
      const int64_t length = std::min(chunk, s.n - i);
      for (int64_t r = 0; r < count; ++r) s.load(values + r * chunk * width, scratch, from[r] + i * s.in_stride, s.in_stride, length);
      scan(values, chunk, values, chunk, count, length, carry, i == 0);
      for (int64_t r = 0; r < count; ++r) s.store(s.target + (to[r] + i * s.out_stride) * s.out.size, s.out_stride, values + r * chunk * width, length);
    }
  }
}

// Runs of rows along the last outer dimension go together: a running result for each, combined with one slice after another.
void scan_across(const Scan& s, const Worker& worker) {
  const TileFn combine = isa_table()->find({s.op, s.type, s.type, 0, 0});
  const int outer = s.p.outer_rank;
  const int64_t across = s.sizes[outer - 1], in_step = s.in_words[outer], out_step = s.out_words[outer];
  int64_t groups = 1;
  for (int d = 0; d < outer - 1; ++d) groups *= s.sizes[d];
  const int64_t pieces = (across + side_by_side - 1) / side_by_side;
  // Few rows: narrower groups, so that every worker has one.
  int64_t width = side_by_side;
  if (groups * pieces < worker.count) width = std::max<int64_t>((across + worker.count - 1) / worker.count, 1);
  const int64_t per_group = (across + width - 1) / width;
  char* scratch = worker.arena->array<char>(width * 8);
  char* current = worker.arena->array<char>(width * 8);
  char* running = worker.arena->array<char>(width * 8);
  int64_t first, end, from, to;
  worker.share(groups * per_group, first, end);
  for (int64_t g = first; g < end; ++g) {
    const int64_t start = g % per_group * width, count = std::min(width, across - start);
    s.locate(g / per_group, outer - 1, from, to);
    from += start * in_step;
    to += start * out_step;
    for (int64_t i = 0; i < s.n; ++i) {
      char* values = i == 0 ? running : current;
      s.load(values, scratch, from + i * s.in_stride, in_step, count);
      if (i > 0) combine(running, running, values, values, count);
      s.store(s.target + (to + i * s.out_stride) * s.out.size, out_step, running, count);
    }
  }
}

}  // namespace

void run_scan(const LaunchContext& context, const Worker& worker) {
  const Scan scan(context);
  if (scan.n == 0) return;
  const int outer = scan.p.outer_rank;
  const bool across = outer > 0 && std::abs(scan.in_words[outer]) < std::abs(scan.in_stride) && scan.sizes[outer - 1] > scan_rows;
  if (across) scan_across(scan, worker);
  else scan_along(scan, worker);
}

}  // namespace weft::cpu
