// Conversions between register types: cast, bits, narrow.
#include "tile.h"

WEFT_ISA_BEGIN

namespace {

// Float to integer truncates. What is out of range is clamped first, because the machine's own answer for it differs between
// vector and scalar instructions, and no bit may depend on where in a tile an element lies. NaN becomes 0.
template <class F>
inline int64_t float_to_i64(F x) {
  constexpr F low = F(-0x1p63), high = sizeof(F) == 4 ? F(0x1.fffffep62) : F(0x1.fffffffffffffp62);
  const F clamped = x < low ? low : x > high ? high : x;
  return int64_t(x != x ? F(0) : clamped);
}
template <class F>
inline int32_t float_to_i32(F x) {
  constexpr F low = F(-0x1p31), high = sizeof(F) == 4 ? F(0x1.fffffep30) : F(0x1.fffffffcp30);
  const F clamped = x < low ? low : x > high ? high : x;
  return int32_t(x != x ? F(0) : clamped);
}
template <class F>
inline uint64_t float_to_u64(F x) {
  // The upper half of the range is converted less 2^63; below it the signed conversion wraps, as C programs are used to.
  const bool upper = x >= F(0x1p63);
  return uint64_t(float_to_i64(upper ? x - F(0x1p63) : x)) + (upper ? uint64_t(1) << 63 : 0);
}

template <class R, class A>
struct Cast {
  static inline R apply(A a) {
    if constexpr (is_same_type<R, uint8_t>::value) return a != A(0);
    else if constexpr (!is_float_type<A>::value || is_float_type<R>::value) return R(a);
    else if constexpr (is_same_type<R, int32_t>::value) return float_to_i32(a);
    else if constexpr (is_same_type<R, uint64_t>::value) return float_to_u64(a);
    else return R(float_to_i64(a));
  }
};

template <class T>
struct Copy {
  static inline T apply(T a) { return a; }
};

template <class T, class S>
struct NarrowInt {
  static inline T apply(T a) { return T(S(a)); }
};
template <class T>
struct NarrowHalf {
  static inline T apply(T a) {
    if constexpr (sizeof(T) == 8) return half_to_float(float_to_half(to_float_odd(a)));
    else return half_to_float(float_to_half(a));
  }
};
template <class T>
struct NarrowBfloat {
  static inline T apply(T a) {
    if constexpr (sizeof(T) == 8) return bfloat_to_float(float_to_bfloat(to_float_odd(a)));
    else return bfloat_to_float(float_to_bfloat(a));
  }
};
struct NarrowFloat {
  static inline double apply(double a) { return float(a); }
};

TileFn copy(int type) {
  switch (storage_size(type)) {
    case 1: return unary_tile<Copy<uint8_t>, uint8_t, uint8_t>;
    case 4: return unary_tile<Copy<uint32_t>, uint32_t, uint32_t>;
    default: return unary_tile<Copy<uint64_t>, uint64_t, uint64_t>;
  }
}

template <class T>
TileFn narrow_to(int storage, int type) {
  if constexpr (is_float_type<T>::value) {
    if (storage == WEFT_F16) return unary_tile<NarrowHalf<T>, T, T>;
    if (storage == WEFT_BF16) return unary_tile<NarrowBfloat<T>, T, T>;
    if (storage == WEFT_F32) return sizeof(T) == 8 ? unary_tile<NarrowFloat, double, double> : copy(type);
    return storage == WEFT_F64 ? copy(type) : nullptr;
  } else {
    if (is_float(storage)) return nullptr;
    switch (storage) {
      case WEFT_I8: return unary_tile<NarrowInt<T, int8_t>, T, T>;
      case WEFT_I16: return unary_tile<NarrowInt<T, int16_t>, T, T>;
      case WEFT_I32: return unary_tile<NarrowInt<T, int32_t>, T, T>;
      case WEFT_U8: return unary_tile<NarrowInt<T, uint8_t>, T, T>;
      case WEFT_U16: return unary_tile<NarrowInt<T, uint16_t>, T, T>;
      case WEFT_U32: return unary_tile<NarrowInt<T, uint32_t>, T, T>;
      default: return copy(type);
    }
  }
}

}  // namespace

TileFn find_cast(const FindArgs& q) {
  if (!is_register(q.type) || !is_register(q.operand_type)) return nullptr;
  switch (q.op) {
    case Op::cast:
      return with_register<TileFn>(
          q.type, [&]<class R>() -> TileFn { return with_register<TileFn>(q.operand_type, []<class A>() -> TileFn { return unary_tile<Cast<R, A>, R, A>; }); });
    case Op::bits: return storage_size(q.type) == storage_size(q.operand_type) ? copy(q.type) : nullptr;
    case Op::narrow:
      if (q.type != q.operand_type || !is_storage(q.imm)) return nullptr;
      return with_register<TileFn>(q.type, [&]<class T>() -> TileFn { return narrow_to<T>(q.imm, q.type); });
    default: return nullptr;
  }
}

WEFT_ISA_END
