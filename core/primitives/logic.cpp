// Comparisons, logic, bits, and questions about floats. Nothing here has a gradient.
#include "primitives/helpers.h"

namespace weft {

Ex signbit(Ex a) {
  if (!is_float(a.type())) return is_signed_int(a.type()) ? a < 0 : a != a;
  return bits(a.type() == DType::f64 ? DType::i64 : DType::i32, a) < 0;
}

namespace ops {

// ---- comparisons

static const Map kLess("less", 1, nullptr, [](Ex a, Ex b) { return a < b; });
NodeRef less(const NodeRef& a, const NodeRef& b) { return map_test(kLess, {a, b}); }

static const Map kLessEqual("less_equal", 1, nullptr, [](Ex a, Ex b) { return a <= b; });
NodeRef less_equal(const NodeRef& a, const NodeRef& b) { return map_test(kLessEqual, {a, b}); }

static const Map kGreater("greater", 1, nullptr, [](Ex a, Ex b) { return a > b; });
NodeRef greater(const NodeRef& a, const NodeRef& b) { return map_test(kGreater, {a, b}); }

static const Map kGreaterEqual("greater_equal", 1, nullptr, [](Ex a, Ex b) { return a >= b; });
NodeRef greater_equal(const NodeRef& a, const NodeRef& b) { return map_test(kGreaterEqual, {a, b}); }

static const Map kEqual("equal", 1, nullptr, [](auto a, auto b) { return a == b; });
NodeRef equal(const NodeRef& a, const NodeRef& b) { return map_test(kEqual, {a, b}); }

static const Map kNotEqual("not_equal", 1, nullptr, [](auto a, auto b) { return a != b; });
NodeRef not_equal(const NodeRef& a, const NodeRef& b) { return map_test(kNotEqual, {a, b}); }

// ---- logic: whatever is not 0 is true

static const Map kLogicalAnd("logical_and", 1, nullptr, [](Ex a, Ex b) { return a & b; });
NodeRef logical_and(const NodeRef& a, const NodeRef& b) { return map_node(kLogicalAnd, {a, b}, DType::b1, DType::b1); }

static const Map kLogicalOr("logical_or", 1, nullptr, [](Ex a, Ex b) { return a | b; });
NodeRef logical_or(const NodeRef& a, const NodeRef& b) { return map_node(kLogicalOr, {a, b}, DType::b1, DType::b1); }

static const Map kLogicalXor("logical_xor", 1, nullptr, [](Ex a, Ex b) { return a ^ b; });
NodeRef logical_xor(const NodeRef& a, const NodeRef& b) { return map_node(kLogicalXor, {a, b}, DType::b1, DType::b1); }

static const Map kLogicalNot("logical_not", 1, nullptr, [](Ex a) { return ~a; });
NodeRef logical_not(const NodeRef& x) { return map_node(kLogicalNot, {x}, DType::b1, DType::b1); }

// ---- bits

static NodeRef map_bits(const Map& prim, Inputs inputs) {
  const DType dtype = common_dtype(inputs);
  if (is_inexact(dtype)) {
    if (inputs.size() == 2 && !is_inexact(inputs[0]->dtype) && !is_inexact(inputs[1]->dtype))
      raise(Error::type, prim.name, ": no integer type holds both ", name(inputs[0]->dtype), " and ", name(inputs[1]->dtype), "; cast one first");
    refuse(prim.name, dtype, "it works on bool and integers");
  }
  return map_node(prim, std::move(inputs), dtype, dtype);
}

static NodeRef map_shift(const Map& prim, const NodeRef& a, const NodeRef& b) {
  const bool bools = a->dtype == DType::b1 && b->dtype == DType::b1;  // NumPy shifts them as int8
  return bools ? map_bits(prim, {cast(a, DType::i8), cast(b, DType::i8)}) : map_bits(prim, {a, b});
}

static const Map kBitwiseAnd("bitwise_and", 1, nullptr, [](Ex a, Ex b) { return a & b; });
NodeRef bitwise_and(const NodeRef& a, const NodeRef& b) { return map_bits(kBitwiseAnd, {a, b}); }

static const Map kBitwiseOr("bitwise_or", 1, nullptr, [](Ex a, Ex b) { return a | b; });
NodeRef bitwise_or(const NodeRef& a, const NodeRef& b) { return map_bits(kBitwiseOr, {a, b}); }

static const Map kBitwiseXor("bitwise_xor", 1, nullptr, [](Ex a, Ex b) { return a ^ b; });
NodeRef bitwise_xor(const NodeRef& a, const NodeRef& b) { return map_bits(kBitwiseXor, {a, b}); }

static const Map kBitwiseNot("bitwise_not", 1, nullptr, [](Ex a) { return ~a; });
NodeRef bitwise_not(const NodeRef& x) { return map_bits(kBitwiseNot, {x}); }

static const Map kLeftShift("left_shift", 1, nullptr, [](Ex a, Ex b) { return a << b; });
NodeRef left_shift(const NodeRef& a, const NodeRef& b) { return map_shift(kLeftShift, a, b); }

static const Map kRightShift("right_shift", 1, nullptr, [](Ex a, Ex b) { return a >> b; });
NodeRef right_shift(const NodeRef& a, const NodeRef& b) { return map_shift(kRightShift, a, b); }

// ---- questions; integers answer at once

static NodeRef question(const Map& prim, const NodeRef& x, bool of_integers) {
  return is_inexact(x->dtype) ? map_test(prim, {x}) : full(x->shape, Scalar::of(of_integers), DType::b1, x->device);
}

static const Map kIsnan("isnan", 1, nullptr, [](auto a) { return isnan(a); });
NodeRef isnan(const NodeRef& x) { return question(kIsnan, x, false); }

static const Map kIsinf("isinf", 1, nullptr, [](auto a) { return isinf(a); });
NodeRef isinf(const NodeRef& x) { return question(kIsinf, x, false); }

static const Map kIsfinite("isfinite", 1, nullptr, [](auto a) { return isfinite(a); });
NodeRef isfinite(const NodeRef& x) { return question(kIsfinite, x, true); }

static const Map kSignbit("signbit", 1, nullptr, [](Ex a) { return signbit(a); });
NodeRef signbit(const NodeRef& x) { return is_signed_int(x->dtype) ? map_test(kSignbit, {x}) : question(kSignbit, x, false); }

}  // namespace ops
}  // namespace weft
