// Operand A in panels of as many rows as the micro-kernel has, for a range of k.
#pragma once

#include "contract_plan.h"

namespace weft::cpu {

class Panels {
 public:
  // For `rows` rows at most, and depths up to `depth`.
  Panels(const ContractPlan&, const Operand&, Arena&, int64_t rows, int64_t depth);

  // Packs rows [first, first + rows) and k in [k, k + depth) of the matrix at `batch_point`: panel i of `height` rows begins at
  // row i * height * depth; the last is as narrow as it needs to be.
  void pack(const int64_t* batch_point, int64_t first, int64_t rows, int64_t k, int64_t depth, char* dst);

 private:
  const ContractPlan& plan_;
  Operand a_;  // with tables for the depth of one call
  int64_t *rows_, *t_;
};

// sums[i * leading + j] (+)= panels * rows of B, for `rows` rows and `columns` columns.
void multiply_panels(const ContractPlan&, const char* panels, int64_t rows, int64_t depth, const char* b, const int64_t* b_rows, int64_t columns, char* sums,
                     int64_t leading, bool accumulate);

}  // namespace weft::cpu
