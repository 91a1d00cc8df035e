// Identities of gradients: adjoints of linear operations exactly, the others against differences.
#include <cmath>

#include "autodiff/backward.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

namespace {

using Unary = std::function<NodeRef(const NodeRef&)>;

NodeRef ones(const Dims& shape) { return ops::full(shape, Scalar::of(1.0), DType::f64, default_device()); }

double total(const NodeRef& x) { return read<double>(ops::sum(x, ops::all_axes(x)))[0]; }

// <A x, y> == <x, A' y>, exactly: the numbers are small integers.
void adjoint(const char* what, const Dims& shape, const Unary& f) {
  Dice dice(uint64_t(product(shape)) + 3);
  auto integers = [&](const Dims& s) {
    std::vector<double> v(size_t(product(s)));
    for (double& x : v) x = dice.below(9) - 4;
    return tensor(v, s);
  };
  NodeRef leaf = requires_grad_leaf(integers(shape)), ax = f(leaf), y = integers(ax->shape);
  NodeRef aty = gradients({ax}, {y}, {leaf}, false)[0];
  if (!aty) return failed("adjoint", 0, std::string(what) + ": no gradient");
  if (aty->shape != shape) failed("adjoint", 0, std::string(what) + ": a gradient of another shape");
  double a = total(ops::mul(ax, y)), b = total(ops::mul(leaf, aty));
  if (a != b) failed("adjoint", 0, std::string(what) + ": " + text(a) + " and " + text(b));
}

// The gradient of a weighted sum of f against central differences, and twice.
void differences(const char* what, double low, double high, const Unary& f) {
  const int n = 6;
  Dice dice(17);
  std::vector<double> host = dice.many<double>(n, low, high);
  auto weighted = [&](const NodeRef& x) {
    NodeRef y = f(x);
    std::vector<double> w(size_t(y->numel()));
    for (size_t i = 0; i < w.size(); ++i) w[i] = 1 + 0.25 * double(i % 5);
    return ops::sum(ops::mul(y, tensor(w, y->shape)), ops::all_axes(y));
  };
  NodeRef leaf = requires_grad_leaf(tensor(host, {n})), y = weighted(leaf);
  NodeRef g = gradients({y}, {ones({})}, {leaf}, true)[0];
  if (!g) return failed("differences", 0, std::string(what) + ": no gradient");
  NodeRef gg = g->requires_grad ? gradients({ops::sum(g, {0})}, {ones({})}, {leaf}, false)[0] : nullptr;
  std::vector<double> got = read<double>(g), second = gg ? read<double>(gg) : std::vector<double>(n, 0.0);
  const double h = 1e-5;
  auto gradient_at = [&](const std::vector<double>& at) {
    NodeRef l = requires_grad_leaf(tensor(at, {n}));
    return read<double>(gradients({weighted(l)}, {ones({})}, {l}, false)[0]);
  };
  for (size_t i = 0; i < n; ++i) {
    std::vector<double> up = host, down = host;
    up[i] += h, down[i] -= h;
    double slope = (read<double>(weighted(tensor(up, {n})))[0] - read<double>(weighted(tensor(down, {n})))[0]) / (2 * h);
    if (!(std::abs(slope - got[i]) <= 1e-6 * (1 + std::abs(slope))))
      failed("differences", int(i), std::string(what) + ": " + text(got[i]) + ", not " + text(slope));
    std::vector<double> gu = gradient_at(up), gd = gradient_at(down);
    double curve = 0;
    for (size_t k = 0; k < n; ++k) curve += (gu[k] - gd[k]) / (2 * h);
    if (!(std::abs(curve - second[i]) <= 1e-5 * (1 + std::abs(curve))))
      failed("differences", int(i), std::string(what) + " twice: " + text(second[i]) + ", not " + text(curve));
  }
}

}  // namespace

TEST(autodiff_adjoints_of_movement) {
  adjoint("reshape", {4, 6}, [](const NodeRef& x) { return ops::reshape(x, {3, 8}); });
  adjoint("permute", {2, 3, 4}, [](const NodeRef& x) { return ops::permute(x, {2, 0, 1}); });
  adjoint("broadcast", {3, 1}, [](const NodeRef& x) { return ops::broadcast_to(x, {2, 3, 5}); });
  adjoint("slice", {7, 5}, [](const NodeRef& x) { return ops::slice(x, {6, 1}, {3, 2}, {-2, 2}); });
  adjoint("flip", {4, 3}, [](const NodeRef& x) { return ops::flip(x, {0, 1}); });
  adjoint("pad", {4, 3}, [](const NodeRef& x) { return ops::pad(x, {1, -1}, {2, 1}, {1, 0}, Scalar::of(0)); });
  adjoint("concat", {4, 3}, [](const NodeRef& x) { return ops::concat({x, ops::slice(x, {0, 0}, {2, 3}, {1, 1}), x}, 0); });
  adjoint("stack", {4, 3}, [](const NodeRef& x) { return ops::stack({x, x}, 1); });
  adjoint("window", {2, 9}, [](const NodeRef& x) { return ops::window(x, 1, 4, 3, 2, 1, 1, Scalar::of(0)); });
  adjoint("window, dilated", {2, 9}, [](const NodeRef& x) { return ops::window(x, 1, 3, 3, 3, 2, 2, Scalar::of(0)); });
  adjoint("fold", {2, 4, 3}, [](const NodeRef& x) { return ops::fold(x, 1, 9, 2, 1, 1); });
  adjoint("squeeze and expand", {4, 1, 3}, [](const NodeRef& x) { return ops::expand_dims(ops::squeeze(x, {1}), 0); });
}

TEST(autodiff_adjoints_of_sums_and_products) {
  adjoint("sum", {4, 3, 2}, [](const NodeRef& x) { return ops::sum(x, {0, 2}); });
  adjoint("sum to", {4, 3, 2}, [](const NodeRef& x) { return ops::sum_to(x, {3, 1}); });
  adjoint("long sum", {3, 9001}, [](const NodeRef& x) { return ops::sum(x, {1}); });
  adjoint("cumsum", {3, 7}, [](const NodeRef& x) { return ops::scan(x, 1, ops::Scan::sum); });
  adjoint("reverse cumsum", {3, 7}, [](const NodeRef& x) { return ops::scan(x, 0, ops::Scan::sum, true); });
  NodeRef w = tensor(std::vector<double>{1, -2, 3, 0, 1, 1, 2, 2, -1, 0, 4, -3}, {4, 3});
  adjoint("matmul", {2, 5, 4}, [&](const NodeRef& x) { return ops::matmul(x, w); });
  adjoint("matmul, right", {2, 3, 5}, [&](const NodeRef& x) { return ops::matmul(w, x); });
  adjoint("matmul, vector", {3}, [&](const NodeRef& x) { return ops::matmul(w, x); });
  adjoint("matmul, of a transpose", {3, 5}, [&](const NodeRef& x) { return ops::matmul(ops::permute(x, {1, 0}), ops::permute(w, {1, 0})); });
  ops::ConvShape shape{{2, 1}, {1, 2}, {1, 2}, {0, 1}};
  NodeRef filter = tensor(std::vector<double>{1, 2, -1, 0, 3, 1, -2, 1, 1, 0, 0, 2, 1, -1, 1, 2, 0, 1, 1, 1, -3, 2, 1, 0}, {2, 2, 1, 3, 2});
  adjoint("conv", {1, 2, 1, 5, 6}, [&](const NodeRef& x) { return ops::conv(x, filter, shape); });
  NodeRef image = tensor(std::vector<double>(60, 1), {1, 2, 1, 5, 6});
  adjoint("conv, of weights", {2, 2, 1, 3, 2}, [&](const NodeRef& x) { return ops::conv(image, x, shape); });
}

TEST(autodiff_adjoints_of_indexing) {
  NodeRef index = tensor(std::vector<int64_t>{2, 0, -1, 2}, {4}), other = tensor(std::vector<int64_t>{1, 1, 0, -2}, {4});
  adjoint("gather", {5, 3}, [&](const NodeRef& x) { return ops::gather(x, {index}, 0); });
  adjoint("gather, second axis", {2, 5, 3}, [&](const NodeRef& x) { return ops::gather(x, {index}, 1); });
  adjoint("gather, two indices", {5, 3, 2}, [&](const NodeRef& x) { return ops::gather(x, {index, other}, 0); });
  NodeRef along = tensor(std::vector<int64_t>{0, 2, 1, 1, 1, -1}, {2, 3});
  adjoint("take along", {2, 4}, [&](const NodeRef& x) { return ops::take_along(x, along, 1); });
  NodeRef base = tensor(std::vector<double>(15, 0), {5, 3});
  adjoint("scatter sum, of values", {4, 3}, [&](const NodeRef& x) { return ops::scatter(base, {index}, x, ops::Scatter::sum); });
  adjoint("scatter sum, of base", {5, 3},
          [&](const NodeRef& x) { return ops::scatter(x, {index}, ops::full({4, 3}, Scalar::of(0.0), DType::f64, default_device()), ops::Scatter::sum); });
  adjoint("scatter set, of values", {4, 3}, [&](const NodeRef& x) { return ops::scatter(base, {index}, x, ops::Scatter::set); });
  adjoint("scatter set, of base", {5, 3},
          [&](const NodeRef& x) { return ops::scatter(x, {index}, ops::full({4, 3}, Scalar::of(0.0), DType::f64, default_device()), ops::Scatter::set); });
  adjoint("sort", {3, 5}, [](const NodeRef& x) { return ops::sort(x, 1, true); });
}

TEST(autodiff_against_differences) {
  struct Row {
    const char* name;
    double low, high;
    NodeRef (*f)(const NodeRef&);
  };
  for (const Row& r :
       {Row{"exp", -2, 2, &ops::exp},      {"exp2", -2, 2, &ops::exp2},    {"expm1", -2, 2, &ops::expm1},     {"log", 0.2, 3, &ops::log},
        {"log1p", -0.5, 3, &ops::log1p},   {"log2", 0.2, 3, &ops::log2},   {"log10", 0.2, 3, &ops::log10},    {"sin", -3, 3, &ops::sin},
        {"cos", -3, 3, &ops::cos},         {"tan", -1, 1, &ops::tan},      {"asin", -0.8, 0.8, &ops::asin},   {"acos", -0.8, 0.8, &ops::acos},
        {"atan", -3, 3, &ops::atan},       {"sinh", -2, 2, &ops::sinh},    {"cosh", -2, 2, &ops::cosh},       {"tanh", -2, 2, &ops::tanh},
        {"asinh", -2, 2, &ops::asinh},     {"acosh", 1.3, 3, &ops::acosh}, {"atanh", -0.8, 0.8, &ops::atanh}, {"erf", -2, 2, &ops::erf},
        {"sigmoid", -3, 3, &ops::sigmoid}, {"sqrt", 0.2, 3, &ops::sqrt},   {"rsqrt", 0.2, 3, &ops::rsqrt},    {"reciprocal", 0.3, 3, &ops::reciprocal},
        {"square", -2, 2, &ops::square},   {"abs", 0.1, 2, &ops::abs},     {"relu", 0.1, 2, &ops::relu},      {"neg", -2, 2, &ops::neg}})
    differences(r.name, r.low, r.high, r.f);
  auto shifted = [](const NodeRef& x) { return ops::add(ops::flip(x, {0}), number(0.37, DType::f64)); };
  differences("pow", 0.3, 2, [&](const NodeRef& x) { return ops::pow(x, shifted(x)); });
  differences("pow_int", -2, 2, [](const NodeRef& x) { return ops::pow_int(x, 5); });
  differences("div", 0.3, 2, [&](const NodeRef& x) { return ops::div(x, shifted(x)); });
  differences("atan2", 0.3, 2, [&](const NodeRef& x) { return ops::atan2(x, shifted(x)); });
  differences("hypot", 0.3, 2, [&](const NodeRef& x) { return ops::hypot(x, shifted(x)); });
  differences("logaddexp", -2, 2, [&](const NodeRef& x) { return ops::logaddexp(x, shifted(x)); });
  differences("fma", -2, 2, [&](const NodeRef& x) { return ops::fma(x, shifted(x), x); });
  differences("prod", 0.3, 2, [](const NodeRef& x) { return ops::prod(ops::reshape(x, {2, 3}), {1}); });
  differences("max", -2, 2, [](const NodeRef& x) { return ops::max(ops::square(ops::reshape(x, {2, 3})), {1}); });
  differences("mean", -2, 2, [](const NodeRef& x) { return ops::square(ops::mean(x, {0})); });
  differences("cumprod", 0.5, 1.5, [](const NodeRef& x) { return ops::scan(x, 0, ops::Scan::prod); });
  differences("softmax", -2, 2, [](const NodeRef& x) {
    NodeRef e = ops::exp(ops::sub(x, ops::max(x, {0}, true)));
    return ops::div(e, ops::sum(e, {0}, true));
  });
  differences("matmul with itself", -1, 1, [](const NodeRef& x) { return ops::matmul(ops::reshape(x, {2, 3}), ops::reshape(x, {3, 2})); });
}

TEST(autodiff_stops_where_it_is_told) {
  NodeRef leaf = requires_grad_leaf(tensor(std::vector<double>{2, 3}, {2}));
  NodeRef y = ops::mul(ops::stop_gradient(leaf), leaf);
  CHECK_EQ(read<double>(gradients({ops::sum(y, {0})}, {ones({})}, {leaf}, false)[0]), (std::vector<double>{2, 3}));
  {
    GradMode off(false);
    CHECK(!ops::mul(leaf, leaf)->requires_grad);
  }
  CHECK(!ops::argmax(leaf, {0})->requires_grad);
  CHECK(!ops::less(leaf, leaf)->requires_grad);
}

TEST(autodiff_freed_graph_says_so) {
  NodeRef leaf = requires_grad_leaf(tensor(std::vector<double>{2, 3}, {2})), y = ops::sum(ops::mul(leaf, leaf), {0});
  NodeRef g = gradients({y}, {ones({})}, {leaf}, false)[0];
  evaluate({y, g});
  release_graph({y});
  CHECK_RAISES(gradients({y}, {ones({})}, {leaf}, false), runtime, "retain_graph");
  CHECK_EQ(read<double>(g), (std::vector<double>{4, 6}));
}

TEST(autodiff_a_shared_value_collects_both) {
  NodeRef leaf = requires_grad_leaf(tensor(std::vector<double>{1, 2, 3}, {3}));
  NodeRef shared = ops::exp(leaf), y = ops::add(ops::sum(shared, {0}), ops::sum(ops::mul(shared, shared), {0}));
  std::vector<double> got = read<double>(gradients({y}, {ones({})}, {leaf}, false)[0]);
  for (int i = 0; i < 3; ++i) CHECK(std::abs(got[size_t(i)] - (std::exp(i + 1) + 2 * std::exp(2 * (i + 1)))) < 1e-9 * got[size_t(i)]);
}
