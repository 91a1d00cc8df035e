#include "contract_epilogue.h"

#include <algorithm>
#include <cstring>

namespace weft::cpu {

namespace {

constexpr int64_t points_at_once = 2048;

}  // namespace

Epilogue::Epilogue(const LaunchContext& context, const ContractPlan& plan, Arena& arena, int threads, int64_t rows, int64_t leading)
    : plan_(plan), loop_(context, arena, threads), sum_(context.program->contraction.sum), leading_(leading) {
  rows_ = std::clamp<int64_t>(points_at_once / leading, 1, rows);
  // A run is walked with the stride of the last dimension, which says nothing where its size is 1.
  const int dims = plan.first_k - plan.first_m;
  if (plan.first_n < plan.first_k && plan.sizes[plan.first_k - 1] > 1) joined_ = loop_.joined_columns(plan.first_n, plan.first_k);
  const int64_t last = dims > 0 ? std::max<int64_t>(plan.sizes[plan.first_k - 1], 1) : 1;
  const int64_t runs = rows_ * (leading / last + 2);
  at_ = arena.array<int64_t>(runs);
  length_ = arena.array<int64_t>(runs);
  coords_ = arena.array<int64_t>(runs * std::max(dims, 1));
  loop_.reserve_outer(rows_ * leading);
}

// The sums are a register as they lie, with gaps between rows. Without n dimensions the result is a column, made dense first.
void Epilogue::run(const int64_t* batch_point, int64_t first_row, int64_t rows, int64_t first_column, int64_t columns, char* sums) {
  const bool column = plan_.first_n == plan_.first_k;
  if (column)
    for (int64_t r = 1; r < rows; ++r) std::memcpy(sums + r * plan_.width, sums + r * leading_ * plan_.width, size_t(plan_.width));
  const int64_t leading = column ? 1 : leading_;
  const int64_t chunk = column ? std::min<int64_t>(rows, rows_ * leading_) : rows_;
  for (int64_t r = 0; r < rows; r += chunk) {
    const int64_t count = std::min(chunk, rows - r);
    Tile tile;
    tile.n = (count - 1) * leading + columns;  // no gap after the last row
    tile.first_dim = plan_.first_m;
    tile.dims = plan_.first_k - plan_.first_m;
    tile.shared = batch_point;
    tile.at = at_;
    tile.length = length_;
    tile.coords = coords_;
    tile.runs = column ? row_runs(first_row + r, count) : block_runs(first_row + r, count, first_column, columns);
    loop_.run_epilogue(tile, sum_, sums + r * leading * plan_.width);
  }
}

int Epilogue::row_runs(int64_t first, int64_t count) {
  const int dims = plan_.first_n - plan_.first_m;
  if (dims == 0) {
    at_[0] = 0;
    length_[0] = count;
    return 1;
  }
  int runs = 0;
  for (int64_t done = 0; done < count; ++runs) {
    decode(first + done, plan_.first_m, plan_.first_n, coords_ + int64_t(runs) * dims);
    at_[runs] = done;
    length_[runs] = std::min(count - done, plan_.sizes[plan_.first_n - 1] - coords_[int64_t(runs) * dims + dims - 1]);
    done += length_[runs];
  }
  return runs;
}

int Epilogue::block_runs(int64_t first_row, int64_t rows, int64_t first_column, int64_t columns) {
  const int m_dims = plan_.first_n - plan_.first_m, dims = plan_.first_k - plan_.first_m;
  int runs = 0;
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t done = 0; done < columns; ++runs) {
      int64_t* coords = coords_ + int64_t(runs) * dims;
      decode(first_row + r, plan_.first_m, plan_.first_n, coords);
      decode(first_column + done, plan_.first_n, plan_.first_k, coords + m_dims);
      at_[runs] = r * leading_ + done;
      length_[runs] = std::min(columns - done, joined_ - (first_column + done) % joined_);
      done += length_[runs];
    }
  }
  return runs;
}

void Epilogue::decode(int64_t flat, int first_dim, int end_dim, int64_t* coords) const {
  for (int d = end_dim - 1; d >= first_dim; --d) {
    coords[d - first_dim] = flat % plan_.sizes[d];
    flat /= plan_.sizes[d];
  }
}

}  // namespace weft::cpu
