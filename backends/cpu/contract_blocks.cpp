// A contraction of any kind: B is packed into strips once, by all workers together; then each worker takes blocks of the result,
// packs the rows of A they need, multiplies, and runs the epilogue over the finished block while it is in cache.
//
// Every element of the result is accumulated over k in order, whatever the blocks and the number of workers.
#include <algorithm>
#include <cstring>
#include <optional>

#include "contract.h"
#include "contract_epilogue.h"

namespace weft::cpu {

namespace {

class Contractor {
 public:
  Contractor(const LaunchContext& context, const Worker& worker, const Worker& team) : arena_(*worker.arena), team_(team) {
    bind_contraction(context, arena_, plan_);
    if (empty()) return;
    plan_blocks(context.program->contraction, team.count, arena_, plan_);
    const int64_t rows = plan_.block_panels * plan_.micro.rows;
    leading_ = plan_.block_strips * plan_.micro.columns;
    const int64_t bounds_a = std::max(plan_.a.access->bounds, 1), bounds_b = std::max(plan_.b.access->bounds, 1);
    a_rows_ = arena_.array<int64_t>(rows);
    a_t_ = arena_.array<int64_t>(rows * bounds_a);
    b_rows_ = arena_.array<int64_t>(plan_.micro.columns);
    b_t_ = arena_.array<int64_t>(plan_.micro.columns * bounds_b);
    a_packed_ = arena_.array<char>(rows * (plan_.keep_a ? plan_.k : plan_.depth) * plan_.width);
    sums_ = arena_.array<char>(rows * leading_ * plan_.width);
    point_ = arena_.array<int64_t>(plan_.rank + 1);
    std::memset(point_, 0, sizeof(int64_t) * size_t(plan_.rank + 1));
    packed_rows_ = arena_.array<int64_t>(plan_.depth);
    for (int64_t k = 0; k < plan_.depth; ++k) packed_rows_[k] = k * plan_.micro.columns;
    epilogue_.emplace(context, plan_, arena_, worker.count, rows, leading_);
  }

  bool empty() const { return plan_.batch == 0 || plan_.m == 0 || plan_.n == 0; }
  int64_t packed_b_bytes() const { return plan_.chunk_strips * plan_.micro.columns * plan_.k * plan_.width; }
  const ContractPlan& plan() const { return plan_; }

  // Matrices [first_batch, end_batch), of them the columns of strips [first_strip, end_strip).
  void run(int64_t first_batch, int64_t end_batch, int64_t first_strip, int64_t end_strip, char* b_packed) {
    for (int64_t batch = first_batch; batch < end_batch; ++batch) {
      int64_t rest = batch;
      for (int d = plan_.first_m - 1; d >= 0; --d) {
        point_[d] = rest % plan_.sizes[d];
        rest /= plan_.sizes[d];
      }
      packed_block_ = -1;
      for (int64_t strip = first_strip; strip < end_strip; strip += plan_.chunk_strips) {
        const int64_t strips = std::min(plan_.chunk_strips, end_strip - strip);
        if (strip > first_strip || batch > first_batch) team_.barrier();  // the last chunk is still being read
        int64_t first, end;
        team_.share(strips, first, end);
        for (int64_t s = first; s < end; ++s) pack_strip(strip + s, b_packed + s * strip_bytes());
        team_.barrier();
        team_.share(plan_.m_blocks * plan_.n_blocks, first, end);
        for (int64_t block = first; block < end; ++block) run_block(block, strip, strips, b_packed);
      }
    }
  }

 private:
  int64_t strip_bytes() const { return plan_.micro.columns * plan_.k * plan_.width; }

  void pack_strip(int64_t strip, char* dst) {
    const int64_t columns = plan_.micro.columns, first = strip * columns, count = std::min(columns, plan_.n - first);
    PanelSource source;
    bind_rows(plan_, plan_.b, point_, plan_.first_n, plan_.first_k, first, count, b_rows_, b_t_, source);
    plan_.b.pack(dst, source, count, columns, plan_.k);
  }

  // Panels of rows [first, first + rows) for k in [k, k + depth), one after another; the last is as narrow as it needs to be.
  void pack_panels(const PanelSource& source, int64_t rows, int64_t k, int64_t depth, char* dst) {
    for (int64_t i = 0; i < rows; i += plan_.micro.rows) {
      const int64_t height = std::min<int64_t>(plan_.micro.rows, rows - i);
      plan_.a.pack(dst + i * depth * plan_.width, shifted(source, i, k), height, height, depth);
    }
  }

  void run_block(int64_t block, int64_t first_strip, int64_t strips, const char* b_packed) {
    const int64_t m_block = block / plan_.n_blocks, n_block = block % plan_.n_blocks;
    const int64_t first_row = m_block * plan_.panels / plan_.m_blocks * plan_.micro.rows;
    const int64_t end_row = std::min((m_block + 1) * plan_.panels / plan_.m_blocks * plan_.micro.rows, plan_.m);
    const int64_t s0 = n_block * strips / plan_.n_blocks, s1 = (n_block + 1) * strips / plan_.n_blocks;
    const int64_t rows = end_row - first_row;
    if (rows <= 0 || s0 == s1) return;
    if (m_block != packed_block_) {
      bind_rows(plan_, plan_.a, point_, plan_.first_m, plan_.first_n, first_row, rows, a_rows_, a_t_, a_source_);
      if (plan_.keep_a)
        for (int64_t k = 0; k < plan_.k; k += plan_.depth)
          pack_panels(a_source_, rows, k, std::min(plan_.depth, plan_.k - k), a_packed_ + k * rows * plan_.width);
      packed_block_ = m_block;
    }
    int64_t k = 0;
    do {  // once at least: no k at all gives zeros
      const int64_t depth = std::min(plan_.depth, plan_.k - k);
      const char* a = a_packed_;
      if (plan_.keep_a) a += k * rows * plan_.width;
      else pack_panels(a_source_, rows, k, depth, a_packed_);
      multiply(a, rows, b_packed + (s0 * plan_.k + k) * plan_.micro.columns * plan_.width, (first_strip + s0), s1 - s0, depth, k > 0);
      k += depth;
    } while (k < plan_.k);
    const int64_t first_column = (first_strip + s0) * plan_.micro.columns;
    epilogue_->run(point_, first_row, rows, first_column, std::min((s1 - s0) * plan_.micro.columns, plan_.n - first_column), sums_);
  }

  void multiply(const char* a, int64_t rows, const char* b, int64_t first_strip, int64_t strips, int64_t depth, bool accumulate) {
    const MicroKernels& micro = plan_.micro;
    for (int64_t s = 0; s < strips; ++s) {
      const int64_t left = plan_.n - (first_strip + s) * micro.columns;
      const bool half = left <= micro.columns / 2;
      for (int64_t i = 0; i < rows; i += micro.rows) {
        const int64_t height = std::min<int64_t>(micro.rows, rows - i);
        const MicroFn f = half ? micro.half[height] : micro.full[height];
        f(depth, a + i * depth * plan_.width, b + s * strip_bytes(), packed_rows_, sums_ + (i * leading_ + s * micro.columns) * plan_.width, leading_,
          accumulate);
      }
    }
  }

  Arena& arena_;
  Worker team_;  // those who share one packed B
  std::optional<Epilogue> epilogue_;
  ContractPlan plan_;
  PanelSource a_source_;
  int64_t packed_block_ = -1;
  int64_t leading_ = 0;  // of the sums: elements from row to row
  int64_t *a_rows_ = nullptr, *a_t_ = nullptr, *b_rows_ = nullptr, *b_t_ = nullptr, *point_ = nullptr;
  int64_t* packed_rows_ = nullptr;  // where row k of a packed strip lies
  char *a_packed_ = nullptr, *sums_ = nullptr;
};

int64_t batch_count(const LaunchContext& context) {
  int64_t n = 1;
  for (int d = 0; d < context.program->contraction.batch; ++d) n *= context.words[d];
  return n;
}

// One block of rows, and columns for every worker: packing A more than once costs less than meeting.
bool few_rows(const LaunchContext& context) {
  const Contraction& c = context.program->contraction;
  int64_t rows = 1, columns = 1;
  for (int d = c.batch; d < c.batch + c.m; ++d) rows *= context.words[d];
  for (int d = c.batch + c.m; d < c.batch + c.m + c.n; ++d) columns *= context.words[d];
  return rows <= narrow_rows(c) && columns >= 8 * rows;
}

}  // namespace

// Many matrices: each worker does whole ones. Few, with few rows: each does some columns. Otherwise all share a packed B.
void run_blocks(const LaunchContext& context, const Worker& worker) {
  Worker self = worker;
  self.id = 0;
  self.count = 1;
  const int64_t batch = batch_count(context);
  const bool whole = worker.count == 1 || batch >= 4 * worker.count || (batch > 0 && batch % worker.count == 0);
  if (whole || few_rows(context)) {
    Contractor contractor(context, worker, self);
    if (contractor.empty()) return;
    char* packed = worker.arena->array<char>(contractor.packed_b_bytes());
    int64_t first, end;
    worker.share(whole ? batch : contractor.plan().strips, first, end);
    if (whole) contractor.run(first, end, 0, contractor.plan().strips, packed);
    else if (first < end) contractor.run(0, batch, first, end, packed);
    return;
  }
  std::optional<Contractor> contractor;
  const bool ready = prepare_together(context, worker, [&] {
    contractor.emplace(context, worker, worker);
    return contractor->empty() ? 0 : contractor->packed_b_bytes();
  });
  if (ready && !contractor->empty()) contractor->run(0, batch, 0, contractor->plan().strips, static_cast<char*>(context.shared->load()));
}

}  // namespace weft::cpu
