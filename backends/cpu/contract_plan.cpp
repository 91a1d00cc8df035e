#include "contract_plan.h"

#include <unistd.h>

#include <algorithm>

namespace weft::cpu {

namespace {

int64_t cache_size(int name, int64_t otherwise) {
  const int64_t size = sysconf(name);
  return size > 0 ? size : otherwise;
}

// One strip of B of this depth fills most of L1 and stays there while the panels of A pass by from L2.
int64_t block_depth(const Contraction& c) { return std::clamp<int64_t>(caches().l1 / (c.micro.columns * storage_size(c.type)), 64, 1024); }

void bind_operand(const LaunchContext& context, const ContractPlan& plan, const Access& access, PackFn pack, Arena& arena, Operand& o) {
  const int64_t* words = context.words + access.params;
  o.access = &access;
  o.base = context.args[access.arg];
  o.rank = plan.rank;
  o.pack = pack;
  o.offset = words[0];
  o.bounds = words + 1 + plan.rank;
  for (int b = 0; b < access.bounds; ++b) o.dilated |= bound_words(o, b)[2] != 1;
  int64_t* strides = arena.array<int64_t>(plan.rank + 1);
  for (int d = 0; d < plan.rank; ++d) strides[d] = words[1 + d];
  for (int b = 0; b < access.bounds && !o.dilated; ++b) {
    const int64_t* bound = bound_words(o, b);
    o.offset += bound[0] * bound[3];
    for (int d = 0; d < plan.rank; ++d) strides[d] += bound[4 + d] * bound[3];
  }
  o.strides = strides;
}

}  // namespace

const CacheSizes& caches() {
  static const CacheSizes sizes{cache_size(_SC_LEVEL1_DCACHE_SIZE, 32 << 10), cache_size(_SC_LEVEL2_CACHE_SIZE, 512 << 10)};
  return sizes;
}

int64_t product(const int64_t* sizes, int first, int end) {
  int64_t n = 1;
  for (int d = first; d < end; ++d) n *= sizes[d];
  return n;
}

void affine_table(const int64_t* sizes, const int64_t* factors, int first_dim, int end_dim, int64_t first, int64_t count, int64_t start, int64_t* table) {
  const int dims = end_dim - first_dim;
  if (dims == 0 || count == 0) {
    std::fill(table, table + count, start);
    return;
  }
  int64_t coords[64];
  for (int d = dims - 1; d >= 0; --d) {
    coords[d] = first % sizes[first_dim + d];
    first /= sizes[first_dim + d];
  }
  const int64_t size = sizes[end_dim - 1], step = factors[end_dim - 1];
  for (int64_t i = 0; i < count;) {
    int64_t value = start;
    for (int d = 0; d < dims; ++d) value += factors[first_dim + d] * coords[d];
    const int64_t run = std::min(count - i, size - coords[dims - 1]);
    for (int64_t j = 0; j < run; ++j) table[i + j] = value + j * step;
    i += run;
    coords[dims - 1] = 0;
    for (int d = dims - 2; d >= 0 && ++coords[d] == sizes[first_dim + d]; --d) coords[d] = 0;
  }
}

void bind_depth(const ContractPlan& plan, Arena& arena, Operand& o) {
  o.k_offset = arena.array<int64_t>(plan.k);
  for (int b = 0; b < o.access->bounds; ++b) o.k_t[b] = arena.array<int64_t>(plan.k);
  fill_depth(plan, o, 0, plan.k);
}

void fill_depth(const ContractPlan& plan, Operand& o, int64_t first, int64_t count) {
  affine_table(plan.sizes, o.strides, plan.first_k, plan.rank, first, count, 0, o.k_offset);
  for (int b = 0; b < o.access->bounds; ++b) affine_table(plan.sizes, bound_words(o, b) + 4, plan.first_k, plan.rank, first, count, 0, o.k_t[b]);
}

// A small result over a long k, such as the gradient to a convolution's weights: otherwise there is little to share among workers.
int64_t depth_chunks(const ContractPlan& plan) {
  constexpr int64_t chunk = 2048, most_chunks = 16, most_results = 256 * 1024;
  if (plan.k < 4 * chunk || plan.m * plan.n > most_results) return 1;
  return std::min(plan.k / chunk, most_chunks);
}

int64_t narrow_rows(const Contraction& c) {
  return std::max<int64_t>(caches().l2 / 5 / (block_depth(c) * storage_size(c.type) * c.micro.rows), 1) * c.micro.rows;
}

void bind_contraction(const LaunchContext& context, Arena& arena, ContractPlan& plan) {
  const Program& p = *context.program;
  const Contraction& c = p.contraction;
  plan.sizes = context.words;
  plan.first_m = c.batch;
  plan.first_n = c.batch + c.m;
  plan.first_k = p.outer_rank;
  plan.rank = p.rank();
  plan.batch = product(plan.sizes, 0, plan.first_m);
  plan.m = product(plan.sizes, plan.first_m, plan.first_n);
  plan.n = product(plan.sizes, plan.first_n, plan.first_k);
  plan.k = product(plan.sizes, plan.first_k, plan.rank);
  plan.width = storage_size(c.type);
  plan.micro = c.micro;
  if (plan.empty()) return;
  bind_operand(context, plan, p.accesses[0], c.pack_a, arena, plan.a);
  bind_operand(context, plan, p.accesses[1], c.pack_b, arena, plan.b);
}

void plan_blocks(const Contraction& c, int workers, Arena& arena, ContractPlan& plan) {
  const int64_t rows = plan.micro.rows, columns = plan.micro.columns;
  plan.panels = ceil_div(plan.m, rows);
  plan.strips = ceil_div(plan.n, columns);
  plan.depth = block_depth(c);
  const int64_t most_panels = narrow_rows(c) / rows;
  // B is packed for all of k, as many columns at a time as keep it in the last cache.
  const int64_t strip_bytes = std::max<int64_t>(plan.k, 1) * columns * plan.width;
  // With one block of rows each packed strip is used just once, while it is in L2.
  plan.narrow = plan.panels <= most_panels;
  plan.chunk_strips = std::clamp<int64_t>((plan.narrow ? caches().l2 / 2 : int64_t(12) << 20) / strip_bytes, 1, plan.strips);
  plan.m_blocks = ceil_div(plan.panels, most_panels);
  // The accumulators of a block stay in L2 as well.
  const int64_t block_rows = ceil_div(plan.panels, plan.m_blocks) * rows;
  const int64_t most_strips = std::max<int64_t>(caches().l2 / 3 / (block_rows * columns * plan.width), 1);
  plan.n_blocks = ceil_div(plan.chunk_strips, most_strips);
  // An even number of blocks for every worker, where there is enough to share.
  if (plan.m_blocks * plan.n_blocks % workers != 0) {
    const int64_t more_m = ceil_div(plan.m_blocks, workers) * workers, more_n = ceil_div(plan.n_blocks, workers) * workers;
    if (plan.panels >= 2 * more_m || plan.panels >= plan.chunk_strips) plan.m_blocks = std::min(more_m, plan.panels);
    else plan.n_blocks = std::min(more_n, plan.chunk_strips);
  }
  plan.block_panels = ceil_div(plan.panels, plan.m_blocks);
  plan.block_strips = ceil_div(plan.chunk_strips, plan.n_blocks);
  plan.keep_a = plan.k <= 16 * plan.depth;
  bind_depth(plan, arena, plan.a);
  bind_depth(plan, arena, plan.b);
}

void bind_rows(const ContractPlan& plan, const Operand& o, const int64_t* batch_point, int first_dim, int end_dim, int64_t first, int64_t count,
               int64_t* offsets, int64_t* t, PanelSource& source) {
  int64_t start = o.offset;
  for (int d = 0; d < plan.first_m; ++d) start += o.strides[d] * batch_point[d];
  affine_table(plan.sizes, o.strides, first_dim, end_dim, first, count, start, offsets);
  source.base = o.base;
  source.row_offset = offsets;
  source.k_offset = o.k_offset;
  source.bounds = o.access->bounds;
  source.dilated = o.dilated;
  for (int b = 0; b < source.bounds; ++b) {
    const int64_t* bound = bound_words(o, b);
    int64_t base = bound[0];
    for (int d = 0; d < plan.first_m; ++d) base += bound[4 + d] * batch_point[d];
    affine_table(plan.sizes, bound + 4, first_dim, end_dim, first, count, base, t + b * count);
    source.row_t[b] = t + b * count;
    source.k_t[b] = o.k_t[b];
    source.limit[b] = bound[1];
    source.step[b] = bound[2];
    source.stride[b] = bound[3];
  }
}

PanelSource shifted(const PanelSource& from, int64_t row, int64_t k) {
  PanelSource s = from;
  s.row_offset += row;
  s.k_offset += k;
  for (int b = 0; b < s.bounds; ++b) {
    s.row_t[b] += row;
    s.k_t[b] += k;
  }
  return s;
}

}  // namespace weft::cpu
