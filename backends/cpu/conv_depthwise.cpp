// Convolutions that keep channels apart: one filter for each, so there is no matrix to multiply. Workers take whole channels; a
// channel's image is copied into a padded plane, and its taps are added up from there.
#include <algorithm>
#include <cstring>
#include <optional>

#include "contract.h"
#include "contract_epilogue.h"
#include "conv_planes.h"

namespace weft::cpu {

namespace {

constexpr int64_t most_taps = 64, fewest_channels = 8, most_places = 64 * 1024;

// The same image with the places of k in the role of n: how the gradient to the filter reads it.
bool swapped(const ContractPlan& plan, const Window& from, Window& to) {
  to.axes = 0;
  to.origin = from.origin;
  for (int d = plan.first_k; d < plan.rank; ++d)
    for (int a = 0; a < from.axes; ++a)
      if (from.axis[a].k_dim == d) to.axis[to.axes++] = from.axis[a];
  to.n_axes = to.axes;
  for (int a = 0; a < to.axes; ++a) {
    Axis& axis = to.axis[a];
    std::swap(axis.n_dim, axis.k_dim);
    std::swap(axis.n_size, axis.k_size);
    std::swap(axis.n_step, axis.k_step);
  }
  for (int a = 0; a < from.axes; ++a)
    if (from.axis[a].k_dim < 0 && from.axis[a].n_size > 1) return false;
  return to.n_axes > 0;
}

class Depthwise {
 public:
  // `window` has the image's places as its n, `to_filter` says whether they are summed over.
  Depthwise(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Window& window, bool to_filter)
      : plan_(plan), worker_(worker), to_filter_(to_filter), fns_(isa_table()->depthwise()) {
    Arena& arena = *worker.arena;
    shape_.columns = window.axis[window.n_axes - 1].n_size;
    shape_.rows = window.n_axes > 1 ? window.axis[window.n_axes - 2].n_size : 1;
    places_ = shape_.rows * shape_.columns;
    images_ = (to_filter ? plan.k : plan.n) / places_;
    usable_ = planes_.plan(plan, plan.b, window, shape_.rows, shape_.columns);
    if (!usable_) return;
    shape_.pitch = planes_.pitch();
    shape_.taps = to_filter ? plan.n : plan.k;
    int64_t* taps = arena.array<int64_t>(shape_.taps);
    planes_.tap_table(to_filter ? plan.first_n : plan.first_k, to_filter ? plan.first_k : plan.rank, taps);
    shape_.tap = taps;
    plane_ = arena.array<float>(planes_.elements());
    dense_ = arena.array<float>(places_ + fns_.lanes);
    sums_ = arena.array<float>(shape_.taps * fns_.lanes);
    offsets_ = arena.array<int64_t>(std::max(shape_.taps, places_));
    point_ = arena.array<int64_t>(plan.rank + 1);
    std::memset(point_, 0, sizeof(int64_t) * size_t(plan.rank + 1));
    epilogue_.emplace(context, plan, arena, worker.count, 1, to_filter ? plan.n : places_);
  }

  bool usable() const { return usable_; }

  void run() {
    int64_t first, end;
    worker_.share(plan_.batch, first, end);
    for (int64_t batch = first; batch < end; ++batch) {
      int64_t rest = batch;
      for (int d = plan_.first_m - 1; d >= 0; --d) {
        point_[d] = rest % plan_.sizes[d];
        rest /= plan_.sizes[d];
      }
      if (to_filter_) run_to_filter();
      else run_to_image();
    }
  }

 private:
  void copy_plane(int64_t image) {
    planes_.copy({0, shape_.rows, 0, shape_.columns, image}, batch_offset(plan_, plan_.b, point_), reinterpret_cast<char*>(plane_));
  }

  // A from k `first` on, dense.
  void load_a(int64_t first, int64_t count, float* to) {
    const Operand& a = plan_.a;
    affine_table(plan_.sizes, a.strides, plan_.first_k, plan_.rank, first, count, a.offset + batch_offset(plan_, a, point_), offsets_);
    if (offsets_[count - 1] - offsets_[0] == count - 1 && count > 1 && offsets_[1] - offsets_[0] == 1)
      a.access->load(to, a.base + offsets_[0] * a.access->size, 1, count);
    else a.access->gather(to, a.base, offsets_, count);
  }

  void run_to_image() {
    load_a(0, shape_.taps, sums_);
    for (int64_t image = 0; image < images_; ++image) {
      copy_plane(image);
      fns_.image(dense_, plane_, shape_, sums_);
      epilogue_->run(point_, 0, 1, image * places_, places_, reinterpret_cast<char*>(dense_));
    }
  }

  void run_to_filter() {
    std::memset(sums_, 0, size_t(shape_.taps * fns_.lanes) * sizeof(float));
    for (int64_t image = 0; image < images_; ++image) {
      copy_plane(image);
      load_a(image * places_, places_, dense_);
      fns_.filter(sums_, plane_, shape_, dense_);
    }
    for (int64_t k = 0; k < shape_.taps; ++k) {
      float* lanes = sums_ + k * fns_.lanes;
      for (int64_t half = fns_.lanes / 2; half > 0; half /= 2)
        for (int64_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
      sums_[k] = lanes[0];
    }
    epilogue_->run(point_, 0, 1, 0, plan_.n, reinterpret_cast<char*>(sums_));
  }

  const ContractPlan& plan_;
  const Worker& worker_;
  bool to_filter_, usable_ = false;
  DepthwiseFns fns_;
  DepthwiseShape shape_;
  Planes planes_;
  std::optional<Epilogue> epilogue_;
  int64_t places_ = 0, images_ = 0;
  int64_t *offsets_ = nullptr, *point_ = nullptr;
  float *plane_ = nullptr, *dense_ = nullptr, *sums_ = nullptr;  // dense: of one image, the sums or what they are made of
};

}  // namespace

bool run_depthwise(const LaunchContext& context, const Worker& worker, const ContractPlan& plan, const Window& window) {
  const Access &a = *plan.a.access, &b = *plan.b.access;
  if (plan.m != 1 || plan.batch < fewest_channels || context.program->contraction.type != WEFT_F32 || a.bounds > 0) return false;
  if (register_type(a.dtype) != WEFT_F32 || register_type(b.dtype) != WEFT_F32) return false;
  const bool to_filter = plan.n <= most_taps && plan.k > plan.n;
  if (!to_filter && (plan.k > most_taps || plan.k == 0)) return false;
  Window places = window;
  if (to_filter && !swapped(plan, window, places)) return false;
  int64_t size = places.axis[places.n_axes - 1].n_size;
  if (places.n_axes > 1) size *= places.axis[places.n_axes - 2].n_size;
  if (size > most_places) return false;
  std::optional<Depthwise> job;
  const bool ready = prepare_together(context, worker, [&] {
    job.emplace(context, worker, plan, places, to_filter);
    return 0;
  });
  if (ready && job->usable()) job->run();
  return !ready || job->usable();
}

}  // namespace weft::cpu
