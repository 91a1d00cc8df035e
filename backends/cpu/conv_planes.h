// An image copied with its padding, one plane for each channel, so that every tap of the window is the same plane seen from a fixed
// distance: the columns of B then need no packing. A window that moves in strides is cut into phases, planes of every stride-th row
// and column, for which it moves by one.
#pragma once

#include "conv_window.h"

namespace weft::cpu {

class Planes {
 public:
  // A piece of the column space: `rows` x `columns` of the last two axes of n, at one point of the others.
  struct Piece {
    int64_t first_row, rows, first_column, columns;
    int64_t flat;  // of the others' point
  };

  // For pieces of up to rows x columns.
  bool plan(const ContractPlan&, const Operand&, const Window&, int64_t rows, int64_t columns);
  int64_t elements() const { return size_; }
  int64_t pitch() const { return row().pitch; }  // from row to row of the columns

  int64_t channel_pitch() const { return layout_[axes_ - 1].pitch; }  // of the last axis of k alone

  // Where each point of dimensions [first_dim, end_dim), the taps, is seen from a piece's first column.
  void tap_table(int first_dim, int end_dim, int64_t* taps) const;
  void copy(const Piece&, int64_t offset, char* planes) const;

 private:
  struct Layout {
    Axis axis;
    int64_t first = 0;              // position of phase 0
    int64_t phases = 1, count = 1;  // and places of one phase
    int64_t phase_pitch = 0, pitch = 0;
  };
  const Layout& row() const { return layout_[n_axes_ - 2]; }
  const Layout& column() const { return layout_[n_axes_ - 1]; }
  // The places of one piece along an axis, and those of each phase that are inside the image.
  static constexpr int64_t most_phases = 8;
  struct Span {
    int64_t first, count, low[most_phases], high[most_phases];
  };
  void copy_axis(int a, const Span* span, int64_t from, char* to, bool outside) const;
  void copy_plane(const Span* span, int64_t from, char* to, bool outside) const;
  void clear(char* to, int64_t places) const;

  const ContractPlan* plan_ = nullptr;
  const Operand* b_ = nullptr;
  Layout layout_[max_axes + 1];
  int axes_ = 0, n_axes_ = 0;
  int pixel_axis_ = -1;  // channels that are dense in memory where positions along a row are not
  int64_t origin_ = 0, size_ = 0;
  int64_t ahead_ = 0;  // bytes to the same row of the next channel, which is fetched meanwhile
};

}  // namespace weft::cpu
