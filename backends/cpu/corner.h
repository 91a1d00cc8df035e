// Transposes 8x8 corners in registers, for code that moves data between row-dense and column-dense layouts.
#pragma once

#include "scalar.h"

WEFT_ISA_BEGIN

constexpr int64_t corner = 8;

// to[j * to_stride + i] = load(from[i * from_stride + j]) for i, j < 8. `Load` converts one S to a T.
template <class S, class T, class Load>
static inline void move_corner(T* to, int64_t to_stride, const S* const (&from)[corner], Load load) {
  if constexpr (sizeof(T) == 4) {
    typedef T V __attribute__((vector_size(32)));
    V r[8], s[8];
    for (int i = 0; i < 8; ++i) {
      T line[8];
      for (int j = 0; j < 8; ++j) line[j] = load(from[i][j]);
      __builtin_memcpy(&r[i], line, sizeof line);
    }
    // Interleave pairs of rows, then pairs of pairs, then halves.
    for (int i = 0; i < 8; i += 2) {
      s[i] = __builtin_shufflevector(r[i], r[i + 1], 0, 8, 1, 9, 4, 12, 5, 13);
      s[i + 1] = __builtin_shufflevector(r[i], r[i + 1], 2, 10, 3, 11, 6, 14, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
      for (int h = 0; h < 2; ++h) {
        r[i + 2 * h] = __builtin_shufflevector(s[i + h], s[i + 2 + h], 0, 1, 8, 9, 4, 5, 12, 13);
        r[i + 2 * h + 1] = __builtin_shufflevector(s[i + h], s[i + 2 + h], 2, 3, 10, 11, 6, 7, 14, 15);
      }
    for (int i = 0; i < 4; ++i) {
      s[i] = __builtin_shufflevector(r[i], r[i + 4], 0, 1, 2, 3, 8, 9, 10, 11);
      s[i + 4] = __builtin_shufflevector(r[i], r[i + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
    for (int j = 0; j < 8; ++j) __builtin_memcpy(to + j * to_stride, &s[j], sizeof(V));
  } else {
    for (int64_t i = 0; i < corner; ++i)
      for (int64_t j = 0; j < corner; ++j) to[j * to_stride + i] = load(from[i][j]);
  }
}

WEFT_ISA_END
