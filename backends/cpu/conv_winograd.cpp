// 3x3 convolution through Winograd's F(4x4, 3x3): a quarter of the multiplications. Bands of tiles are transformed, each of the 36
// points is a small matrix product over the channels, and each panel of results is transformed back while it is in L2.
//
// Chosen by shape alone. The error bound, relative to the largest sum of magnitudes of the products, is 2^-18 and tested; typical
// errors are about twice those of a plain sum. WEFT_WINOGRAD=0 turns it off.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <optional>

#include "contract.h"
#include "contract_epilogue.h"
#include "conv_planes.h"

namespace weft::cpu {

namespace {

constexpr int64_t points = 36, tile = 4;

bool allowed() {
  static const bool yes = [] {
    const char* text = std::getenv("WEFT_WINOGRAD");
    return !text || std::strcmp(text, "0") != 0;
  }();
  return yes;
}

// The three axes that matter, in a window that is one: rows, columns, channels.
bool suits(const ContractPlan& plan, const Window& w) {
  if (w.n_axes < 2 || w.axes != w.n_axes + 1 || plan.a.access->bounds > 0) return false;
  for (int a = w.n_axes - 2; a < w.n_axes; ++a) {
    const Axis& axis = w.axis[a];
    if (axis.k_dim < 0 || axis.k_size != 3 || axis.n_step != 1 || std::abs(axis.k_step) != 1 || axis.n_size < 2 * tile) return false;
  }
  for (int a = 0; a < w.n_axes - 2; ++a)
    if (w.axis[a].k_dim >= 0 || w.axis[a].n_step < 1) return false;
  return w.axis[w.n_axes].k_size >= 16 && plan.m >= 16;
}

class Winograd {
 public:
  Winograd(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Window& window)
      : plan_(plan),
        worker_(worker),
        rows_(window.axis[window.n_axes - 2]),
        columns_(window.axis[window.n_axes - 1]),
        channels_(window.axis[window.n_axes]),
        fns_(isa_table()->winograd()) {
    Arena& arena = *worker.arena;
    tiles_across_ = ceil_div(columns_.n_size, tile);
    tiles_down_ = ceil_div(rows_.n_size, tile);
    images_ = plan.n / (rows_.n_size * columns_.n_size);
    // The values of a band fill a third of L2.
    const int64_t most = caches().l2 / 3 / (points * channels_.k_size * int64_t(sizeof(float)));
    const int64_t down = std::clamp<int64_t>(most / tiles_across_, 1, tiles_down_);
    bands_ = ceil_div(tiles_down_, down);
    const int64_t wanted = 4 * worker.count;
    if (worker.count > 1 && plan.batch * images_ * bands_ < wanted) bands_ = std::min(tiles_down_, ceil_div(wanted, plan.batch * images_));
    band_down_ = ceil_div(tiles_down_, bands_);
    bands_ = ceil_div(tiles_down_, band_down_);
    const int64_t lanes = plan.micro.columns / 2;
    // The transforms write whole vectors.
    pitch_ = (ceil_div(band_down_ * tiles_across_, lanes) + 1) * lanes;
    // Not a multiple of 4096 bytes, or the 36 points would share a few lines of L1.
    point_pitch_ = channels_.k_size * pitch_ + lanes;
    result_pitch_ = ceil_div(tile * tiles_across_, lanes) * lanes;
    planes_.plan(plan, plan.b, window, tile * band_down_, tile * tiles_across_);
    image_ = arena.array<float>(planes_.elements());
    // The last strip may be read beyond its tiles.
    values_ = arena.array<float>(points * point_pitch_ + plan.micro.columns);
    sums_ = arena.array<float>(points * plan.micro.rows * pitch_ + plan.micro.columns);
    leading_ = tile * band_down_ * result_pitch_;
    results_ = arena.array<float>(plan.micro.rows * leading_);
    value_rows_ = arena.array<int64_t>(channels_.k_size);
    for (int64_t c = 0; c < channels_.k_size; ++c) value_rows_[c] = c * pitch_;
    filter_rows_ = arena.array<int64_t>(plan.m);
    point_ = arena.array<int64_t>(plan.rank + 1);
    std::memset(point_, 0, sizeof(int64_t) * size_t(plan.rank + 1));
    epilogue_.emplace(context, plan, arena, worker.count, plan.micro.rows, leading_);
  }

  int64_t shared_bytes() const { return plan_.batch * filter_size() * int64_t(sizeof(float)); }

  void run(float* filters) {
    const int64_t panels = ceil_div(plan_.m, plan_.micro.rows);
    int64_t first, end;
    worker_.share(plan_.batch * panels, first, end);
    for (int64_t i = first; i < end; ++i) {
      go_to(i / panels);
      transform_filters(i % panels * plan_.micro.rows, filters + i / panels * filter_size());
    }
    worker_.barrier();
    worker_.share(plan_.batch * images_ * bands_, first, end);
    for (int64_t i = first; i < end; ++i) {
      go_to(i / (images_ * bands_));
      run_band(i / bands_ % images_, i % bands_, filters + i / (images_ * bands_) * filter_size());
    }
  }

 private:
  int64_t filter_size() const { return points * plan_.m * channels_.k_size; }

  void go_to(int64_t batch) {
    for (int d = plan_.first_m - 1; d >= 0; --d) {
      point_[d] = batch % plan_.sizes[d];
      batch /= plan_.sizes[d];
    }
  }

  // Of one panel of rows of A: for each point, channels x rows.
  void transform_filters(int64_t first, float* filters) {
    const int64_t height = std::min<int64_t>(plan_.micro.rows, plan_.m - first), channels = channels_.k_size;
    const Operand& a = plan_.a;
    const float* base = reinterpret_cast<const float*>(a.base) + batch_offset(plan_, a, point_) + a.offset;
    affine_table(plan_.sizes, a.strides, plan_.first_m, plan_.first_n, first, height, 0, filter_rows_);
    float* to = filters + first * points * channels;
    for (int64_t i = 0; i < height; ++i)
      for (int64_t c = 0; c < channels; ++c) {
        const float* from = base + filter_rows_[i] + c * a.strides[channels_.k_dim];
        float taps[9];
        for (int64_t y = 0; y < 3; ++y)
          for (int64_t x = 0; x < 3; ++x) taps[3 * place(rows_, y) + place(columns_, x)] = from[y * a.strides[rows_.k_dim] + x * a.strides[columns_.k_dim]];
        fns_.filter(to + c * height + i, channels * height, taps);
      }
  }

  // Where tap or channel j lies in the image, from the lowest.
  static int64_t place(const Axis& axis, int64_t j) { return axis.k_step > 0 ? j : axis.k_size - 1 - j; }

  void run_band(int64_t image, int64_t band, const float* filters) {
    const int64_t channels = channels_.k_size, first_tile = band * band_down_, down = std::min(band_down_, tiles_down_ - first_tile);
    const Planes::Piece piece = {tile * first_tile, tile * down, 0, tile * tiles_across_, image};
    planes_.copy(piece, batch_offset(plan_, plan_.b, point_), reinterpret_cast<char*>(image_));
    const int64_t step = (channels_.k_step > 0 ? 1 : -1) * planes_.channel_pitch();
    for (int64_t t = 0; t < down; ++t)
      fns_.image(values_ + t * tiles_across_, point_pitch_, pitch_, image_ + place(channels_, 0) * planes_.channel_pitch() + tile * t * planes_.pitch(),
                 planes_.pitch(), step, channels, tiles_across_);
    const int64_t tiles = down * tiles_across_, height = plan_.micro.rows;
    const int64_t rows = std::min(tile * down, rows_.n_size - piece.first_row), across = columns_.n_size;
    for (int64_t first = 0; first < plan_.m; first += height) {
      const int64_t count = std::min(height, plan_.m - first);
      multiply(filters + first * points * channels, count, tiles);
      for (int64_t i = 0; i < count; ++i) {
        float* to = results_ + i * leading_;
        for (int64_t t = 0; t < down; ++t)
          fns_.result(to + tile * t * result_pitch_, result_pitch_, sums_ + i * pitch_ + t * tiles_across_, count * pitch_, tiles_across_);
        for (int64_t r = 1; r < rows && result_pitch_ != across; ++r) std::memmove(to + r * across, to + r * result_pitch_, size_t(across) * sizeof(float));
      }
      epilogue_->run(point_, first, count, (image * rows_.n_size + piece.first_row) * across, rows * across, reinterpret_cast<char*>(results_));
    }
  }

  void multiply(const float* filters, int64_t rows, int64_t tiles) {
    const int64_t channels = channels_.k_size, columns = plan_.micro.columns;
    for (int64_t p = 0; p < points; ++p)
      for (int64_t t = 0; t < tiles; t += columns) {
        const MicroFn f = tiles - t <= columns / 2 ? plan_.micro.half[rows] : plan_.micro.full[rows];
        f(channels, filters + p * rows * channels, values_ + p * point_pitch_ + t, value_rows_, sums_ + p * rows * pitch_ + t, pitch_, false);
      }
  }

  const ContractPlan& plan_;
  const Worker& worker_;
  const Axis &rows_, &columns_, &channels_;
  WinogradFns fns_;
  Planes planes_;
  std::optional<Epilogue> epilogue_;
  int64_t tiles_across_ = 0, tiles_down_ = 0, images_ = 0, bands_ = 0, band_down_ = 0;
  int64_t pitch_ = 0, point_pitch_ = 0;     // of a channel's tiles, of a point's channels
  int64_t leading_ = 0, result_pitch_ = 0;  // of a row of results, of the image in it
  int64_t *value_rows_ = nullptr, *filter_rows_ = nullptr, *point_ = nullptr;
  float *image_ = nullptr, *values_ = nullptr, *sums_ = nullptr, *results_ = nullptr;
};

}  // namespace

bool run_winograd(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Window& window) {
  if (!allowed() || context.program->contraction.type != WEFT_F32 || plan.a.access->dtype != WEFT_F32) return false;
  if (register_type(plan.b.access->dtype) != WEFT_F32 || !suits(plan, window)) return false;
  std::optional<Winograd> job;
  const bool ready = prepare_together(context, worker, [&] {
    job.emplace(context, worker, plan, window);
    return job->shared_bytes();
  });
  if (ready) job->run(static_cast<float*>(context.shared->load()));
  return true;
}

}  // namespace weft::cpu
