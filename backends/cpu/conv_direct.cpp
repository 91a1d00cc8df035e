// Convolution whose columns are places of an image: forward, and the gradient to the input. Each worker takes bands of images, copies
// a band into padded planes that stay in L2, and multiplies without packing B: row k of B is a plane seen from tap k.
#include <algorithm>
#include <cstring>
#include <optional>

#include "contract.h"
#include "contract_epilogue.h"
#include "contract_panels.h"
#include "conv_planes.h"

namespace weft::cpu {

namespace {

constexpr int64_t most_depth = 640;  // taps of one block of k: neighbouring taps share cache lines, so more than a packed strip has

// How the column space is cut: bands of `rows` x `columns` of the last two axes.
struct Bands {
  int64_t image_rows = 1, image_columns = 1, images = 1;  // of the whole column space
  int64_t rows = 1, columns = 1;                          // of one band, at most
  int64_t down = 1, across = 1;                           // bands of one image

  Bands(const ContractPlan& plan, const Window& w, int workers) {
    image_columns = w.axis[w.n_axes - 1].n_size;
    if (w.n_axes > 1) image_rows = w.axis[w.n_axes - 2].n_size;
    images = plan.n / std::max<int64_t>(image_rows * image_columns, 1);
    // Planes and sums of a band share half of L2.
    int64_t places = 1;  // of B per column
    for (int a = 0; a < w.axes; ++a)
      if (a < w.n_axes - 2 || a >= w.n_axes) places *= w.axis[a].k_size;
    for (int a = std::max(w.n_axes - 2, 0); a < w.n_axes; ++a) places *= std::min(std::max<int64_t>(w.axis[a].n_step, 1), w.axis[a].k_size);
    const int64_t most = std::max(caches().l2 / 2 / plan.width / (places + plan.m), 2 * int64_t(plan.micro.columns));
    const int64_t strips = most / plan.micro.columns * plan.micro.columns;
    across = ceil_div(image_columns, strips);
    down = across > 1 ? image_rows : ceil_div(image_rows, std::max<int64_t>(most / image_columns, 1));
    // Enough bands to share among workers evenly.
    const int64_t wanted = 4 * workers;
    if (workers > 1 && plan.batch * images * down * across < wanted) down = std::min(image_rows, ceil_div(wanted, plan.batch * images * across));
    rows = ceil_div(image_rows, down);
    down = ceil_div(image_rows, rows);
    columns = ceil_div(ceil_div(image_columns, across), plan.micro.columns) * plan.micro.columns;
    if (across == 1) columns = image_columns;
    across = ceil_div(image_columns, columns);
  }
};

class DirectConv {
 public:
  DirectConv(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Planes& planes, const Bands& bands)
      : plan_(plan), planes_(planes), bands_(bands), worker_(worker), panels_(plan, Panels::a_side, *worker.arena, plan.m, depth()) {
    Arena& arena = *worker.arena;
    leading_ = ceil_div(band_columns(bands.rows, bands.columns), plan.micro.columns) * plan.micro.columns;
    taps_ = arena.array<int64_t>(plan.k);
    planes_.tap_table(plan.first_k, plan.rank, taps_);
    image_ = arena.array<char>(planes.elements() * plan.width);
    sums_ = arena.array<char>(plan.m * leading_ * plan.width);
    point_ = arena.array<int64_t>(plan.rank + 1);
    std::memset(point_, 0, sizeof(int64_t) * size_t(plan.rank + 1));
    if (!shares_panels()) packed_ = arena.array<char>(panel_bytes());
    epilogue_.emplace(context, plan, arena, worker.count, plan.m, leading_);
  }

  int64_t shared_bytes() const { return shares_panels() ? panel_bytes() : 0; }

  void run(char* shared) {
    if (shares_panels()) {
      packed_ = shared;
      const int64_t blocks = ceil_div(plan_.k, depth());
      int64_t first, end;
      worker_.share(blocks, first, end);
      for (int64_t i = first; i < end; ++i) pack_block(i * depth());
      worker_.barrier();
      packed_batch_ = 0;
    }
    const int64_t per_matrix = bands_.images * bands_.down * bands_.across;
    int64_t first, end;
    worker_.share(plan_.batch * per_matrix, first, end);
    for (int64_t i = first; i < end; ++i) {
      go_to(i / per_matrix);
      run_band(i % per_matrix);
    }
  }

 private:
  // Of several matrices each worker packs those it comes by.
  bool shares_panels() const { return plan_.batch == 1; }
  int64_t depth() const { return std::max<int64_t>(ceil_div(plan_.k, ceil_div(plan_.k, most_depth)), 1); }
  int64_t panel_bytes() const { return plan_.m * plan_.k * plan_.width; }
  int64_t band_columns(int64_t rows, int64_t columns) const { return (rows - 1) * planes_.pitch() + columns; }

  void pack_block(int64_t k) { panels_.pack(point_, 0, plan_.m, k, std::min(depth(), plan_.k - k), packed_ + k * plan_.m * plan_.width); }

  void go_to(int64_t batch) {
    if (batch == packed_batch_) return;
    packed_batch_ = batch;
    for (int d = plan_.first_m - 1; d >= 0; --d) {
      point_[d] = batch % plan_.sizes[d];
      batch /= plan_.sizes[d];
    }
    for (int64_t k = 0; k < plan_.k; k += depth()) pack_block(k);
  }

  void run_band(int64_t index) {
    Planes::Piece piece;
    piece.first_column = index % bands_.across * bands_.columns;
    index /= bands_.across;
    piece.first_row = index % bands_.down * bands_.rows;
    piece.flat = index / bands_.down;
    piece.rows = std::min(bands_.rows, bands_.image_rows - piece.first_row);
    piece.columns = std::min(bands_.columns, bands_.image_columns - piece.first_column);
    planes_.copy(piece, batch_offset(plan_, plan_.b, point_), image_);
    const int64_t width = plan_.width, columns = band_columns(piece.rows, piece.columns);
    for (int64_t k = 0; k < plan_.k; k += depth())
      multiply_panels(plan_, packed_ + k * plan_.m * width, plan_.m, std::min(depth(), plan_.k - k), image_, taps_ + k, columns, sums_, leading_, k > 0);
    // The columns between the rows of the image are of no use.
    if (planes_.pitch() != piece.columns)
      for (int64_t i = 0; i < plan_.m; ++i)
        for (int64_t r = 1; r < piece.rows; ++r)
          std::memmove(sums_ + (i * leading_ + r * piece.columns) * width, sums_ + (i * leading_ + r * planes_.pitch()) * width, size_t(piece.columns * width));
    const int64_t flat = (piece.flat * bands_.image_rows + piece.first_row) * bands_.image_columns + piece.first_column;
    epilogue_->run(point_, 0, plan_.m, flat, piece.rows * piece.columns, sums_);
  }

  const ContractPlan& plan_;
  const Planes& planes_;
  const Bands& bands_;
  const Worker& worker_;
  Panels panels_;
  std::optional<Epilogue> epilogue_;
  int64_t leading_ = 0, packed_batch_ = -1;
  int64_t *taps_ = nullptr, *point_ = nullptr;
  char *image_ = nullptr, *packed_ = nullptr, *sums_ = nullptr;
};

}  // namespace

bool run_direct_conv(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Window& window) {
  const Access& access = *plan.b.access;
  if (register_type(access.dtype) != context.program->contraction.type || plan.k == 0) return false;
  const Bands bands(plan, window, worker.count);
  Planes planes;
  if (!planes.plan(plan, plan.b, window, bands.rows, bands.columns)) return false;
  // Too little of the planes' rows would be columns.
  if (bands.columns < 4 || 4 * planes.pitch() > 6 * bands.columns) return false;
  std::optional<DirectConv> conv;
  const bool ready = prepare_together(context, worker, [&] {
    conv.emplace(context, worker, plan, planes, bands);
    return conv->shared_bytes();
  });
  if (ready) conv->run(static_cast<char*>(context.shared->load()));
  return true;
}

}  // namespace weft::cpu
