// A small result over a long k, the gradient to the weights of a convolution above all: k is cut into chunks, each a sum of its own,
// and the sums are added up in order. Workers take whole chunks.
#include <algorithm>
#include <cstring>
#include <optional>

#include "contract.h"
#include "contract_epilogue.h"
#include "contract_panels.h"
#include "conv_pixels.h"

namespace weft::cpu {

namespace {

constexpr int64_t most_depth = 256;   // of one call of the micro-kernel
constexpr int64_t most_piece = 2048;  // of an image copied at a time
constexpr int64_t epilogue_rows = 16;

class ChunkedSum {
 public:
  ChunkedSum(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Window* window)
      : plan_(plan),
        worker_(worker),
        type_(context.program->contraction.type),
        chunks_(depth_chunks(plan)),
        panels_(plan, Panels::a_side, *worker.arena, plan.m, most_depth) {
    Arena& arena = *worker.arena;
    const int64_t lanes = plan.micro.columns / 2;
    const bool same_type = register_type(plan.b.access->dtype) == type_;
    has_pixels_ = window && same_type && pixels_.plan(plan, plan.b, *window, most_piece);
    groups_ = has_pixels_ ? pixels_.groups() : 1;
    group_columns_ = has_pixels_ ? pixels_.group_columns() : plan.n;
    group_pitch_ = ceil_div(group_columns_, lanes) * lanes;
    leading_ = groups_ * group_pitch_;
    group_offset_ = arena.array<int64_t>(groups_);
    column_ = arena.array<int64_t>(plan.n);
    b_rows_ = arena.array<int64_t>(std::max(most_piece, has_pixels_ ? pixels_.row() : 0));
    if (has_pixels_) {
      pixels_.group_table(group_offset_);
      pixels_.column_table(group_pitch_, column_);
      b_packed_ = arena.array<char>(pixels_.elements() * plan.width);
    } else {
      group_offset_[0] = 0;
      for (int64_t n = 0; n < plan.n; ++n) column_[n] = n;
      strips_.emplace(plan, Panels::b_side, arena, plan.n, most_depth);
      b_packed_ = arena.array<char>(ceil_div(plan.n, plan.micro.columns) * plan.micro.columns * most_depth * plan.width);
    }
    a_packed_ = arena.array<char>(plan.m * most_depth * plan.width);
    result_ = arena.array<char>(epilogue_rows * plan.n * plan.width);
    point_ = arena.array<int64_t>(plan.rank + 1);
    std::memset(point_, 0, sizeof(int64_t) * size_t(plan.rank + 1));
    epilogue_.emplace(context, plan, arena, worker.count, epilogue_rows, plan.n);
  }

  int64_t shared_bytes() const { return chunks_ * chunk_bytes(); }

  void run(char* sums) {
    for (int64_t batch = 0; batch < plan_.batch; ++batch) {
      int64_t rest = batch, first, end;
      for (int d = plan_.first_m - 1; d >= 0; --d) {
        point_[d] = rest % plan_.sizes[d];
        rest /= plan_.sizes[d];
      }
      if (batch > 0) worker_.barrier();  // the last matrix is still being added up
      worker_.share(chunks_, first, end);
      for (int64_t c = first; c < end; ++c) run_chunk(plan_.k * c / chunks_, plan_.k * (c + 1) / chunks_, sums + c * chunk_bytes());
      worker_.barrier();
      worker_.share(plan_.m, first, end);
      for (int64_t row = first; row < end; row += epilogue_rows) finish(row, std::min(epilogue_rows, end - row), sums);
    }
  }

 private:
  int64_t chunk_bytes() const { return plan_.m * leading_ * plan_.width; }

  void run_chunk(int64_t first, int64_t end, char* sums) {
    for (int64_t k = first; k < end;) {
      const int64_t piece = has_pixels_ ? pixels_.piece(k, end) : std::min(most_depth, end - k);
      if (has_pixels_) pixels_.copy(k, piece, batch_offset(plan_, plan_.b, point_), b_packed_, b_rows_);
      else strips_->pack(point_, 0, plan_.n, k, piece, b_packed_);
      for (int64_t done = 0; done < piece; done += most_depth) {
        const int64_t depth = std::min(most_depth, piece - done);
        panels_.pack(point_, 0, plan_.m, k + done, depth, a_packed_);
        if (has_pixels_) multiply_groups(depth, done, sums, k + done > first);
        else multiply_strips(depth, sums, k > first);
      }
      k += piece;
    }
  }

  void multiply_groups(int64_t depth, int64_t done, char* sums, bool accumulate) {
    for (int64_t g = 0; g < groups_; ++g)
      multiply_panels(plan_, a_packed_, plan_.m, depth, b_packed_ + group_offset_[g] * plan_.width, b_rows_ + done, group_columns_,
                      sums + g * group_pitch_ * plan_.width, leading_, accumulate);
  }

  void multiply_strips(int64_t depth, char* sums, bool accumulate) {
    const int64_t columns = plan_.micro.columns;
    for (int64_t k = 0; k < depth; ++k) b_rows_[k] = k * columns;
    for (int64_t j = 0; j < plan_.n; j += columns)
      multiply_panels(plan_, a_packed_, plan_.m, depth, b_packed_ + j * depth * plan_.width, b_rows_, std::min(columns, plan_.n - j), sums + j * plan_.width,
                      leading_, accumulate);
  }

  // Rows of the sums of all chunks, added up in order, back in the order of n.
  void finish(int64_t first, int64_t rows, char* sums) {
    switch (type_) {
      case WEFT_F32: add_up<float>(first, rows, sums); break;
      case WEFT_F64: add_up<double>(first, rows, sums); break;
      case WEFT_I32:
      case WEFT_U32: add_up<uint32_t>(first, rows, sums); break;
      default: add_up<uint64_t>(first, rows, sums);
    }
    epilogue_->run(point_, first, rows, 0, plan_.n, result_);
  }

  template <class T>
  void add_up(int64_t first, int64_t rows, char* sums) {
    for (int64_t r = 0; r < rows; ++r) {
      T* total = reinterpret_cast<T*>(sums + (first + r) * leading_ * plan_.width);
      for (int64_t c = 1; c < chunks_; ++c) {
        const T* part = reinterpret_cast<const T*>(reinterpret_cast<char*>(total) + c * chunk_bytes());
        for (int64_t j = 0; j < leading_; ++j) total[j] += part[j];
      }
      T* to = reinterpret_cast<T*>(result_) + r * plan_.n;
      for (int64_t n = 0; n < plan_.n; ++n) to[n] = total[column_[n]];
    }
  }

  const ContractPlan& plan_;
  const Worker& worker_;
  int type_;
  int64_t chunks_;
  Panels panels_;
  Pixels pixels_;
  bool has_pixels_ = false;
  std::optional<Panels> strips_;  // otherwise
  std::optional<Epilogue> epilogue_;
  int64_t groups_ = 1, group_columns_ = 0, group_pitch_ = 0, leading_ = 0;
  int64_t *group_offset_ = nullptr, *column_ = nullptr, *b_rows_ = nullptr, *point_ = nullptr;
  char *a_packed_ = nullptr, *b_packed_ = nullptr, *result_ = nullptr;
};

}  // namespace

void run_chunks(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Window* window) {
  std::optional<ChunkedSum> sum;
  const bool ready = prepare_together(context, worker, [&] {
    sum.emplace(context, worker, plan, window);
    return sum->shared_bytes();
  });
  if (ready) sum->run(static_cast<char*>(context.shared->load()));
}

}  // namespace weft::cpu
