#include "contract_panels.h"

#include <algorithm>

namespace weft::cpu {

Panels::Panels(const ContractPlan& plan, const Operand& a, Arena& arena, int64_t rows, int64_t depth) : plan_(plan), a_(a) {
  const int64_t bounds = std::max(a.access->bounds, 1);
  rows_ = arena.array<int64_t>(rows);
  t_ = arena.array<int64_t>(rows * bounds);
  a_.k_offset = arena.array<int64_t>(depth);
  for (int b = 0; b < a.access->bounds; ++b) a_.k_t[b] = arena.array<int64_t>(depth);
}

void Panels::pack(const int64_t* batch_point, int64_t first, int64_t rows, int64_t k, int64_t depth, char* dst) {
  fill_depth(plan_, a_, k, depth);
  PanelSource source;
  bind_rows(plan_, a_, batch_point, plan_.first_m, plan_.first_n, first, rows, rows_, t_, source);
  for (int64_t i = 0; i < rows; i += plan_.micro.rows) {
    const int64_t height = std::min<int64_t>(plan_.micro.rows, rows - i);
    a_.pack(dst + i * depth * plan_.width, shifted(source, i, 0), height, height, depth);
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
