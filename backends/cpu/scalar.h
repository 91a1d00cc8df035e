// Scalar helpers of the instruction-set builds: all `static inline`, branch-free where they run in vector loops.
#pragma once

#include "isa_unit.h"

WEFT_ISA_BEGIN

template <class To, class From>
static inline To bit_cast(From from) {
  static_assert(sizeof(To) == sizeof(From));
  return __builtin_bit_cast(To, from);
}

static inline float half_to_float(uint16_t h) {
  // Shift exponent and mantissa into place, then let a multiplication by 2^112 fix the bias; that also normalises subnormals.
  const uint32_t magnitude = (h & 0x7fffu) << 13;
  const uint32_t finite = bit_cast<uint32_t>(bit_cast<float>(magnitude) * 0x1p112f);
  const uint32_t special = magnitude | 0x7f800000u;  // infinity and NaN keep their mantissa
  const uint32_t bits = magnitude >= (0x7c00u << 13) ? special : finite;
  return bit_cast<float>(bits | (uint32_t(h & 0x8000u) << 16));
}

static inline uint16_t float_to_half(float x) {
  const uint32_t bits = bit_cast<uint32_t>(x);
  const uint32_t a = bits & 0x7fffffffu;
  // Normal: add just under half a unit (plus the odd bit), then rebias. Values from 65520 carry into infinity.
  const uint32_t normal = (a + 0xfffu + ((a >> 13) & 1u) - (112u << 23)) >> 13;
  // Subnormal: adding 1/2 makes the addition itself round to 2^-24.
  const uint32_t tiny = bit_cast<uint32_t>(bit_cast<float>(a) + 0.5f) - 0x3f000000u;
  uint32_t h = a < 0x38800000u ? tiny : normal;
  h = a >= 0x47800000u ? 0x7c00u : h;
  h = a > 0x7f800000u ? (0x7e00u | ((a >> 13) & 0x3ffu)) : h;
  return uint16_t(h | ((bits >> 16) & 0x8000u));
}

static inline float bfloat_to_float(uint16_t b) { return bit_cast<float>(uint32_t(b) << 16); }

static inline uint16_t float_to_bfloat(float x) {
  const uint32_t bits = bit_cast<uint32_t>(x);
  const uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const uint32_t nan = (bits >> 16) | 0x40u;
  return uint16_t((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

// Double to float rounded to odd: rounding the result once more, to a narrower type, is then as good as rounding once.
static inline float to_float_odd(double x) {
  const float f = float(x);
  const uint32_t bits = bit_cast<uint32_t>(f);
  const double back = f;
  if (!(back != x) || x != x || (bits & 1u)) return f;
  // f was rounded to an even neighbour; step towards x.
  const bool away = (back > x) == (back > 0);
  return bit_cast<float>(away ? bits - 1u : bits + 1u);
}

// Storage types, as C++ types that know their register type.
struct Half {
  uint16_t bits;
};
struct Bfloat {
  uint16_t bits;
};

template <class S>
struct StorageOf {
  using Register = S;
  static inline S load(S x) { return x; }
};
template <>
struct StorageOf<int8_t> {
  using Register = int32_t;
  static inline int32_t load(int8_t x) { return x; }
};
template <>
struct StorageOf<int16_t> {
  using Register = int32_t;
  static inline int32_t load(int16_t x) { return x; }
};
template <>
struct StorageOf<uint16_t> {
  using Register = uint32_t;
  static inline uint32_t load(uint16_t x) { return x; }
};
template <>
struct StorageOf<Half> {
  using Register = float;
  static inline float load(Half x) { return half_to_float(x.bits); }
};
template <>
struct StorageOf<Bfloat> {
  using Register = float;
  static inline float load(Bfloat x) { return bfloat_to_float(x.bits); }
};
// BOOL and U8 are both uint8_t in memory but differ as registers.
struct Byte {
  uint8_t value;
};
template <>
struct StorageOf<Byte> {
  using Register = uint32_t;
  static inline uint32_t load(Byte x) { return x.value; }
};

template <class T>
struct is_float_type {
  static constexpr bool value = false;
};
template <>
struct is_float_type<float> {
  static constexpr bool value = true;
};
template <>
struct is_float_type<double> {
  static constexpr bool value = true;
};
template <class A, class B>
struct is_same_type {
  static constexpr bool value = false;
};
template <class A>
struct is_same_type<A, A> {
  static constexpr bool value = true;
};

// Calls f.template operator()<S>() with the C++ type of a storage type.
template <class R, class F>
static inline R with_storage(int storage, F f) {
  switch (storage) {
    case WEFT_BOOL: return f.template operator()<uint8_t>();
    case WEFT_I8: return f.template operator()<int8_t>();
    case WEFT_I16: return f.template operator()<int16_t>();
    case WEFT_I32: return f.template operator()<int32_t>();
    case WEFT_I64: return f.template operator()<int64_t>();
    case WEFT_U8: return f.template operator()<Byte>();
    case WEFT_U16: return f.template operator()<uint16_t>();
    case WEFT_U32: return f.template operator()<uint32_t>();
    case WEFT_U64: return f.template operator()<uint64_t>();
    case WEFT_F16: return f.template operator()<Half>();
    case WEFT_BF16: return f.template operator()<Bfloat>();
    case WEFT_F32: return f.template operator()<float>();
    case WEFT_F64: return f.template operator()<double>();
    default: return R{};
  }
}

// The same with the C++ type of a register type.
template <class R, class F>
static inline R with_register(int type, F f) {
  switch (type) {
    case WEFT_BOOL: return f.template operator()<uint8_t>();
    case WEFT_I32: return f.template operator()<int32_t>();
    case WEFT_I64: return f.template operator()<int64_t>();
    case WEFT_U32: return f.template operator()<uint32_t>();
    case WEFT_U64: return f.template operator()<uint64_t>();
    case WEFT_F32: return f.template operator()<float>();
    case WEFT_F64: return f.template operator()<double>();
    default: return R{};
  }
}

WEFT_ISA_END
