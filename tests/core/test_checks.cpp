// Late errors: a bad index is reported once, and updates no state.
#include "runtime/state.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {
NodeRef index_of(std::vector<int64_t> values) { return tensor(values, {int64_t(values.size())}); }
}  // namespace

TEST(checks_name_the_operation) {
  NodeRef x = tensor(Dice(1).many(20), {5, 4});
  for (int64_t bad : {int64_t(5), int64_t(-6), int64_t(1) << 40, INT64_MIN}) {
    CHECK_RAISES(read<float>(ops::gather(x, {index_of({0, bad})}, 0)), index, "gather");
    CHECK_RAISES(read<float>(ops::scatter(x, {index_of({0, bad})}, ops::full({2, 4}, Scalar::of(1.0), DType::f32, default_device()), ops::Scatter::sum)), index,
                 "scatter");
  }
  // Reported once; what follows is sound.
  CHECK_EQ(read<float>(ops::gather(x, {index_of({-5, 4})}, 0)).size(), 8u);
}

TEST(checks_guard_updates_in_the_same_plan) {
  std::vector<float> host = Dice(2).many(256), other = Dice(3).many(256);
  NodeRef p = tensor(host, {256}), m = tensor(other, {256}), x = tensor(Dice(4).many(256), {256});
  NodeRef g = ops::gather(x, {index_of(std::vector<int64_t>(256, 300))}, 0);
  NodeRef next_m = ops::add(ops::mul(m, number(0.9)), g), next_p = ops::sub(p, ops::mul(next_m, number(0.1)));
  NodeRef count = ops::add(tensor(std::vector<float>{7}, {}), number(1));  // depends on no index
  remember_update(p, next_p), remember_update(m, next_m);
  p = m = g = nullptr;
  CHECK_RAISES(evaluate({next_p, next_m, count}); synchronize(device()), index, "gather");
  CHECK_EQ(read<float>(next_p), host);
  CHECK_EQ(read<float>(next_m), other);
  CHECK_EQ(read<float>(count)[0], 8.0f);
}

// The failing plan was dispatched before, and nobody has looked: the next plan with updates must not run on what it left.
TEST(checks_guard_updates_of_a_later_plan) {
  std::vector<float> host = Dice(5).many(256);
  NodeRef p = tensor(host, {256}), x = tensor(Dice(6).many(256), {256});
  NodeRef g = ops::gather(x, {index_of(std::vector<int64_t>(256, 300))}, 0);
  bool early = false;
  try {
    evaluate({g});
  } catch (const Error& e) {
    early = e.kind == Error::index;
  }
  NodeRef next = ops::sub(p, g);
  remember_update(p, next);
  p = nullptr;
  if (early) return;
  CHECK_RAISES(evaluate({next}); synchronize(device()), index, "gather");
  CHECK_EQ(read<float>(next), host);
}

TEST(checks_are_not_lost_by_fusion) {
  NodeRef x = tensor(Dice(7).many(100), {100});
  for (bool fuse : {true, false}) {
    set_fuse(fuse);
    NodeRef y = ops::mul(ops::gather(ops::exp(x), {index_of({1, 2, 100})}, 0), number(2));
    CHECK_RAISES(read<float>(ops::sum(y, {0})), index, "gather");
  }
  set_fuse(true);
}

TEST(checks_skip_out_of_bounds_writes) {
  // After the error is taken, the base is as it was.
  std::vector<float> host = Dice(8).many(64);
  NodeRef base = tensor(host, {64});
  NodeRef bad = ops::scatter(base, {index_of({1, 64, 2})}, ops::full({3}, Scalar::of(9.0), DType::f32, default_device()), ops::Scatter::set);
  CHECK_RAISES(read<float>(bad), index, "scatter");
  CHECK_EQ(read<float>(base), host);
}
