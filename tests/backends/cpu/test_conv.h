// Convolutions and their gradients, as the core writes them, against naive loops in float64.
#pragma once

#include <algorithm>
#include <cmath>
#include <optional>

#include "kernel_builder.h"

struct ConvCase {
  int64_t batch, groups, in, out, height, width;  // in and out per group
  int64_t kernel_h, kernel_w, stride, pad, dilation;
  bool channels_last;
  double tolerance;  // of the largest sum of magnitudes

  int64_t out_size(int64_t size, int64_t kernel) const { return (size + 2 * pad - dilation * (kernel - 1) - 1) / stride + 1; }
  int64_t out_h() const { return out_size(height, kernel_h); }
  int64_t out_w() const { return out_size(width, kernel_w); }
  std::string name() const {
    std::string text;
    for (int64_t v : {batch, groups, in, out, height, width, kernel_h, kernel_w, stride, pad, dilation}) text += " " + std::to_string(v);
    return text + (channels_last ? " channels last" : "");
  }
};

// Strides of an image (batch, group, channel, row, column).
struct ImageStrides {
  int64_t n, g, c, h, w;
  ImageStrides(const ConvCase& k, int64_t channels, int64_t height, int64_t width) {
    const int64_t all = k.groups * channels;
    n = all * height * width;
    c = k.channels_last ? 1 : height * width;
    g = channels * c;
    w = k.channels_last ? all : 1;
    h = w * width;
  }
};

// A contraction without the dimensions of size 1 that its classes do not need.
class ConvKernel {
 public:
  struct Bounded {
    std::vector<int64_t> strides;
    std::vector<Bound> bounds = {};
  };
  ConvKernel(const std::vector<int64_t>& sizes, const std::vector<int>& classes) : keep_(sizes.size(), true) {
    int count[4] = {};
    for (int c : classes) ++count[c];
    for (size_t d = 0; d < sizes.size(); ++d)
      if (sizes[d] == 1 && count[classes[d]] > 1) keep_[d] = false, --count[classes[d]];
    std::vector<int64_t> outer, inner;
    for (size_t d = 0; d < sizes.size(); ++d)
      if (keep_[d]) (classes[d] < 3 ? outer : inner).push_back(sizes[d]);
    kernel_.emplace("conv", outer, inner);
    kernel_->attr("batch", count[0]), kernel_->attr("m", count[1]), kernel_->attr("n", count[2]);
  }
  void run(Buf<float>& a, const Bounded& at_a, Buf<float>& b, const Bounded& at_b, Buf<float>& y, const Bounded& at_y) {
    Kernel& k = *kernel_;
    k.stage(true);
    const int p = k.load(a.handle, WEFT_F32, WEFT_F32, where(at_a)), q = k.load(b.handle, WEFT_F32, WEFT_F32, where(at_b));
    const int sum = k.op("reduce.sum", WEFT_F32, k.op("mul", WEFT_F32, p, q));
    k.stage(false);
    k.store(k.op("add", WEFT_F32, sum, k.immf(1)), y.handle, WEFT_F32, where(at_y));
    k.run();
    // The same bits whatever the number of threads.
    const std::vector<float> once(y.data, y.data + y.n);
    const int threads = backend()->threads(0);
    backend()->threads(3);
    k.run();
    backend()->threads(threads);
    expect(std::memcmp(once.data(), y.data, size_t(y.n) * sizeof(float)) == 0, "conv: other bits on three threads");
  }

 private:
  std::vector<int64_t> kept(const std::vector<int64_t>& all) const {
    std::vector<int64_t> some;
    for (size_t d = 0; d < all.size(); ++d)
      if (keep_[d]) some.push_back(all[d]);
    return some;
  }
  Where where(const Bounded& b) const {
    Where w = {kept(b.strides)};
    for (Bound bound : b.bounds) {
      bound.coefficients = kept(bound.coefficients);
      w.bounds.push_back(bound);
    }
    return w;
  }
  std::vector<bool> keep_;
  std::optional<Kernel> kernel_;
};

inline void test_conv_case(const ConvCase& t) {
  const int64_t oh = t.out_h(), ow = t.out_w(), s = t.stride, d = t.dilation;
  const ImageStrides xs(t, t.in, t.height, t.width), ys(t, t.out, oh, ow);
  const int64_t wc = t.kernel_h * t.kernel_w, wo = wc * t.in, wg = wo * t.out;
  Buf<float> x(t.batch * xs.n), w(wg * t.groups), y(t.batch * ys.n), got_x(x.n), got_w(w.n), got_y(y.n);
  for (auto* buffer : {&x, &w, &y})
    for (int64_t i = 0; i < buffer->n; ++i) (*buffer)[i] = float(uniform(-1, 1));
  std::vector<double> want_x(size_t(x.n)), want_w(size_t(w.n)), want_y(size_t(y.n)), size_x(want_x), size_w(want_w), size_y(want_y);
  for (int64_t n = 0; n < t.batch; ++n)
    for (int64_t g = 0; g < t.groups; ++g)
      for (int64_t o = 0; o < t.out; ++o)
        for (int64_t c = 0; c < t.in; ++c)
          for (int64_t i = 0; i < oh; ++i)
            for (int64_t j = 0; j < ow; ++j)
              for (int64_t a = 0; a < t.kernel_h; ++a)
                for (int64_t e = 0; e < t.kernel_w; ++e) {
                  const int64_t r = i * s + a * d - t.pad, q = j * s + e * d - t.pad;
                  if (r < 0 || r >= t.height || q < 0 || q >= t.width) continue;
                  const int64_t at_x = n * xs.n + g * xs.g + c * xs.c + r * xs.h + q * xs.w, at_w = g * wg + o * wo + c * wc + a * t.kernel_w + e;
                  const int64_t at_y = n * ys.n + g * ys.g + o * ys.c + i * ys.h + j * ys.w;
                  const auto add = [](std::vector<double>& sum, std::vector<double>& size, int64_t at, double product) {
                    sum[size_t(at)] += product;
                    size[size_t(at)] += std::abs(product);
                  };
                  add(want_y, size_y, at_y, double(x[at_x]) * w[at_w]);
                  add(want_x, size_x, at_x, double(y[at_y]) * w[at_w]);
                  add(want_w, size_w, at_w, double(x[at_x]) * y[at_y]);
                }
  const auto compare = [&](Buf<float>& got, const std::vector<double>& want, const std::vector<double>& size, const char* what) {
    const double most = *std::max_element(size.begin(), size.end());
    double worst = 0;
    for (int64_t i = 0; i < got.n; ++i) {
      const double error = std::abs(got[i] - 1.0 - want[size_t(i)]);
      worst = std::isnan(error) ? INFINITY : std::max(worst, error);
    }
    expect(worst <= t.tolerance * (most + 1), std::string(what) + t.name() + ": error " + std::to_string(worst / (most + 1)));
  };
  ConvKernel({t.groups, t.out, t.batch, oh, ow, t.in, t.kernel_h, t.kernel_w}, {0, 1, 2, 2, 2, 3, 3, 3})
      .run(w, {{wg, wo, 0, 0, 0, wc, t.kernel_w, 1}}, x,
           {{xs.g, 0, xs.n, 0, 0, xs.c, 0, 0}, {{-t.pad, t.height, 1, xs.h, {0, 0, 0, s, 0, 0, d, 0}}, {-t.pad, t.width, 1, xs.w, {0, 0, 0, 0, s, 0, 0, d}}}},
           got_y, {{ys.g, ys.c, ys.n, ys.h, ys.w, 0, 0, 0}});
  compare(got_y, want_y, size_y, "conv");
  ConvKernel({t.groups, t.in, t.batch, t.height, t.width, t.out, t.kernel_h, t.kernel_w}, {0, 1, 2, 2, 2, 3, 3, 3})
      .run(w, {{wg, wc, 0, 0, 0, wo, t.kernel_w, 1}}, y,
           {{ys.g, 0, ys.n, 0, 0, ys.c, 0, 0}, {{t.pad, oh, s, ys.h, {0, 0, 0, 1, 0, 0, -d, 0}}, {t.pad, ow, s, ys.w, {0, 0, 0, 0, 1, 0, 0, -d}}}}, got_x,
           {{xs.g, xs.c, xs.n, xs.h, xs.w, 0, 0, 0}});
  compare(got_x, want_x, size_x, "conv, gradient to the input");
  ConvKernel({t.groups, t.out, t.in, t.kernel_h, t.kernel_w, t.batch, oh, ow}, {0, 1, 2, 2, 2, 3, 3, 3})
      .run(y, {{ys.g, ys.c, 0, 0, 0, ys.n, ys.h, ys.w}}, x,
           {{xs.g, 0, xs.c, 0, 0, xs.n, 0, 0}, {{-t.pad, t.height, 1, xs.h, {0, 0, 0, d, 0, 0, s, 0}}, {-t.pad, t.width, 1, xs.w, {0, 0, 0, 0, d, 0, 0, s}}}},
           got_w, {{wg, wo, wc, t.kernel_w, 1, 0, 0, 0}});
  compare(got_w, want_w, size_w, "conv, gradient to the weights");
}

inline void test_convolutions() {
  const double exact = 1e-6;  // relative to the sum of magnitudes
  for (bool last : {false, true}) {
    test_conv_case({2, 1, 5, 9, 11, 14, 3, 3, 1, 1, 1, last, exact});
    test_conv_case({3, 1, 3, 20, 30, 23, 7, 7, 2, 3, 1, last, exact});
    test_conv_case({2, 3, 4, 6, 17, 12, 3, 5, 2, 2, 2, last, exact});
    test_conv_case({2, 1, 4, 6, 15, 16, 3, 3, 3, 0, 2, last, exact});
    test_conv_case({1, 1, 8, 5, 9, 40, 1, 3, 1, 0, 1, last, exact});
    test_conv_case({4, 1, 8, 16, 14, 14, 1, 1, 1, 0, 1, last, exact});
    test_conv_case({4, 1, 9, 7, 13, 13, 1, 1, 2, 0, 1, last, exact});
    test_conv_case({2, 12, 1, 1, 19, 21, 3, 3, 1, 1, 1, last, exact});
    test_conv_case({2, 5, 1, 2, 20, 18, 5, 3, 2, 1, 1, last, exact});
    test_conv_case({1, 1, 1, 4, 4, 4, 2, 2, 4, 0, 1, last, exact});
    test_conv_case({1, 2, 2, 2, 5, 4, 2, 2, 3, 2, 2, last, exact});
    test_conv_case({1, 1, 2, 3, 3, 50, 3, 3, 1, 2, 1, last, exact});
    test_conv_case({2, 1, 3, 3, 70, 75, 2, 3, 1, 1, 1, last, exact});  // the gradient to the weights in chunks
    test_conv_case({3, 2, 3, 5, 61, 64, 3, 3, 1, 1, 2, last, exact});
    test_conv_case({5, 1, 2, 4, 150, 151, 3, 2, 3, 1, 1, last, exact});
    const double winograd = 0x1p-18;
    test_conv_case({2, 1, 20, 33, 19, 22, 3, 3, 1, 1, 1, last, winograd});
    test_conv_case({1, 2, 16, 17, 12, 70, 3, 3, 1, 0, 1, last, winograd});
    test_conv_case({3, 1, 40, 16, 9, 11, 3, 3, 1, 2, 1, last, winograd});
    test_conv_case({1, 1, 20, 17, 96, 100, 1, 1, 1, 0, 1, last, exact});
  }
}
