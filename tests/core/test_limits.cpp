// Whatever a backend's limits are, everything runs within them (verify.h watches), with the same bits.
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {

NodeRef many_operations(int operations, int inputs, int n) {
  Dice dice(11);
  std::vector<NodeRef> in;
  for (int i = 0; i < inputs; ++i) in.push_back(tensor(dice.many(size_t(n)), {n}));
  NodeRef x = in[0];
  for (int i = 0; i < operations; ++i) {
    const NodeRef& y = in[size_t(i % inputs)];
    x = i % 3 == 0 ? ops::add(x, y) : i % 3 == 1 ? ops::sub(ops::mul(x, number(0.5)), y) : ops::maximum(x, y);
  }
  return x;
}

// Of every kind: maps with wide trees, several stages, gathers, products, sorts.
std::vector<NodeRef> all_sorts() {
  Dice dice(12);
  NodeRef x = tensor(dice.many(12 * 10), {12, 10}), w = tensor(dice.many(10 * 7), {10, 7}), b = tensor(dice.many(7), {7});
  NodeRef e = ops::exp(ops::sub(x, ops::max(x, {1}, true))), soft = ops::div(e, ops::sum(e, {1}, true));
  NodeRef mean = ops::mean(x, {0}, true), d = ops::sub(x, mean);
  NodeRef norm = ops::mul(d, ops::rsqrt(ops::add(ops::mean(ops::square(d), {0}, true), number(1e-5))));
  NodeRef index = tensor(std::vector<int64_t>{3, 0, -1, 11, 5}, {5});
  NodeRef three = ops::add(tensor(std::vector<int64_t>{0, 1, 2}, {3}), ops::scalar(Scalar::of(0), DType::i64, default_device()));
  std::vector<NodeRef> wide;
  for (int i = 0; i < 24; ++i) wide.push_back(tensor(dice.many(10), {10}));
  NodeRef tree = ops::concat(wide, 0);
  ops::ConvShape shape{{1, 2}, {1, 1}, {1, 0}, {1, 1}};
  NodeRef image = tensor(dice.many(2 * 1 * 3 * 6 * 5), {2, 1, 3, 6, 5}), filter = tensor(dice.many(4 * 3 * 3 * 3), {1, 4, 3, 3, 3});
  std::vector<int64_t> rows{1, 0, 3, 0, 2};
  NodeRef scattered =
      ops::scatter(ops::full({12, 10}, Scalar::of(0.0), DType::f32, default_device()), {tensor(rows, {5})}, ops::gather(x, {index}, 0), ops::Scatter::sum);
  NodeRef key = ops::scalar(Scalar::of(7), DType::u64, default_device()), zero = ops::scalar(Scalar::of(0), DType::u64, default_device());
  return {soft,
          norm,
          ops::tanh(ops::add(ops::matmul(x, w), b)),
          ops::gather(soft, {index}, 0),
          tree,
          ops::sort(x, 1, true),
          ops::argsort(x, 0, false),
          ops::scan(x, 1, ops::Scan::sum),
          scattered,
          ops::conv(image, filter, shape),
          ops::argmax(x, {0, 1}),
          ops::random_normal({31}, DType::f32, key, zero),
          ops::erf(ops::sigmoid(x)),
          ops::gather(ops::reshape(x, {3, 4, 10}), {three, three, three}, 0),
          ops::searchsorted(ops::sort(b, 0, false), x, true),
          ops::pow(ops::abs(x), ops::add(x, number(0.25)))};
}

std::vector<std::vector<char>> bits_on(Device* d, std::vector<NodeRef> (*make)()) {
  OnDevice here(d);
  std::vector<NodeRef> all = make();
  evaluate(all);
  std::vector<std::vector<char>> out;
  for (const NodeRef& n : all) out.push_back(bytes_of(n));
  return out;
}

}  // namespace

TEST(limits_500_operations_60_inputs) {
  auto make = [] { return std::vector<NodeRef>{many_operations(500, 60, 33)}; };
  auto want = bits_on(device(), +make);
  std::vector<float> host(33);
  {  // the same by hand
    Dice dice(11);
    std::vector<std::vector<float>> in;
    for (int i = 0; i < 60; ++i) in.push_back(dice.many(33));
    host = in[0];
    for (int i = 0; i < 500; ++i)
      for (size_t k = 0; k < 33; ++k) {
        float y = in[size_t(i % 60)][k];
        host[k] = i % 3 == 0 ? host[k] + y : i % 3 == 1 ? float(host[k] * 0.5f) - y : std::max(host[k], y);
      }
  }
  CHECK(!std::memcmp(want[0].data(), host.data(), 33 * 4));
  for (int args : {4, 5, 8})
    if (args <= device()->backend->capabilities.max_args) CHECK(bits_on(limited_device({.max_args = args, .only_loops = true}), +make) == want);
}

TEST(limits_gather_by_many_index_tensors) {  // the source, three indices and the result are five arguments
  NodeRef x = tensor(Dice(13).many(120), {3, 4, 10});
  NodeRef i = tensor(std::vector<int64_t>{0, 2, 1}, {3}), j = tensor(std::vector<int64_t>{3, -1, 0}, {3}), k = tensor(std::vector<int64_t>{9, 0, -4}, {3});
  std::vector<float> all = read<float>(x), want{all[0 * 40 + 3 * 10 + 9], all[2 * 40 + 3 * 10 + 0], all[1 * 40 + 0 * 10 + 6]};
  CHECK_EQ(read<float>(ops::gather(x, {i, j, k}, 0)), want);
  NodeRef bad = tensor(std::vector<int64_t>{9, 0, -11}, {3});
  CHECK_RAISES(read<float>(ops::gather(x, {i, j, bad}, 0)), index, "gather");
}

TEST(limits_change_no_bit) {
  // As loops alone: a gemm of the backend's own may order its sum another way.
  auto want = bits_on(limited_device({.only_loops = true}), &all_sorts);
  struct Case {
    const char* name;
    Limits limits;
  };
  for (const Case& c : {Case{"4 arguments", {.max_args = 4}},
                        {"24 registers", {.max_registers = 24}},
                        {"256 instructions", {.max_instrs = 256}},
                        {"64 words", {.max_param_words = 64}},
                        {"200 bytes of local memory", {.local_memory = 200}},
                        {"64 KB buffers", {.max_alloc = 1 << 16}}}) {
    Limits limits = c.limits;
    limits.only_loops = true;
    try {
      auto got = bits_on(limited_device(limits), &all_sorts);
      for (size_t i = 0; i < want.size(); ++i)
        if (got[i] != want[i]) failed("limits", int(i), std::string("result: other bits with ") + c.name);
    } catch (const std::exception& e) {
      failed("limits", 0, std::string(c.name) + ": " + e.what());
    }
  }
}

// With the backend's own kinds too: values close to those of plain loops.
TEST(limits_native_kinds_agree_with_loops) {
  auto want = bits_on(limited_device({.only_loops = true}), &all_sorts), got = bits_on(device(), &all_sorts);
  for (size_t i = 0; i < want.size(); ++i) {
    CHECK_EQ(want[i].size(), got[i].size());
    bool floats = i != 6 && i != 10 && i != 14;
    if (!floats) {
      CHECK(want[i] == got[i]);
      continue;
    }
    std::vector<float> a(want[i].size() / 4), b(a.size());
    std::memcpy(a.data(), want[i].data(), want[i].size()), std::memcpy(b.data(), got[i].data(), got[i].size());
    for (size_t k = 0; k < a.size(); ++k) CHECK(std::abs(a[k] - b[k]) <= 1e-5f * (1 + std::abs(a[k])));
  }
}
