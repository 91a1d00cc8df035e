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
    if (l.phases > most_phases) return false;
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
  const int rows = n_axes_ - 2, columns = n_axes_ - 1;
  Span span[max_axes + 1];
  int64_t flat = piece.flat;
  for (int a = axes_ - 1; a >= 0; --a) {
    const Layout& l = layout_[a];
    int64_t start = 0, covered = 1;
    if (a == columns) start = piece.first_column, covered = piece.columns;
    else if (a == rows) start = piece.first_row, covered = piece.rows;
    else if (a < n_axes_) start = flat % l.axis.n_size, flat /= l.axis.n_size;
    span[a].first = l.first + l.axis.n_step * start;
    span[a].count = covered + Axis::reach(l.axis.k_step, l.axis.k_size) / l.axis.n_step;
    for (int64_t phase = 0; phase < l.phases; ++phase)
      inside(l.axis, span[a].first + phase, l.axis.n_step, span[a].count, span[a].low[phase], span[a].high[phase]);
  }
  copy_axis(0, span, origin_ + offset, planes, false);
}

// Walks every axis but rows, columns and the one copied together with them.
void Planes::copy_axis(int a, const Span* span, int64_t from, char* to, bool outside) const {
  if (a == axes_) return copy_plane(span, from, to, outside);
  if (a == n_axes_ - 1 || a == n_axes_ - 2 || a == pixel_axis_) return copy_axis(a + 1, span, from, to, outside);
  const Layout& l = layout_[a];
  for (int64_t phase = 0; phase < l.phases; ++phase)
    for (int64_t i = 0; i < span[a].count; ++i) {
      const int64_t position = span[a].first + phase + i * l.axis.n_step;
      const bool out = outside || i < span[a].low[phase] || i >= span[a].high[phase];
      copy_axis(a + 1, span, from + position * l.axis.stride, to + (phase * l.phase_pitch + i * l.pitch) * plan_->width, out);
    }
}

void Planes::copy_plane(const Span* span, int64_t from, char* to, bool outside) const {
  const Layout &rows = row(), &columns = column();
  const Span &down = span[n_axes_ - 2], &across = span[n_axes_ - 1];
  const int64_t width = plan_->width, size = b_->access->size, step = columns.axis.n_step * columns.axis.stride;
  const int64_t channels = pixel_axis_ < 0 ? 1 : layout_[pixel_axis_].count, channel_pitch = pixel_axis_ < 0 ? 0 : layout_[pixel_axis_].pitch;
  if (pixel_axis_ >= 0) from += layout_[pixel_axis_].first;
  for (int64_t phase = 0; phase < rows.phases; ++phase)
    for (int64_t i = 0; i < down.count; ++i) {
      const bool out = outside || i < down.low[phase] || i >= down.high[phase];
      const int64_t line = from + (down.first + phase + i * rows.axis.n_step) * rows.axis.stride;
      for (int64_t p = 0; p < columns.phases; ++p) {
        const int64_t low = out ? 0 : across.low[p], high = out ? 0 : across.high[p];
        char* dst = to + (phase * rows.phase_pitch + i * rows.pitch + p * columns.phase_pitch) * width;
        for (int64_t c = 0; c < channels; ++c) {
          clear(dst + c * channel_pitch * width, low);
          clear(dst + (c * channel_pitch + high) * width, across.count - high);
        }
        if (low == high) continue;
        const char* source = b_->base + (line + (across.first + p) * columns.axis.stride + low * step) * size;
        if (pixel_axis_ >= 0) {
          b_->access->transpose(dst + low * width, channel_pitch, source, step, channels, high - low);
        } else {
          for (int64_t at = 0; at < (high - low) * size && ahead_; at += 64) __builtin_prefetch(source + ahead_ + at);
          b_->access->load(dst + low * width, source, step, high - low);
        }
      }
    }
}

// Mostly one or two places at the edge of an image.
void Planes::clear(char* to, int64_t places) const {
  if (plan_->width != 4 || places > 16) std::memset(to, 0, size_t(places * plan_->width));
  else
    for (int64_t i = 0; i < places; ++i) std::memset(to + 4 * i, 0, 4);
}

}  // namespace weft::cpu
