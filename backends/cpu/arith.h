// The scalar arithmetic that both the tile loops and the reductions are made of.
#pragma once

#include "scalar.h"

WEFT_ISA_BEGIN

// Signed integers wrap: compute in the unsigned type of the same width.
template <class T>
struct WrapOf {
  using Type = T;
};
template <>
struct WrapOf<int32_t> {
  using Type = uint32_t;
};
template <>
struct WrapOf<int64_t> {
  using Type = uint64_t;
};
template <class T>
using Wrap = typename WrapOf<T>::Type;

template <class T>
struct IntOf;
template <>
struct IntOf<float> {
  using Type = uint32_t;
};
template <>
struct IntOf<double> {
  using Type = uint64_t;
};

template <class T>
struct Add {
  static inline T apply(T a, T b) { return T(Wrap<T>(a) + Wrap<T>(b)); }
};
template <class T>
struct Sub {
  static inline T apply(T a, T b) { return T(Wrap<T>(a) - Wrap<T>(b)); }
};
template <class T>
struct Mul {
  static inline T apply(T a, T b) { return T(Wrap<T>(a) * Wrap<T>(b)); }
};
template <class T>
struct Neg {
  static inline T apply(T a) {
    if constexpr (is_float_type<T>::value) return -a;
    else return T(Wrap<T>(0) - Wrap<T>(a));
  }
};
template <class T>
struct Abs {
  static inline T apply(T a) {
    if constexpr (is_same_type<T, float>::value) return __builtin_fabsf(a);
    else if constexpr (is_same_type<T, double>::value) return __builtin_fabs(a);
    else return a < T(0) ? Neg<T>::apply(a) : a;
  }
};

// Integers: a zero divisor gives 0, and the one quotient that overflows wraps.
template <class T>
struct Div {
  static inline T apply(T a, T b) {
    if constexpr (is_float_type<T>::value) return a / b;
    else if (b == 0) return 0;
    else if (T(-1) < T(0) && b == T(-1)) return Neg<T>::apply(a);
    else return T(a / b);
  }
};
template <class T>
struct Rem {
  static inline T apply(T a, T b) {
    if constexpr (is_same_type<T, float>::value) return __builtin_fmodf(a, b);
    else if constexpr (is_same_type<T, double>::value) return __builtin_fmod(a, b);
    else if (b == 0 || (T(-1) < T(0) && b == T(-1))) return 0;
    else return T(a % b);
  }
};

// NaN if either is; of two zeros max takes +0 and min -0, so neither depends on the order of its operands.
template <class T>
struct Max {
  static inline T apply(T a, T b) {
    if constexpr (is_float_type<T>::value) {
      using U = typename IntOf<T>::Type;
      const T same = bit_cast<T>(U(bit_cast<U>(a) & bit_cast<U>(b)));
      const T larger = a > b ? a : b;
      const T ordered = a == b ? same : larger;
      return a != a || b != b ? a + b : ordered;
    } else {
      return a > b ? a : b;
    }
  }
};
template <class T>
struct Min {
  static inline T apply(T a, T b) {
    if constexpr (is_float_type<T>::value) {
      using U = typename IntOf<T>::Type;
      const T same = bit_cast<T>(U(bit_cast<U>(a) | bit_cast<U>(b)));
      const T smaller = a < b ? a : b;
      const T ordered = a == b ? same : smaller;
      return a != a || b != b ? a + b : ordered;
    } else {
      return a < b ? a : b;
    }
  }
};

template <class T>
struct Or {
  static inline T apply(T a, T b) { return T(a | b); }
};
template <class T>
struct And {
  static inline T apply(T a, T b) { return T(a & b); }
};
template <class T>
struct Xor {
  static inline T apply(T a, T b) { return T(a ^ b); }
};

template <class T>
struct Fma {
  static inline T apply(T a, T b, T c) {
    if constexpr (is_same_type<T, float>::value) return __builtin_fmaf(a, b, c);
    else return __builtin_fma(a, b, c);
  }
};

template <class T>
struct Floor {
  static inline T apply(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_floorf(a);
    else return __builtin_floor(a);
  }
};
template <class T>
struct Ceil {
  static inline T apply(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_ceilf(a);
    else return __builtin_ceil(a);
  }
};
template <class T>
struct Trunc {
  static inline T apply(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_truncf(a);
    else return __builtin_trunc(a);
  }
};
template <class T>
struct Rint {
  static inline T apply(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_rintf(a);
    else return __builtin_rint(a);
  }
};
template <class T>
struct Sqrt {
  static inline T apply(T a) {
    if constexpr (sizeof(T) == 4) return __builtin_sqrtf(a);
    else return __builtin_sqrt(a);
  }
};

WEFT_ISA_END
