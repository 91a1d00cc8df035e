// The operations of the core: each checks its arguments, applies promotion and broadcasting, and adds nodes.
// Raises Error::value / type / index with the operation's name, the shapes and what to do.
// Definitions live with their primitives in core/primitives/.
#pragma once

#include <optional>
#include <vector>

#include "graph/node.h"

namespace weft::ops {

// ---- leaves (primitives/leaf.cpp)
NodeRef scalar(Scalar value, DType dtype, Device* device = nullptr);         // shape ()
NodeRef full(const Dims& shape, Scalar value, DType dtype, Device* device);  // a scalar, expanded
NodeRef iota(int64_t n, Device* device);                                     // int64 0..n-1, shape (n,)
NodeRef full_like(const NodeRef& x, Scalar value);                           // same shape, dtype, device

// ---- helpers used by all (primitives/broadcast.cpp)
Dims broadcast_shapes(const char* op, const Dims& a, const Dims& b);
NodeRef broadcast_to(const NodeRef& x, const Dims& shape);  // NumPy's rules
NodeRef sum_to(const NodeRef& g, const Dims& shape);        // the adjoint of broadcast_to
NodeRef cast(const NodeRef& x, DType dtype);                // primitives/cast.cpp; itself where nothing changes
NodeRef bitcast(const NodeRef& x, DType dtype);             // same width
NodeRef stop_gradient(const NodeRef& x);                    // same value, no gradient flows

// ---- elementwise (arithmetic.cpp, math.cpp, logic.cpp): tensors broadcast and promote
NodeRef add(const NodeRef&, const NodeRef&);
NodeRef sub(const NodeRef&, const NodeRef&);
NodeRef mul(const NodeRef&, const NodeRef&);
NodeRef div(const NodeRef&, const NodeRef&);        // true division; integers become the default float
NodeRef floor_div(const NodeRef&, const NodeRef&);  // NumPy semantics (floor), x // 0 == 0 for integers
NodeRef remainder(const NodeRef&, const NodeRef&);  // sign of the divisor, as Python
NodeRef fmod(const NodeRef&, const NodeRef&);       // sign of the dividend, as C
NodeRef pow(const NodeRef&, const NodeRef&);
NodeRef pow_int(const NodeRef&, int64_t exponent);  // structural exponent: 2 is x*x
NodeRef minimum(const NodeRef&, const NodeRef&);    // NaN propagates
NodeRef maximum(const NodeRef&, const NodeRef&);
NodeRef atan2(const NodeRef&, const NodeRef&);
NodeRef hypot(const NodeRef&, const NodeRef&);
NodeRef logaddexp(const NodeRef&, const NodeRef&);
NodeRef copysign(const NodeRef&, const NodeRef&);
NodeRef nextafter(const NodeRef&, const NodeRef&);
NodeRef fma(const NodeRef& a, const NodeRef& b, const NodeRef& c);

NodeRef neg(const NodeRef&);
NodeRef abs(const NodeRef&);  // real for complex
NodeRef sign(const NodeRef&);
NodeRef square(const NodeRef&);
NodeRef sqrt(const NodeRef&);
NodeRef rsqrt(const NodeRef&);
NodeRef reciprocal(const NodeRef&);
NodeRef exp(const NodeRef&);
NodeRef exp2(const NodeRef&);
NodeRef expm1(const NodeRef&);
NodeRef log(const NodeRef&);
NodeRef log1p(const NodeRef&);
NodeRef log2(const NodeRef&);
NodeRef log10(const NodeRef&);
NodeRef sin(const NodeRef&);
NodeRef cos(const NodeRef&);
NodeRef tan(const NodeRef&);
NodeRef asin(const NodeRef&);
NodeRef acos(const NodeRef&);
NodeRef atan(const NodeRef&);
NodeRef sinh(const NodeRef&);
NodeRef cosh(const NodeRef&);
NodeRef tanh(const NodeRef&);
NodeRef asinh(const NodeRef&);
NodeRef acosh(const NodeRef&);
NodeRef atanh(const NodeRef&);
NodeRef erf(const NodeRef&);
NodeRef sigmoid(const NodeRef&);
NodeRef relu(const NodeRef&);
NodeRef floor(const NodeRef&);  // integers unchanged
NodeRef ceil(const NodeRef&);
NodeRef trunc(const NodeRef&);
NodeRef round(const NodeRef&);  // half to even
NodeRef real(const NodeRef&);
NodeRef imag(const NodeRef&);
NodeRef conj(const NodeRef&);
NodeRef make_complex(const NodeRef& re, const NodeRef& im);
NodeRef isnan(const NodeRef&);
NodeRef isinf(const NodeRef&);
NodeRef isfinite(const NodeRef&);
NodeRef signbit(const NodeRef&);

NodeRef less(const NodeRef&, const NodeRef&);
NodeRef less_equal(const NodeRef&, const NodeRef&);
NodeRef greater(const NodeRef&, const NodeRef&);
NodeRef greater_equal(const NodeRef&, const NodeRef&);
NodeRef equal(const NodeRef&, const NodeRef&);
NodeRef not_equal(const NodeRef&, const NodeRef&);
NodeRef logical_and(const NodeRef&, const NodeRef&);  // any dtype, as x != 0
NodeRef logical_or(const NodeRef&, const NodeRef&);
NodeRef logical_xor(const NodeRef&, const NodeRef&);
NodeRef logical_not(const NodeRef&);
NodeRef bitwise_and(const NodeRef&, const NodeRef&);  // bool and integers
NodeRef bitwise_or(const NodeRef&, const NodeRef&);
NodeRef bitwise_xor(const NodeRef&, const NodeRef&);
NodeRef bitwise_not(const NodeRef&);
NodeRef left_shift(const NodeRef&, const NodeRef&);
NodeRef right_shift(const NodeRef&, const NodeRef&);
NodeRef where(const NodeRef& condition, const NodeRef& a, const NodeRef& b);
NodeRef clip(const NodeRef& x, const NodeRef& lo, const NodeRef& hi);  // either may be null

// ---- movement (movement.cpp, window.cpp)
NodeRef reshape(const NodeRef&, Dims shape);  // one -1 allowed
NodeRef permute(const NodeRef&, const Dims& axes);
NodeRef expand_dims(const NodeRef&, int64_t axis);
NodeRef squeeze(const NodeRef&, const Dims& axes);
NodeRef slice(const NodeRef&, const Dims& start, const Dims& size, const Dims& step);  // element start + i * step; step may be negative
NodeRef flip(const NodeRef&, const Dims& axes);
NodeRef pad(const NodeRef&, const Dims& lo, const Dims& hi, const Dims& interior, Scalar fill);  // interior: places put between neighbours
NodeRef concat(const std::vector<NodeRef>&, int64_t axis);
NodeRef stack(const std::vector<NodeRef>&, int64_t axis);
// x[..., i, k, ...] with dimension `axis` replaced by (out, kernel): x[o * stride + k * dilation - lo], fill outside.
NodeRef window(const NodeRef& x, int64_t axis, int64_t out, int64_t kernel, int64_t stride, int64_t dilation, int64_t lo, Scalar fill);
// The adjoint of window: dimensions (out, kernel) at `axis` become one of length n; overlaps add.
NodeRef fold(const NodeRef& g, int64_t axis, int64_t n, int64_t stride, int64_t dilation, int64_t lo);

// ---- reductions (reduce.cpp); axes normalised; an empty list means none, use all_axes(x)
Dims all_axes(const NodeRef&);
NodeRef sum(const NodeRef&, const Dims& axes, bool keepdims = false);  // small integers and bool sum as int64 / uint64
NodeRef prod(const NodeRef&, const Dims& axes, bool keepdims = false);
NodeRef max(const NodeRef&, const Dims& axes, bool keepdims = false);
NodeRef min(const NodeRef&, const Dims& axes, bool keepdims = false);
NodeRef any(const NodeRef&, const Dims& axes, bool keepdims = false);
NodeRef all(const NodeRef&, const Dims& axes, bool keepdims = false);
NodeRef mean(const NodeRef&, const Dims& axes, bool keepdims = false);
NodeRef argmax(const NodeRef&, const Dims& axes, bool keepdims = false);  // row-major position within the axes, int64
NodeRef argmin(const NodeRef&, const Dims& axes, bool keepdims = false);

// ---- products (matmul.cpp, conv.cpp)
NodeRef matmul(const NodeRef&, const NodeRef&);  // NumPy's rules for 1-D and batches
// x (n, g, ci, spatial...), w (g, co, ci, kernel...) -> (n, g, co, out...). 1 to 3 spatial dimensions.
struct ConvShape {
  Dims stride, dilation, lo, hi;  // per spatial dimension; padding lo/hi
};
NodeRef conv(const NodeRef& x, const NodeRef& w, const ConvShape&);
NodeRef conv_input_grad(const NodeRef& gy, const NodeRef& w, const ConvShape&, const Dims& spatial);  // -> like x
NodeRef conv_weight_grad(const NodeRef& gy, const NodeRef& x, const ConvShape&, const Dims& kernel);  // -> like w

// ---- indexing (gather.cpp, scatter.cpp)
// x with dimensions [axis, axis + k) replaced by the shape of the (broadcast) index tensors: x[..., i0, i1, ...]. Negative indices count
// from the end. checked: indices are known to be in bounds already.
NodeRef gather(const NodeRef& x, const std::vector<NodeRef>& indices, int64_t axis, bool checked = false);
NodeRef take_along(const NodeRef& x, const NodeRef& indices, int64_t axis, bool checked = false);
enum class Scatter : int { set, sum, prod, max, min };
// base[i0, i1, ..., rest] combined with values, at leading dimensions; values: index shape + rest.
NodeRef scatter(const NodeRef& base, const std::vector<NodeRef>& indices, const NodeRef& values, Scatter op, bool checked = false);
// The counterpart of take_along: along one axis, at one index for each value.
NodeRef scatter_along(const NodeRef& base, const NodeRef& indices, const NodeRef& values, int64_t axis, Scatter op, bool checked = false);

// ---- order and scans (sort.cpp, scan.cpp)
NodeRef argsort(const NodeRef&, int64_t axis, bool descending);  // stable
NodeRef sort(const NodeRef&, int64_t axis, bool descending);
enum class Scan : int { sum, prod, max, min };
NodeRef scan(const NodeRef&, int64_t axis, Scan op, bool reverse = false);       // inclusive
NodeRef searchsorted(const NodeRef& sorted, const NodeRef& values, bool right);  // sorted is 1-D

// ---- random (random.cpp): Philox 4x32-10. key and counter are uint64 scalars.
NodeRef random_bits(const Dims& shape, const NodeRef& key, const NodeRef& counter, int word = 0);    // uint32
NodeRef random_uniform(const Dims& shape, DType dtype, const NodeRef& key, const NodeRef& counter);  // [0, 1)
NodeRef random_normal(const Dims& shape, DType dtype, const NodeRef& key, const NodeRef& counter);

}  // namespace weft::ops
