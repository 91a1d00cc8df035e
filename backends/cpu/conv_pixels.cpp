#include "conv_pixels.h"

#include <algorithm>
#include <cstring>

namespace weft::cpu {

bool Pixels::plan(const ContractPlan& plan, const Operand& b, const Window& window, int64_t depth) {
  plan_ = &plan;
  b_ = &b;
  origin_ = window.origin;
  Axis* paired[2] = {&across_, &down_};
  int pairs = 0, channels = 0, last_k = -1;
  for (int a = window.axes - 1; a >= 0; --a) {
    const Axis& axis = window.axis[a];
    if (axis.n_step < 1 || axis.k_step < 1) return false;
    if (axis.n_dim >= 0 && axis.k_dim >= 0) {
      if (pairs == 2) return false;
      *paired[pairs++] = axis;
    } else if (axis.n_dim >= 0) {
      if (channels++ > 0 || axis.base != 0 || axis.limit < axis.n_size) return false;
      channel_ = axis;
    }
  }
  // In k the places come last, after images.
  for (int a = window.n_axes; a < window.axes; ++a) {
    if (window.axis[a].base != 0 || window.axis[a].limit < window.axis[a].k_size) return false;
    image_[images_++] = window.axis[a];
    last_k = window.axis[a].k_dim;
  }
  if (pairs == 0) return false;
  if (pairs == 2 && down_.k_dim > across_.k_dim) return false;
  if (last_k > (pairs == 2 ? down_ : across_).k_dim) return false;
  row_size_ = across_.k_size;
  rows_ = down_.k_size;
  const bool side_by_side = across_.n_step == 1;
  group_columns_ = channel_.n_size * (side_by_side ? across_.n_size : 1);
  groups_ = plan.n / group_columns_;
  most_rows_ = std::clamp<int64_t>(depth / row_size_, 1, rows_);
  line_places_ = Axis::reach(across_.k_step, across_.k_size) + Axis::reach(across_.n_step, across_.n_size) + 1;
  pitch_ = line_places_ * channel_.n_size;
  lines_ = Axis::reach(down_.k_step, most_rows_) + Axis::reach(down_.n_step, down_.n_size) + 1;
  size_ = lines_ * pitch_ + 2 * plan.micro.columns;
  return true;
}

void Pixels::group_table(int64_t* offsets) const {
  const int64_t across = groups_ / down_.n_size;  // 1 where taps lie side by side
  for (int64_t g = 0; g < groups_; ++g) offsets[g] = g / across * down_.n_step * pitch_ + g % across * across_.n_step * channel_.n_size;
}

void Pixels::column_table(int64_t pitch, int64_t* columns) const {
  const int64_t across = groups_ / down_.n_size;
  int64_t coords[max_axes] = {};
  const auto at = [&](const Axis& a) { return a.n_dim >= 0 ? coords[a.n_dim - plan_->first_n] : 0; };
  for (int64_t n = 0; n < plan_->n; ++n) {
    const int64_t group = at(down_) * across + (across > 1 ? at(across_) : 0);
    columns[n] = group * pitch + (across > 1 ? 0 : at(across_) * channel_.n_size) + at(channel_);
    for (int d = plan_->first_k - 1; d >= plan_->first_n && ++coords[d - plan_->first_n] == plan_->sizes[d]; --d) coords[d - plan_->first_n] = 0;
  }
}

int64_t Pixels::piece(int64_t first, int64_t end) const {
  const int64_t start = first / row_size_, row = start % rows_;
  return std::min(end, (start - row + std::min(row + most_rows_, rows_)) * row_size_) - first;
}

void Pixels::copy(int64_t first, int64_t count, int64_t offset, char* pixels, int64_t* rows) const {
  const int64_t start = first / row_size_, end = (first + count - 1) / row_size_ + 1, top = start % rows_;
  int64_t flat = start / rows_, from = origin_ + offset;
  for (int i = images_ - 1; i >= 0; --i) {
    from += flat % image_[i].k_size * image_[i].k_step * image_[i].stride;
    flat /= image_[i].k_size;
  }
  const int64_t position = down_.base + down_.k_step * top;
  const int64_t lines = Axis::reach(down_.k_step, end - start) + Axis::reach(down_.n_step, down_.n_size) + 1;
  for (int64_t i = 0; i < lines; ++i) {
    const int64_t y = position + i;
    copy_line(from + y * down_.stride, pixels + i * pitch_ * plan_->width, y < 0 || y >= down_.limit);
  }
  for (int64_t k = 0; k < count; ++k) {
    const int64_t r = (first + k) / row_size_ - start, column = (first + k) % row_size_;
    rows[k] = r * down_.k_step * pitch_ + column * across_.k_step * channel_.n_size;
  }
}

void Pixels::copy_line(int64_t from, char* to, bool outside) const {
  const int64_t channels = channel_.n_size, pixel = channels * plan_->width, size = b_->access->size;
  int64_t low = 0, high = 0;
  if (!outside) inside(across_, across_.base, 1, line_places_, low, high);
  std::memset(to, 0, size_t(low * pixel));
  std::memset(to + high * pixel, 0, size_t((line_places_ - high) * pixel));
  const int64_t channel = channel_.n_step * channel_.stride;
  const char* source = b_->base + (from + (across_.base + low) * across_.stride) * size;
  to += low * pixel;
  if (channel != 1 && across_.stride == 1) b_->access->transpose(to, channels, source, channel, high - low, channels);
  else
    for (int64_t i = low; i < high; ++i, to += pixel, source += across_.stride * size) b_->access->load(to, source, channel, channels);
}

}  // namespace weft::cpu
