// Several threads building and evaluating at once.
#include <atomic>
#include <cmath>
#include <thread>

#include "autodiff/backward.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {

template <class F>
void on_threads(int count, F f) {
  std::vector<std::thread> all;
  for (int t = 0; t < count; ++t) all.emplace_back([t, &f] { f(t); });
  for (auto& t : all) t.join();
}

}  // namespace

TEST(threads_build_and_evaluate_apart) {
  std::atomic<int> wrong{0};
  on_threads(8, [&](int t) {
    Dice dice{uint64_t(t) + 1};
    for (int round = 0; round < 30; ++round) {
      int n = 1 + dice.below(300);
      std::vector<float> host = dice.many(size_t(n));
      float s = float(dice.below(8)) / 4;
      NodeRef x = tensor(host, {n}), y = ops::add(ops::mul(x, number(s)), x);
      std::vector<float> got = read<float>(y);
      for (int i = 0; i < n; ++i) wrong += got[size_t(i)] != float(host[size_t(i)] * s) + host[size_t(i)];
    }
  });
  CHECK_EQ(wrong.load(), 0);
}

TEST(threads_share_pending_nodes) {
  for (int round = 0; round < 10; ++round) {
    std::vector<float> host = Dice(uint64_t(round) + 1).many(500);
    NodeRef x = tensor(host, {500}), common = ops::exp(ops::mul(x, number(0.5))), total = ops::sum(common, {0});
    std::vector<std::vector<float>> got(8);
    on_threads(8, [&](int t) {
      NodeRef mine = t % 2 ? ops::add(common, total) : ops::add(ops::neg(common), total);
      got[size_t(t)] = read<float>(mine);
    });
    for (size_t t = 2; t < 8; ++t) CHECK(got[t] == got[t - 2]);
    CHECK(got[0] != got[1]);
  }
}

TEST(threads_gradients_apart) {
  std::atomic<int> wrong{0};
  on_threads(8, [&](int t) {
    for (int round = 0; round < 10; ++round) {
      std::vector<double> host = Dice(uint64_t(t * 100 + round) + 1).many<double>(64);
      NodeRef leaf = requires_grad_leaf(tensor(host, {64})), y = ops::sum(ops::mul(leaf, ops::mul(leaf, leaf)), {0});
      NodeRef g = gradients({y}, {ops::full({}, Scalar::of(1.0), DType::f64, default_device())}, {leaf}, false)[0];
      std::vector<double> got = read<double>(g);
      release_graph({y});
      for (size_t i = 0; i < 64; ++i) wrong += std::abs(got[i] - 3 * host[i] * host[i]) > 1e-12;
    }
  });
  CHECK_EQ(wrong.load(), 0);
}

TEST(threads_drop_what_others_read) {
  std::vector<float> host = Dice(1).many(256);
  std::atomic<int> wrong{0};
  for (int round = 0; round < 10; ++round) {
    NodeRef x = tensor(host, {256});
    std::vector<NodeRef> mine(8);
    for (auto& m : mine) m = ops::mul(x, number(2));
    x = nullptr;
    on_threads(8, [&](int t) {
      std::vector<float> got = read<float>(mine[size_t(t)]);
      mine[size_t(t)] = nullptr;
      for (size_t i = 0; i < 256; ++i) wrong += got[i] != 2 * host[i];
    });
  }
  CHECK_EQ(wrong.load(), 0);
}

TEST(threads_errors_stay_apart_from_values) {
  std::atomic<int> raised{0}, wrong{0};
  on_threads(4, [&](int t) {
    for (int round = 0; round < 10; ++round) {
      std::vector<int64_t> index{0, t % 2 ? 9 : 2};
      NodeRef x = tensor(std::vector<float>{1, 2, 3}, {3});
      try {
        std::vector<float> got = read<float>(ops::gather(x, {tensor(index, {2})}, 0));
        if (t % 2 == 0) wrong += got != std::vector<float>{1, 3};
      } catch (const Error& e) {
        raised += e.kind == Error::index;
      }
    }
  });
  CHECK_EQ(wrong.load(), 0);
  CHECK(raised.load() > 0);  // a device has one status: who reads first after the failure gets the error
}
