// Complex numbers: their parts, and their functions on the real registers of a tape. W. Kahan, "Branch cuts for complex elementary
// functions", 1987, for the inverse functions and tanh.
#include "primitives/helpers.h"

namespace weft {

// Smith: by the larger part of the divisor, so that no square overflows.
Cx operator/(Cx a, Cx b) {
  const Ex swap = abs(b.re) < abs(b.im);
  const Ex large = select(swap, b.im, b.re), small = select(swap, b.re, b.im);
  const Ex ratio = select(large == 0, large, small / large), scale = large + small * ratio;
  const Ex re = select(swap, a.im + a.re * ratio, a.re + a.im * ratio);
  const Ex im = select(swap, a.im * ratio - a.re, a.im - a.re * ratio);
  return {re / scale, im / scale};
}

static Cx times_i(Cx z) { return {-z.im, z.re}; }
static Cx over_i(Cx z) { return {z.im, -z.re}; }
static Cx one_minus(Cx z) { return {1 - z.re, -z.im}; }  // the real 1 leaves the sign of a zero imaginary part alone
static Cx one_plus(Cx z) { return {1 + z.re, z.im}; }

Cx sqrt(Cx z) {
  const Ex a = abs(z.re), b = abs(z.im);
  const Ex root = sqrt(a * 0.5 + hypot(a, b) * 0.5);
  const Ex other = select((root == 0) | (b == kInf), b, b / (root * 2));
  const Ex right = z.re >= 0;
  return {select(right, root, other), copysign(select(right, other, root), z.im)};
}

Cx exp(Cx z) {
  const Ex e = exp(z.re);
  return {e * cos(z.im), select(z.im == 0, z.im, e * sin(z.im))};
}

Cx expm1(Cx z) {
  const Ex half = sin(z.im * 0.5);
  return {expm1(z.re) * cos(z.im) - 2 * half * half, exp(z).im};
}

// log|z| neither overflows nor, near 1, cancels.
Cx log(Cx z) {
  const Ex a = abs(z.re), b = abs(z.im), high = max(a, b), low = min(a, b);
  const Ex ratio = select(high == low, 1, low / high);
  const Ex far = log(high) + log1p(ratio * ratio) * 0.5;
  const Ex near = log1p((high - 1) * (high + 1) + low * low) * 0.5;
  return {select((high > 0.5) & (high < 2), near, far), atan2(z.im, z.re)};
}

Cx log1p(Cx z) {
  const Cx shifted = one_plus(z), far = log(shifted);
  const Ex near = log1p(z.re * (z.re + 2) + z.im * z.im) * 0.5;
  return {select((abs(z.re) < 0.5) & (abs(z.im) < 0.5), near, far.re), far.im};
}

Cx exp2(Cx z) { return exp(z * kLn2); }
Cx log2(Cx z) { return log(z) / kLn2; }
Cx log10(Cx z) { return log(z) / 2.30258509299404568402; }

Cx pow(Cx a, Cx b) {
  const Ex zero = (a.re == 0) & (a.im == 0), one = (b.re == 0) & (b.im == 0);
  return select(one, a.like(1), select(zero, a.like(0), exp(b * log(a))));
}

Cx sinh(Cx z) { return {sinh(z.re) * cos(z.im), cosh(z.re) * sin(z.im)}; }
Cx cosh(Cx z) { return {cosh(z.re) * cos(z.im), sinh(z.re) * sin(z.im)}; }

Cx tanh(Cx z) {
  const Ex t = tan(z.im), s = sinh(z.re), beta = t * t + 1, rho = sqrt(s * s + 1), d = beta * s * s + 1;
  const Ex far = abs(z.re) > 20;  // there the real part is 1
  const Ex tail = 4 * sin(z.im) * cos(z.im) * exp(abs(z.re) * -2);
  return {select(far, copysign(z.re.like(1), z.re), beta * rho * s / d), select(far, tail, t / d)};
}

Cx sin(Cx z) { return over_i(sinh(times_i(z))); }
Cx cos(Cx z) { return cosh(times_i(z)); }
Cx tan(Cx z) { return over_i(tanh(times_i(z))); }

Cx asin(Cx z) {
  const Cx minus = sqrt(one_minus(z)), plus = sqrt(one_plus(z));
  return {atan2(z.re, (minus * plus).re), asinh((conj(minus) * plus).im)};
}

Cx acos(Cx z) {
  const Cx minus = sqrt(one_minus(z)), plus = sqrt(one_plus(z));
  return {2 * atan2(minus.re, plus.re), asinh((conj(plus) * minus).im)};
}

Cx acosh(Cx z) {
  const Cx minus = sqrt(Cx{z.re - 1, z.im}), plus = sqrt(one_plus(z));
  return {asinh((conj(minus) * plus).re), 2 * atan2(minus.im, plus.re)};
}

Cx atanh(Cx z) {  // of |re|: below 0 the logarithm would cancel
  const Ex a = abs(z.re), below = 1 - a, square = z.im * z.im;
  const Ex re = log1p(4 * a / (below * below + square)) * 0.25;
  return {copysign(re, z.re), atan2(2 * z.im, below * (a + 1) - square) * 0.5};
}

Cx asinh(Cx z) { return over_i(asin(times_i(z))); }
Cx atan(Cx z) { return over_i(atanh(times_i(z))); }

namespace ops {

static const Map kReal("real", 0, [](const NodeRef&, const NodeRef& g) { return Grads{make_complex(g, constant(g, 0))}; }, [](Cx z) { return z.re; });
NodeRef real(const NodeRef& x) { return is_complex(x->dtype) ? map_node(kReal, {x}, x->dtype, real_of(x->dtype)) : x; }

static const Map kImag("imag", 0, [](const NodeRef&, const NodeRef& g) { return Grads{make_complex(constant(g, 0), g)}; }, [](Cx z) { return z.im; });
NodeRef imag(const NodeRef& x) { return is_complex(x->dtype) ? map_node(kImag, {x}, x->dtype, real_of(x->dtype)) : full_like(x, Scalar::of(0)); }

static const Map kConj("conj", 1, [](const NodeRef&, const NodeRef& g) { return Grads{conj(g)}; }, [](Cx z) { return conj(z); });
NodeRef conj(const NodeRef& x) { return is_complex(x->dtype) ? map_numeric(kConj, {x}) : x; }

static const Map kMakeComplex(
    "make_complex", 0, [](const NodeRef&, const NodeRef& g) { return Grads{real(g), imag(g)}; }, [](Ex re, Ex im) { return Cx{re, im}; });
NodeRef make_complex(const NodeRef& re, const NodeRef& im) {
  const DType dtype = float_dtype(promote(re->dtype, im->dtype));
  if (is_complex(dtype)) refuse("make_complex", dtype, "the parts must be real");
  const DType out = complex_of(dtype);
  return map_node(kMakeComplex, {re, im}, real_of(out), out);
}

}  // namespace ops
}  // namespace weft
