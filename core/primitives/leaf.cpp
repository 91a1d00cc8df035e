// Values at hand: scalars and coordinates. The lowering knows both by name.
#include <cmath>

#include "primitives/helpers.h"

namespace weft {

// The nearest value with `precision` bits and exponents from `lowest`, to even.
static double round_float(double v, int precision, int lowest, double largest) {
  if (v == 0 || !std::isfinite(v)) return v;
  const int unit = std::max(std::ilogb(v), lowest) - precision + 1;
  const double rounded = std::ldexp(std::nearbyint(std::ldexp(v, -unit)), unit);
  return std::abs(rounded) > largest ? std::copysign(kInf, v) : rounded;
}

// A register must hold what memory would: otherwise storing the scalar would change the bits of what follows.
Scalar rounded_to(Scalar value, DType dtype) {
  auto wrap = [&]<class T>(T) { return Scalar::of(int64_t(T(value.bits(DType::i64)))); };
  switch (dtype) {
    case DType::i8: return wrap(int8_t());
    case DType::i16: return wrap(int16_t());
    case DType::u8: return wrap(uint8_t());
    case DType::u16: return wrap(uint16_t());
    case DType::f16: return Scalar::of(round_float(value.as_double(), 11, -14, 65504));
    case DType::bf16: return Scalar::of(round_float(value.as_double(), 8, -126, 0x1.fep127));
    default: return value;
  }
}

namespace ops {

static const Primitive kScalar{.name = "scalar", .kind = Primitive::leaf, .weight = 0};
static const Register kScalarEntry(kScalar);

NodeRef scalar(Scalar value, DType dtype, Device* device) {
  if (value.kind == Scalar::complex && !is_complex(dtype))
    raise(Error::type, "scalar: a complex number does not fit ", name(dtype), "; use complex64 or complex128");
  return make_node(kScalar, {}, dtype, {}, {}, rounded_to(value, dtype), device);
}

NodeRef full(const Dims& shape, Scalar value, DType dtype, Device* device) { return broadcast_to(scalar(value, dtype, device), shape); }

NodeRef full_like(const NodeRef& x, Scalar value) { return full(x->shape, value, x->dtype, x->device); }

static const Primitive kIota{.name = "iota", .kind = Primitive::leaf};
static const Register kIotaEntry(kIota);

NodeRef iota(int64_t n, Device* device) { return make_node(kIota, {n}, DType::i64, {}, {}, {}, device); }

}  // namespace ops
}  // namespace weft
