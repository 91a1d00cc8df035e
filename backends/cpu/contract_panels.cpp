#include "contract_panels.h"

#include <algorithm>

namespace weft::cpu {

Panels::Panels(const ContractPlan& plan, Side side, Arena& arena, int64_t rows, int64_t depth)
    : plan_(plan), side_(side), operand_(side == a_side ? plan.a : plan.b) {
  const int bounds = operand_.access->bounds;
  rows_ = arena.array<int64_t>(rows);
  t_ = arena.array<int64_t>(rows * std::max(bounds, 1));
  operand_.k_offset = arena.array<int64_t>(depth);
  for (int b = 0; b < bounds; ++b) operand_.k_t[b] = arena.array<int64_t>(depth);
}

void Panels::pack(const int64_t* batch_point, int64_t first, int64_t rows, int64_t k, int64_t depth, char* dst) {
  const bool a = side_ == a_side;
  const int64_t panel = a ? plan_.micro.rows : plan_.micro.columns;
  PanelSource source;
  fill_depth(plan_, operand_, k, depth);
  bind_rows(plan_, operand_, batch_point, a ? plan_.first_m : plan_.first_n, a ? plan_.first_n : plan_.first_k, first, rows, rows_, t_, source);
  for (int64_t i = 0; i < rows; i += panel) {
    const int64_t count = std::min(panel, rows - i);
    operand_.pack(dst + i * depth * plan_.width, shifted(source, i, 0), count, a ? count : panel, depth);
  }
}

void multiply_panels(const ContractPlan& plan, const char* panels, int64_t rows, int64_t depth, const char* b, const int64_t* b_rows, int64_t columns,
                     char* sums, int64_t leading, bool accumulate) {
  const MicroKernels& micro = plan.micro;
  for (int64_t j = 0; j < columns; j += micro.columns) {
    const bool half = columns - j <= micro.columns / 2;
    for (int64_t i = 0; i < rows; i += micro.rows) {
      const int64_t height = std::min<int64_t>(micro.rows, rows - i);
      const MicroFn f = half ? micro.half[height] : micro.full[height];
      f(depth, panels + i * depth * plan.width, b + j * plan.width, b_rows, sums + (i * leading + j) * plan.width, leading, accumulate);
    }
  }
}

}  // namespace weft::cpu
