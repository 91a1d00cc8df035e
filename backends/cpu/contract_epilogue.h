// What follows the sums of a contraction: the kernel's outer stage, over a block of them while it is in cache.
#pragma once

#include "contract_plan.h"
#include "loop.h"

namespace weft::cpu {

class Epilogue {
 public:
  // For blocks of up to `rows` rows that lie `leading` elements apart.
  Epilogue(const LaunchContext&, const ContractPlan&, Arena&, int threads, int64_t rows, int64_t leading);

  // Rows [first_row, first_row + rows) and the same of columns of the matrix at `batch_point`, which has zeros beyond the batch.
  // The sums may be overwritten.
  void run(const int64_t* batch_point, int64_t first_row, int64_t rows, int64_t first_column, int64_t columns, char* sums);

 private:
  int row_runs(int64_t first, int64_t count);
  int block_runs(int64_t first_row, int64_t rows, int64_t first_column, int64_t columns);
  void decode(int64_t flat, int first_dim, int end_dim, int64_t* coords) const;

  const ContractPlan& plan_;
  LoopRun loop_;
  int sum_;             // the register of the sums
  int64_t leading_;     // elements from row to row
  int64_t rows_ = 1;    // at a time
  int64_t joined_ = 1;  // columns that every access walks with one stride
  int64_t *at_ = nullptr, *length_ = nullptr, *coords_ = nullptr;
};

}  // namespace weft::cpu
