// An image copied with its padding, channels innermost: a place is then a row of B, and each tap of the window some columns of it.
// This is how the gradient to the weights of a convolution sees its input: n are channels and taps, k images and places.
#pragma once

#include "conv_window.h"

namespace weft::cpu {

class Pixels {
 public:
  // False where B is no such image. Pieces of up to `depth` of k are copied at a time.
  bool plan(const ContractPlan&, const Operand&, const Window&, int64_t depth);
  int64_t elements() const { return size_; }
  int64_t row() const { return row_size_; }  // k along the last axis: pieces hold whole rows, or parts of one

  // Columns come in groups, dense in memory: channels, or channels at taps side by side.
  int64_t groups() const { return groups_; }
  int64_t group_columns() const { return group_columns_; }
  void group_table(int64_t* offsets) const;
  // For each n, the column in the order of groups, where groups begin `pitch` apart.
  void column_table(int64_t pitch, int64_t* columns) const;

  // The longest piece of k from `first` on, up to `end`; copies it and says where its rows of B begin.
  int64_t piece(int64_t first, int64_t end) const;
  void copy(int64_t first, int64_t count, int64_t offset, char* pixels, int64_t* rows) const;

 private:
  void copy_line(int64_t from, char* to, bool outside) const;

  const ContractPlan* plan_ = nullptr;
  const Operand* b_ = nullptr;
  Axis channel_, down_, across_;  // down and across: paired axes of n and k
  Axis image_[max_axes];          // of k alone, in order
  int images_ = 0;
  int64_t origin_ = 0, lines_ = 0, line_places_ = 0, pitch_ = 0, size_ = 0;
  int64_t row_size_ = 1, rows_ = 1, most_rows_ = 1, groups_ = 1, group_columns_ = 1;
};

}  // namespace weft::cpu
