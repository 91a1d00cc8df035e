// The image of a convolution: what its sliding window says about where the elements of operand B lie.
#pragma once

#include "contract_plan.h"

namespace weft::cpu {

// One direction in which B is read. The element of B at coordinates i of n_dim and j of k_dim lies at
// position = base + n_step * i + k_step * j, `stride` elements apart, and is zero unless 0 <= position < limit.
// A direction may belong to n alone or to k alone (images and channels): then the other size is 1.
struct Axis {
  int n_dim = -1, k_dim = -1;
  int64_t n_size = 1, k_size = 1;
  int64_t n_step = 1, k_step = 1;
  int64_t base = 0, limit = 1, stride = 0;
  int64_t lowest() const { return base + low(n_step, n_size) + low(k_step, k_size); }
  static int64_t low(int64_t step, int64_t size) { return step < 0 ? step * (size - 1) : 0; }
  static int64_t reach(int64_t step, int64_t size) { return (step < 0 ? -step : step) * (size - 1); }
};

constexpr int max_axes = 8;
struct Window {
  int axes = 0;
  Axis axis[max_axes];  // those of n in order, then those of k alone in order
  int n_axes = 0;
  int64_t origin = 0;  // offset of position 0 in every direction, without the batch
};

// False where B is no such image.
bool find_window(const ContractPlan&, const Operand&, Window&);

// Coordinate of a batch point as an offset.
int64_t batch_offset(const ContractPlan&, const Operand&, const int64_t* batch_point);

// The part [low, high) of `count` positions first, first + step, ... that is inside an axis; step > 0.
void inside(const Axis&, int64_t first, int64_t step, int64_t count, int64_t& low, int64_t& high);

}  // namespace weft::cpu
