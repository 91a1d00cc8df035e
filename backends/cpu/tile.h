// The loops that run one scalar operation over a tile. An operation is a type with `static R apply(A, ...)`.
// Scalar operands are read once; each combination of tile and scalar operands is a loop of its own.
#pragma once

#include "scalar.h"

WEFT_ISA_BEGIN

template <class F, class R, class A>
static void unary_tile(void* dst, const void* a, const void*, const void*, int64_t n) {
  R* d = static_cast<R*>(dst);
  const A* x = static_cast<const A*>(a);
  WEFT_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) d[i] = F::apply(x[i]);
}

template <class F, class R, class A, bool ScalarA, bool ScalarB>
static void binary_tile(void* dst, const void* a, const void* b, const void*, int64_t n) {
  R* d = static_cast<R*>(dst);
  const A* x = static_cast<const A*>(a);
  const A* y = static_cast<const A*>(b);
  const A x0 = x[0], y0 = y[0];
  WEFT_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) d[i] = F::apply(ScalarA ? x0 : x[i], ScalarB ? y0 : y[i]);
}

template <class F, class R, class A, class B, bool ScalarA, bool ScalarB, bool ScalarC>
static void ternary_tile(void* dst, const void* a, const void* b, const void* c, int64_t n) {
  R* d = static_cast<R*>(dst);
  const A* x = static_cast<const A*>(a);
  const B* y = static_cast<const B*>(b);
  const B* z = static_cast<const B*>(c);
  const A x0 = x[0];
  const B y0 = y[0], z0 = z[0];
  WEFT_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) d[i] = F::apply(ScalarA ? x0 : x[i], ScalarB ? y0 : y[i], ScalarC ? z0 : z[i]);
}

// The loop for a mask of scalar operands. All of them scalar means n == 1, so any loop does.
template <class F, class R, class A>
static inline TileFn pick_binary(int scalars) {
  switch (scalars & 3) {
    case 1: return binary_tile<F, R, A, true, false>;
    case 2: return binary_tile<F, R, A, false, true>;
    default: return binary_tile<F, R, A, false, false>;
  }
}

template <class F, class R, class A, class B>
static inline TileFn pick_ternary(int scalars) {
  switch (scalars & 7) {
    case 1: return ternary_tile<F, R, A, B, true, false, false>;
    case 2: return ternary_tile<F, R, A, B, false, true, false>;
    case 3: return ternary_tile<F, R, A, B, true, true, false>;
    case 4: return ternary_tile<F, R, A, B, false, false, true>;
    case 5: return ternary_tile<F, R, A, B, true, false, true>;
    case 6: return ternary_tile<F, R, A, B, false, true, true>;
    default: return ternary_tile<F, R, A, B, false, false, false>;
  }
}

WEFT_ISA_END
