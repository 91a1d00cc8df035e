#include "conv_planes.h"

#include <algorithm>
#include <cstring>

namespace weft::cpu {

bool Planes::plan(const ContractPlan& plan, const Operand& b, const Window& window, int64_t rows, int64_t columns) {
  plan_ = &plan;
  b_ = &b;
  origin_ = window.origin;
  axes_ = 0;
  if (window.n_axes == 1) layout_[axes_++] = Layout();  // one row
  for (int a = 0; a < window.axes; ++a) layout_[axes_++].axis = window.axis[a];
  n_axes_ = window.n_axes + (window.n_axes == 1);
  for (int a = 0; a < axes_; ++a) {
    Layout& l = layout_[a];
    if (l.axis.n_step < 1) return false;
    const int64_t reach = Axis::reach(l.axis.k_step, l.axis.k_size);
    l.first = l.axis.base + Axis::low(l.axis.k_step, l.axis.k_size);
    l.phases = std::min(l.axis.n_step, reach + 1);
    l.count = (a == n_axes_ - 1 ? columns : a == n_axes_ - 2 ? rows : 1) + reach / l.axis.n_step;
  }
  // Innermost the columns of a piece, then its rows, then their phases, then everything else.
  size_ = 1;
  for (int a : {n_axes_ - 1, n_axes_ - 2}) layout_[a].pitch = size_, size_ *= layout_[a].count;
  for (int a : {n_axes_ - 1, n_axes_ - 2}) layout_[a].phase_pitch = size_, size_ *= layout_[a].phases;
  for (int a = axes_ - 1; a >= 0; --a) {
    if (a == n_axes_ - 1 || a == n_axes_ - 2) continue;
    layout_[a].pitch = size_;
    layout_[a].phase_pitch = size_ *= layout_[a].count;
    size_ *= layout_[a].phases;
  }
  for (int a = n_axes_; a < axes_; ++a) {
    const Axis& c = layout_[a].axis;
    const bool whole = layout_[a].first >= 0 && layout_[a].first + c.k_size <= c.limit;
    if (c.stride == 1 && c.k_step == 1 && c.k_size >= 8 && whole && column().axis.stride != 1) pixel_axis_ = a;
  }
  if (axes_ > n_axes_) ahead_ = layout_[axes_ - 1].axis.stride * b.access->size;
  size_ += 2 * plan.micro.columns;  // the last strip may be read beyond its columns
  return true;
}

void Planes::tap_table(int first_dim, int end_dim, int64_t* taps) const {
  const int64_t count = product(plan_->sizes, first_dim, end_dim);
  int64_t coords[32] = {};
  for (int64_t k = 0; k < count; ++k) {
    taps[k] = 0;
    for (int a = 0; a < axes_; ++a) {
      const Layout& l = layout_[a];
      if (l.axis.k_dim < 0) continue;
      const int64_t distance = l.axis.k_step * coords[l.axis.k_dim - first_dim] - Axis::low(l.axis.k_step, l.axis.k_size);
      taps[k] += distance % l.axis.n_step * l.phase_pitch + distance / l.axis.n_step * l.pitch;
    }
    for (int d = end_dim - 1; d >= first_dim && ++coords[d - first_dim] == plan_->sizes[d]; --d) coords[d - first_dim] = 0;
  }
}

void Planes::copy(const Piece& piece, int64_t offset, char* planes) const {
  int64_t first[max_axes + 1], count[max_axes + 1], flat = piece.flat;
  for (int a = n_axes_ - 1; a >= 0; --a) {
    const Layout& l = layout_[a];
    int64_t start = 0, covered = 1;
    if (a == n_axes_ - 1) start = piece.first_column, covered = piece.columns;
    else if (a == n_axes_ - 2) start = piece.first_row, covered = piece.rows;
    else start = flat % l.axis.n_size, flat /= l.axis.n_size;
    first[a] = l.first + l.axis.n_step * start;
    count[a] = covered + Axis::reach(l.axis.k_step, l.axis.k_size) / l.axis.n_step;
  }
  for (int a = n_axes_; a < axes_; ++a) first[a] = layout_[a].first, count[a] = layout_[a].count;
  copy_axis(0, first, count, origin_ + offset, planes, false);
}

// Walks every axis but the columns, and the one copied together with them.
void Planes::copy_axis(int a, const int64_t* first, const int64_t* count, int64_t from, char* to, bool outside) const {
  const int columns = n_axes_ - 1;
  if (a == axes_) {
    if (pixel_axis_ >= 0) copy_pixels(first[columns], count[columns], from + first[pixel_axis_] * layout_[pixel_axis_].axis.stride, to, outside);
    else copy_row(first[columns], count[columns], from, to, outside);
    return;
  }
  if (a == columns || a == pixel_axis_) return copy_axis(a + 1, first, count, from, to, outside);
  const Layout& l = layout_[a];
  for (int64_t phase = 0; phase < l.phases; ++phase)
    for (int64_t i = 0; i < count[a]; ++i) {
      const int64_t position = first[a] + phase + i * l.axis.n_step;
      const bool out = outside || position < 0 || position >= l.axis.limit;
      copy_axis(a + 1, first, count, from + position * l.axis.stride, to + (phase * l.phase_pitch + i * l.pitch) * plan_->width, out);
    }
}

void Planes::copy_row(int64_t first, int64_t count, int64_t from, char* to, bool outside) const {
  const Layout& l = column();
  const int64_t width = plan_->width, size = b_->access->size, step = l.axis.n_step;
  for (int64_t phase = 0; phase < l.phases; ++phase, to += l.phase_pitch * width) {
    int64_t low = 0, high = 0;
    if (!outside) inside(l.axis, first + phase, step, count, low, high);
    std::memset(to, 0, size_t(low * width));
    if (low < high) {
      const char* source = b_->base + (from + (first + phase + low * step) * l.axis.stride) * size;
      for (int64_t at = 0; at < (high - low) * size; at += 64) __builtin_prefetch(source + ahead_ + at);
      b_->access->load(to + low * width, source, step * l.axis.stride, high - low);
    }
    std::memset(to + high * width, 0, size_t((count - high) * width));
  }
}

void Planes::copy_pixels(int64_t first, int64_t count, int64_t from, char* to, bool outside) const {
  const Layout &l = column(), &channels = layout_[pixel_axis_];
  const int64_t width = plan_->width, size = b_->access->size, step = l.axis.n_step;
  for (int64_t phase = 0; phase < l.phases; ++phase, to += l.phase_pitch * width) {
    int64_t low = 0, high = 0;
    if (!outside) inside(l.axis, first + phase, step, count, low, high);
    for (int64_t c = 0; c < channels.count; ++c) {
      char* line = to + c * channels.pitch * width;
      std::memset(line, 0, size_t(low * width));
      std::memset(line + high * width, 0, size_t((count - high) * width));
    }
    if (low < high)
      b_->access->transpose(to + low * width, channels.pitch, b_->base + (from + (first + phase + low * step) * l.axis.stride) * size, step * l.axis.stride,
                            channels.count, high - low);
  }
}

}  // namespace weft::cpu
