// Operands in panels, for a range of k: A in panels of as many rows as the micro-kernel has, B in strips of as many columns.
#pragma once

#include "contract_plan.h"

namespace weft::cpu {

class Panels {
 public:
  // For `rows` rows of A, or columns of B, at most, and depths up to `depth`.
  enum Side { a_side, b_side };
  Panels(const ContractPlan&, Side, Arena&, int64_t rows, int64_t depth);

  // Packs rows [first, first + rows) and k in [k, k + depth) of the matrix at `batch_point`. The panel of row i begins at
  // i * depth. The last panel of A is as narrow as it needs to be, that of B is filled up with zeros.
  void pack(const int64_t* batch_point, int64_t first, int64_t rows, int64_t k, int64_t depth, char* dst);

 private:
  const ContractPlan& plan_;
  Side side_;
  Operand operand_;  // with tables for the depth of one call
  int64_t *rows_, *t_;
};

// sums[i * leading + j] (+)= panels * rows of B, for `rows` rows and `columns` columns.
void multiply_panels(const ContractPlan&, const char* panels, int64_t rows, int64_t depth, const char* b, const int64_t* b_rows, int64_t columns, char* sums,
                     int64_t leading, bool accumulate);

}  // namespace weft::cpu
