// Long chains: laziness is bounded, and nothing walks a graph by recursion.
#include <cmath>

#include "autodiff/backward.h"
#include "runtime/state.h"
#include "runtime/trace.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {
constexpr int kLong = 100000;
}

TEST(depth_chain_of_additions) {
  NodeRef x = number(0, DType::f64), one = number(1, DType::f64);
  for (int i = 0; i < kLong; ++i) x = ops::add(x, one);
  CHECK_EQ(read<double>(x)[0], double(kLong));
}

TEST(depth_chain_is_dropped_unseen) {
  Evaluating quiet;  // nothing is evaluated meanwhile
  NodeRef x = number(0), one = number(1);
  for (int i = 0; i < kLong; ++i) x = ops::add(x, one);
  CHECK(!x->computed());
}

TEST(depth_unbounded_chain_is_scheduled) {
  NodeRef x = tensor(std::vector<double>{1, 2}, {2}), one = number(1, DType::f64);
  {
    Evaluating quiet;
    for (int i = 0; i < 20000; ++i) x = ops::add(x, one);
  }
  CHECK_EQ(read<double>(x), (std::vector<double>{20001, 20002}));
}

TEST(depth_gradient_of_a_chain) {
  NodeRef leaf = requires_grad_leaf(tensor(std::vector<double>{1}, {1})), x = leaf, s = number(1.0001, DType::f64);
  for (int i = 0; i < kLong; ++i) x = ops::mul(x, s);
  NodeRef g = gradients({x}, {ops::full({1}, Scalar::of(1.0), DType::f64, default_device())}, {leaf}, false)[0];
  double want = std::pow(1.0001, kLong);
  CHECK(std::abs(read<double>(x)[0] / want - 1) < 1e-9);
  CHECK(std::abs(read<double>(g)[0] / want - 1) < 1e-9);
  release_graph({x});
}

TEST(depth_sum_of_many) {  // a comb: every node hangs on one chain
  NodeRef x = tensor(std::vector<double>{2}, {1}), sum = x;
  for (int i = 0; i < 5000; ++i) sum = ops::add(sum, ops::mul(x, number(i, DType::f64)));
  CHECK_EQ(read<double>(sum)[0], 2 + 2.0 * 4999 * 5000 / 2);
}

TEST(depth_state_that_nobody_reads) {  // a running mean
  NodeRef mean = tensor(std::vector<double>{0}, {1});
  for (int i = 0; i < 5000; ++i) {
    NodeRef next = ops::add(ops::mul(mean, number(0.5, DType::f64)), number(0.5, DType::f64));
    remember_update(mean, next);
    mean = next;
  }
  CHECK_EQ(read<double>(mean)[0], 1.0);
}

TEST(depth_doubling_graph_is_not_a_tree) {  // 2^60 paths, 60 nodes
  NodeRef x = tensor(std::vector<double>{1}, {1});
  for (int i = 0; i < 60; ++i) x = ops::add(x, x);
  CHECK_EQ(read<double>(x)[0], std::ldexp(1, 60));
  NodeRef leaf = requires_grad_leaf(tensor(std::vector<double>{1}, {1})), y = leaf;
  for (int i = 0; i < 60; ++i) y = ops::add(ops::tanh(y), y);
  NodeRef g = gradients({y}, {ops::full({1}, Scalar::of(1.0), DType::f64, default_device())}, {leaf}, false)[0];
  CHECK(std::isfinite(read<double>(g)[0]));
}
