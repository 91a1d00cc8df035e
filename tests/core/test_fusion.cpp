// What becomes one kernel, and that fusing changes no bit.
#include <cmath>

#include "autodiff/backward.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {

NodeRef softmax(const NodeRef& x) {
  NodeRef e = ops::exp(ops::sub(x, ops::max(x, {1}, true)));
  return ops::div(e, ops::sum(e, {1}, true));
}

size_t launches(const std::vector<NodeRef>& roots) {
  std::string plan = plan_text(roots);
  size_t n = 0;
  for (size_t at = plan.find("\n  launch "); at != std::string::npos; at = plan.find("\n  launch ", at + 1)) ++n;
  return n;
}

bool roomy() { return device()->backend->capabilities.max_args >= 8; }

}  // namespace

TEST(fusion_chain_is_one_kernel) {
  NodeRef x = tensor(Dice(1).many(1000), {1000});
  NodeRef y = ops::exp(ops::add(ops::mul(x, number(2)), number(1)));
  CHECK_EQ(launches({y}), 1u);
  CHECK_EQ(launches({ops::sum(y, {0})}), 1u);
}

TEST(fusion_views_cost_no_kernel) {
  NodeRef x = tensor(Dice(2).many(24), {4, 6});
  NodeRef y = ops::flip(ops::permute(ops::reshape(x, {2, 2, 6}), {2, 0, 1}), {0});
  CHECK_EQ(launches({ops::add(y, number(1))}), 1u);
  CHECK_EQ(launches({ops::concat({x, ops::neg(x), ops::abs(x)}, 1)}), 1u);
}

TEST(fusion_softmax_and_norms) {
  if (!roomy()) return;
  NodeRef x = tensor(Dice(3).many(40 * 24), {40, 24});
  CHECK_EQ(launches({softmax(x)}), 1u);
  NodeRef leaf = requires_grad_leaf(x), y = softmax(leaf);
  NodeRef g = tensor(Dice(4).many(40 * 24), {40, 24});
  evaluate({y});
  CHECK_EQ(launches({gradients({y}, {g}, {leaf}, false)[0]}), 1u);
  NodeRef mean = ops::mean(x, {1}, true), d = ops::sub(x, mean);
  NodeRef norm = ops::mul(d, ops::rsqrt(ops::add(ops::mean(ops::square(d), {1}, true), number(1e-5))));
  CHECK_EQ(launches({norm}), 1u);
  NodeRef lse = ops::add(ops::log(ops::sum(ops::exp(ops::sub(x, ops::max(x, {1}, true))), {1}, true)), ops::max(x, {1}, true));
  CHECK_EQ(launches({lse}), 1u);
}

TEST(fusion_siblings_share_a_kernel) {
  if (!roomy()) return;
  NodeRef x = tensor(Dice(5).many(60 * 32), {60, 32});
  CHECK_EQ(launches({ops::sum(x, {1}), ops::max(x, {1}), ops::min(x, {1})}), 1u);
  CHECK_EQ(launches({ops::exp(x), ops::neg(x)}), 1u);
}

TEST(fusion_long_reductions_are_two_kernels) {
  NodeRef x = tensor(std::vector<float>(40000, 0.25f), {40000});
  CHECK_EQ(launches({ops::sum(x, {0})}), 2u);
  CHECK_EQ(read<float>(ops::sum(x, {0}))[0], 10000.0f);
}

TEST(fusion_epilogues_join_the_product) {
  NodeRef a = tensor(Dice(6).many(12 * 20), {12, 20}), b = tensor(Dice(7).many(20 * 9), {20, 9}), bias = tensor(Dice(8).many(9), {9});
  NodeRef y = ops::matmul(a, b);
  y = ops::add(y, bias);
  y = ops::relu(y);
  CHECK_EQ(launches({y}), 1u);
}

TEST(fusion_texts_do_not_hold_sizes_or_scalars) {
  auto kernels = [](int n, double s) {
    NodeRef x = tensor(std::vector<float>(size_t(n) * 8, 1.0f), {n, 8});
    std::string plan = plan_text({ops::mul(softmax(ops::add(x, number(s))), number(s))}), out;
    for (size_t at = plan.find("kernel 1"); at != std::string::npos; at = plan.find("kernel 1", at + 1)) {
      size_t end = plan.find("  launch", at);
      out += plan.substr(at, end == std::string::npos ? end : end - at);
    }
    return out;
  };
  CHECK(!kernels(5, 2).empty());
  CHECK_EQ(kernels(5, 2.5), kernels(117, -3.75));
}

TEST(fusion_plans_are_found_again) {
  NodeRef x = tensor(Dice(9).many(64), {64});
  auto step = [&](double s) { return read<float>(ops::sum(ops::mul(ops::exp(x), number(s)), {0})); };
  step(1);
  RuntimeStats before = runtime_stats();
  float one = step(1)[0], two = step(2)[0];
  RuntimeStats after = runtime_stats();
  CHECK_EQ(after.plan_misses, before.plan_misses);
  CHECK(after.plan_hits >= before.plan_hits + 2);
  CHECK(std::abs(two - 2 * one) <= 1e-5f * std::abs(two));
}

// A random graph, computed in three ways: fused, one kernel for each operation, and each operation on its own as soon as it is made.
namespace {

struct RandomGraph {
  Dice dice;
  bool eager;
  std::vector<NodeRef> made;

  RandomGraph(uint64_t seed, bool e) : dice(seed), eager(e) {}

  NodeRef pick() { return made[size_t(dice.below(int(made.size())))]; }
  NodeRef pick(const Dims& shape) {  // one of this shape, or a leaf of it
    std::vector<NodeRef> fit;
    for (const NodeRef& n : made)
      if (n->shape == shape) fit.push_back(n);
    if (fit.empty() || dice.below(4) == 0) return tensor(dice.many(size_t(product(shape))), shape);
    return fit[size_t(dice.below(int(fit.size())))];
  }

  NodeRef step() {
    NodeRef x = pick();
    int rank = x->rank(), axis = rank ? dice.below(rank) : 0;
    switch (dice.below(rank ? 18 : 6)) {
      case 0: return ops::add(x, pick(x->shape));
      case 1: return ops::mul(x, pick(x->shape));
      case 2: return ops::tanh(x);
      case 3: return ops::where(ops::less(x, number(0.25)), x, pick(x->shape));
      case 4: return ops::sub(number(dice.between(-1, 1)), x);
      case 5: return ops::maximum(ops::abs(x), pick(x->shape));
      case 6: return ops::sum(x, {axis}, dice.below(2));
      case 7: return x->shape[axis] ? ops::max(x, {axis}, true) : x;
      case 8: return ops::mul(x, ops::mean(x, {axis}, true));
      case 9: {
        Dims axes;
        for (int d = 0; d < rank; ++d) axes.insert(size_t(dice.below(d + 1)), d);
        return ops::permute(x, axes);
      }
      case 10: return ops::flip(x, {axis});
      case 11: return ops::reshape(x, {-1});
      case 12: {
        Dims none(rank, 0), lo = none, hi = none;
        lo[axis] = dice.below(3), hi[axis] = dice.below(2);
        return ops::pad(x, lo, hi, none, Scalar::of(0.5));
      }
      case 13: {
        Dims start(rank, 0), size = x->shape, step(rank, 1);
        start[axis] = x->shape[axis] / 3, size[axis] = x->shape[axis] - start[axis];
        return ops::slice(x, start, size, step);
      }
      case 14: return ops::concat({x, pick(x->shape)}, axis);
      case 15: {
        if (rank != 2 || x->numel() > 400) return ops::exp(ops::minimum(x, number(2)));
        return ops::matmul(x, ops::permute(pick(x->shape), {1, 0}));
      }
      case 16: {
        std::vector<int64_t> index(5);
        for (int64_t& i : index) i = dice.below(int(x->shape[axis])) - (dice.below(2) ? x->shape[axis] : 0);
        return ops::gather(x, {tensor(index, {5})}, axis);
      }
      default: return ops::scan(x, axis, ops::Scan::sum, dice.below(2));
    }
  }

  std::vector<NodeRef> run(int steps) {
    for (Dims shape : {Dims{6, 4}, Dims{24}, Dims{2, 3, 4}}) made.push_back(tensor(dice.many(24), shape));
    for (int i = 0; i < steps; ++i) {
      NodeRef n = step();
      if (n->numel() > 2000 || n->numel() == 0) continue;
      if (eager) evaluate({n});
      made.push_back(n);
    }
    return made;
  }
};

std::vector<std::vector<char>> values_of(uint64_t seed, bool fuse, bool eager) {
  set_fuse(fuse);
  RandomGraph graph(seed, eager);
  std::vector<NodeRef> all = graph.run(24);
  // Some are asked for together, the others one at a time: what is stored differs.
  std::vector<NodeRef> together(all.begin() + long(all.size()) * 2 / 3, all.end());
  if (!eager) evaluate(together);
  std::vector<std::vector<char>> out;
  for (size_t i = all.size(); i-- > 0;) out.push_back(bytes_of(all[i]));
  set_fuse(true);
  return out;
}

}  // namespace

TEST(fusion_changes_no_bit) {
  int rounds = 500;
  if (const char* v = std::getenv("WEFT_TEST_ROUNDS")) rounds = std::atoi(v);
  for (int seed = 1; seed <= rounds; ++seed) {
    auto fused = values_of(uint64_t(seed), true, false), alone = values_of(uint64_t(seed), false, false), eager = values_of(uint64_t(seed), true, true);
    CHECK_EQ(fused.size(), eager.size());
    bool same = fused == alone, same_eager = fused == eager;
    if (!same) failed("fusion", seed, "seed: WEFT_FUSE=0 gives other bits");
    if (!same_eager) failed("fusion", seed, "seed: one operation at a time gives other bits");
  }
}
