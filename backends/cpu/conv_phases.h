// The gradient of a strided convolution: only every step-th tap touches a place. Its places are cut into classes for which the same
// taps count, and each class is a convolution of its own in which nothing is skipped.
#pragma once

#include "executable.h"

namespace weft::cpu {

class Phases {
 public:
  // False where the bounds with steps do not tell places and taps apart dimension by dimension; `words` has room for the launch's.
  bool plan(const LaunchContext&, int64_t* words);
  int64_t count() const { return count_; }
  // The launch of one class; false where it has no places.
  bool select(int64_t index, LaunchContext&) const;

 private:
  // Coordinates first, first + step, ... of a dimension.
  void narrow(int dim, int64_t first, int64_t step) const;

  struct Bound {
    int n_dim, k_dim;
    int64_t words;         // where it begins in the launch's words
    int64_t n_phases = 1;  // after so many places, or taps, a remainder comes again
    int64_t k_phases = 1;
  };
  const LaunchContext* context_ = nullptr;
  int64_t* words_ = nullptr;
  Bound bound_[max_panel_bounds];
  int bounds_ = 0;
  int64_t count_ = 1;
};

}  // namespace weft::cpu
