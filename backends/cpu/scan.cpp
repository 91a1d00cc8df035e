// Inclusive scans along the inner dimension. Each row is walked in order; rows are scanned side by side.
#include <algorithm>
#include <cstring>

#include "error.h"
#include "loop.h"

namespace weft::cpu {

namespace {

constexpr int64_t side_by_side = 256;

Op scan_op(int64_t code) {
  constexpr Op ops[] = {Op::add, Op::mul, Op::max, Op::min};
  return ops[std::clamp<int64_t>(code, 0, 3)];
}

}  // namespace

// Runs of rows along the last outer dimension go together: a running result for each, combined with one slice after another.
void run_scan(const LaunchContext& context, const Worker& worker) {
  const Program& p = *context.program;
  const IsaTable& isa = *isa_table();
  const int rank = p.rank(), outer = p.outer_rank;
  const int64_t* sizes = context.words;
  const int64_t n = sizes[rank - 1], across = outer > 0 ? sizes[outer - 1] : 1;
  const Access &in = p.accesses[0], &out = p.accesses[1];
  const int64_t *in_words = sizes + in.params, *out_words = sizes + out.params;
  const int from_type = register_type(in.dtype), type = register_type(out.dtype);
  const TileFn cast = from_type == type ? nullptr : isa.find({Op::cast, type, from_type, 0, 0});
  const TileFn combine = isa.find({scan_op(p.attr_op), type, type, 0, 0});
  const StoreFn store = isa.store(type, out.dtype);

  int64_t groups = 1;
  for (int d = 0; d < outer - 1; ++d) groups *= sizes[d];
  const int64_t pieces = (across + side_by_side - 1) / side_by_side;
  // Few rows: narrower groups, so that every worker has one.
  int64_t width = side_by_side;
  if (groups * pieces < worker.count) width = std::max<int64_t>((across + worker.count - 1) / worker.count, 1);
  const int64_t per_group = (across + width - 1) / width;
  char* loaded = worker.arena->array<char>(width * 8);
  char* current = worker.arena->array<char>(width * 8);
  char* running = worker.arena->array<char>(width * 8);
  const int64_t in_step = outer > 0 ? in_words[outer] : 0, out_step = outer > 0 ? out_words[outer] : 0;
  int64_t first, end;
  worker.share(groups * per_group, first, end);
  for (int64_t g = first; g < end; ++g) {
    const int64_t start = g % per_group * width, count = std::min(width, across - start);
    int64_t from = in_words[0] + start * in_step, to = out_words[0] + start * out_step, rest = g / per_group;
    for (int d = outer - 2; d >= 0; --d) {
      from += rest % sizes[d] * in_words[1 + d];
      to += rest % sizes[d] * out_words[1 + d];
      rest /= sizes[d];
    }
    for (int64_t i = 0; i < n; ++i) {
      char* target = i == 0 ? running : current;
      in.load(cast ? loaded : target, context.args[in.arg] + (from + i * in_words[rank]) * in.size, in_step, count);
      if (cast) cast(target, loaded, loaded, loaded, count);
      if (i > 0) combine(running, running, target, target, count);
      store(context.args[out.arg] + (to + i * out_words[rank]) * out.size, out_step, running, count);
    }
  }
}

}  // namespace weft::cpu
