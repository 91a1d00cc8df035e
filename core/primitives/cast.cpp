// Changes of type: by value, by bits, and none at all.
#include "primitives/helpers.h"

namespace weft {

// float16 as integers: a float32 register holds its value exactly, so only the exponent's bias and width change.
static Ex half_to_bits(Ex a) {
  const Ex word = bits(DType::u32, a), magnitude = word & 0x7fffffff;
  const Ex normal = (magnitude - (112 << 23)) >> 13;
  const Ex subnormal = to(DType::u32, abs(a) * 0x1p24);
  const Ex special = (magnitude >> 13 & 0x3ff) | 0x7c00;
  const Ex finite = select(abs(a) < 0x1p-14, subnormal, normal);
  return select(isfinite(a), finite, special) | (word >> 16 & 0x8000);
}

static Ex half_from_bits(Ex pattern) {
  const Ex magnitude = pattern & 0x7fff;
  const Ex normal = bits(DType::f32, (magnitude << 13) + (112 << 23));
  const Ex subnormal = to(DType::f32, magnitude) * 0x1p-24;
  const Ex special = bits(DType::f32, magnitude << 13 | 0x7f800000);
  const Ex value = select(magnitude < 0x400, subnormal, select(magnitude < 0x7c00, normal, special));
  return select((pattern & 0x8000) != 0, -value, value);
}

Ex to_bits(DType dtype, Ex a) {
  switch (dtype) {
    case DType::f16: return half_to_bits(a);
    case DType::bf16: return bits(DType::u32, a) >> 16;
    case DType::i8: return to(DType::u32, a) & 0xff;
    case DType::i16: return to(DType::u32, a) & 0xffff;
    case DType::f32: return bits(DType::u32, a);
    case DType::f64: return bits(DType::u64, a);
    default: return to(size_of(dtype) == 8 ? DType::u64 : DType::u32, a);
  }
}

Ex from_bits(DType dtype, Ex pattern) {
  switch (dtype) {
    case DType::f16: return half_from_bits(pattern);
    case DType::bf16: return bits(DType::f32, pattern << 16);
    case DType::f32:
    case DType::f64: return bits(dtype, pattern);
    default: return to(reg_type(dtype), pattern);  // the lowering wraps small integers
  }
}

namespace ops {

static const Map kCast(
    "cast", 1,
    [](const NodeRef& y, const NodeRef& g) {
      const DType dtype = in(y)->dtype;
      return Grads{cast(is_complex(dtype) ? g : real(g), dtype)};
    },
    [](Tape& t, const Node& node, const Val* x) -> Val {
      const DType from = node.inputs[0]->dtype, reg = reg_type(node.dtype);
      Ex re{&t, x[0].re};
      if (is_complex(node.dtype)) return Cx{to(reg, re), is_complex(from) ? to(reg, Ex{&t, x[0].im}) : Ex{&t, t.imm(reg, 0)}};
      if (is_complex(from)) return (re != 0) | (Ex{&t, x[0].im} != 0);                                  // to bool, or the rule had refused it
      if (is_float(from) && is_unsigned(node.dtype) && is_narrow(node.dtype)) re = to(DType::i32, re);  // so that -1.0 wraps as an integer does
      return to(reg, re);
    });

NodeRef cast(const NodeRef& x, DType dtype) {
  if (x->dtype == dtype) return x;
  if (is_complex(x->dtype) && !is_complex(dtype) && dtype != DType::b1)
    raise(Error::type, "cast: ", name(x->dtype), " to ", name(dtype), " would drop the imaginary part; use real(), imag() or abs()");
  return make_node(kCast, x->shape, dtype, {x});
}

static const Map kBitcast("bitcast", 1, nullptr, [](Tape& t, const Node& node, const Val* x) -> Val {
  const DType from = node.inputs[0]->dtype;
  const Ex a{&t, x[0].re};
  return from == DType::b1 ? to(reg_type(node.dtype), a) : from_bits(node.dtype, to_bits(from, a));
});

NodeRef bitcast(const NodeRef& x, DType dtype) {
  if (x->dtype == dtype) return x;
  if (size_of(x->dtype) != size_of(dtype))
    raise(Error::value, "bitcast: ", name(x->dtype), " has ", size_of(x->dtype), " bytes and ", name(dtype), " has ", size_of(dtype),
          "; the sizes must be equal");
  if (is_complex(x->dtype) || is_complex(dtype) || dtype == DType::b1)
    raise(Error::type, "bitcast: ", name(x->dtype), " to ", name(dtype), " is not defined; use cast, real() or imag()");
  return make_node(kBitcast, x->shape, dtype, {x});
}

static const Map kStopGradient("stop_gradient", 0, nullptr, [](Tape&, const Node&, const Val* x) { return x[0]; });

NodeRef stop_gradient(const NodeRef& x) { return x->requires_grad ? make_node(kStopGradient, x->shape, x->dtype, {x}) : x; }

}  // namespace ops
}  // namespace weft
