// Trigonometric and hyperbolic functions and their inverses.
#include "primitives/helpers.h"

namespace weft {

static constexpr double kLarge = 80;       // exp(x) is exp(x/2)^2 from here on, lest it overflow before its half does
static constexpr double kAsymptote = 1e8;  // x^2 + 1 == x^2 from here on, and x^2 may overflow

static Ex half_exp(Ex x) {  // exp(x) / 2
  const Ex root = exp(x * 0.5);
  return root * 0.5 * root;
}

Ex sinh(Ex a) {
  const Ex x = abs(a), u = expm1(x);
  return copysign(select(x > kLarge, half_exp(x), (u + u / (u + 1)) * 0.5), a);
}

Ex cosh(Ex a) {
  const Ex x = abs(a), e = exp(x);
  return select(x > kLarge, half_exp(x), (e + 1 / e) * 0.5);
}

Ex asinh(Ex a) {
  const Ex x = abs(a), square = x * x;
  return copysign(select(x > kAsymptote, log(x) + kLn2, log1p(x + square / (1 + sqrt(square + 1)))), a);
}

Ex acosh(Ex a) {
  const Ex x = a - 1, near = log1p(x + sqrt(x * (x + 2)));
  return select(a < 1, kNaN, select(a > kAsymptote, log(a) + kLn2, near));
}

Ex atanh(Ex a) {
  const Ex x = abs(a);
  return copysign(log1p(2 * x / (1 - x)) * 0.5, a);
}

namespace ops {

static const Map kSin("sin", 10, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(cos(in(y)))}; }, [](auto a) { return sin(a); });
NodeRef sin(const NodeRef& x) { return map_inexact(kSin, {x}); }

static const Map kCos("cos", 10, [](const NodeRef& y, const NodeRef& g) { return Grads{-g * conj(sin(in(y)))}; }, [](auto a) { return cos(a); });
NodeRef cos(const NodeRef& x) { return map_inexact(kCos, {x}); }

static const Map kTan("tan", 12, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(square(y) + 1.0)}; }, [](auto a) { return tan(a); });
NodeRef tan(const NodeRef& x) { return map_inexact(kTan, {x}); }

static const Map kAsin(
    "asin", 12, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(rsqrt(1.0 - square(in(y))))}; }, [](auto a) { return asin(a); });
NodeRef asin(const NodeRef& x) { return map_inexact(kAsin, {x}); }

static const Map kAcos(
    "acos", 12, [](const NodeRef& y, const NodeRef& g) { return Grads{-g * conj(rsqrt(1.0 - square(in(y))))}; }, [](auto a) { return acos(a); });
NodeRef acos(const NodeRef& x) { return map_inexact(kAcos, {x}); }

static const Map kAtan("atan", 12, [](const NodeRef& y, const NodeRef& g) { return Grads{g / conj(square(in(y)) + 1.0)}; }, [](auto a) { return atan(a); });
NodeRef atan(const NodeRef& x) { return map_inexact(kAtan, {x}); }

static const Map kAtan2(
    "atan2", 16,
    [](const NodeRef& y, const NodeRef& g) {
      const NodeRef &a = in(y, 0), &b = in(y, 1), length = square(a) + square(b);
      const NodeRef scaled = g / where(equal(length, constant(length, 0)), constant(length, 1), length);
      return Grads{wants(y, 0) ? scaled * b : nullptr, wants(y, 1) ? -scaled * a : nullptr};
    },
    [](Ex a, Ex b) { return atan2(a, b); });
NodeRef atan2(const NodeRef& a, const NodeRef& b) { return map_inexact(kAtan2, {a, b}); }

static const Map kSinh("sinh", 16, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(cosh(in(y)))}; }, [](auto a) { return sinh(a); });
NodeRef sinh(const NodeRef& x) { return map_inexact(kSinh, {x}); }

static const Map kCosh("cosh", 16, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(sinh(in(y)))}; }, [](auto a) { return cosh(a); });
NodeRef cosh(const NodeRef& x) { return map_inexact(kCosh, {x}); }

static const Map kTanh("tanh", 10, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(1.0 - square(y))}; }, [](auto a) { return tanh(a); });
NodeRef tanh(const NodeRef& x) { return map_inexact(kTanh, {x}); }

static const Map kAsinh(
    "asinh", 20, [](const NodeRef& y, const NodeRef& g) { return Grads{g * conj(rsqrt(square(in(y)) + 1.0))}; }, [](auto a) { return asinh(a); });
NodeRef asinh(const NodeRef& x) { return map_inexact(kAsinh, {x}); }

static const Map kAcosh(
    "acosh", 20,
    [](const NodeRef& y, const NodeRef& g) {  // two roots, for the branch of a complex number
      return Grads{g * conj(rsqrt(in(y) - 1.0) * rsqrt(in(y) + 1.0))};
    },
    [](auto a) { return acosh(a); });
NodeRef acosh(const NodeRef& x) { return map_inexact(kAcosh, {x}); }

static const Map kAtanh("atanh", 16, [](const NodeRef& y, const NodeRef& g) { return Grads{g / conj(1.0 - square(in(y)))}; }, [](auto a) { return atanh(a); });
NodeRef atanh(const NodeRef& x) { return map_inexact(kAtanh, {x}); }

}  // namespace ops
}  // namespace weft
