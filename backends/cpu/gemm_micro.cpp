// The innermost block of a contraction: rows x columns accumulators held in registers while k passes by. This file alone is
// compiled with contraction on, so that multiply and add fuse where the instruction set can.
#include "scalar.h"

WEFT_ISA_BEGIN

namespace {

#if defined(__AVX512F__)
constexpr int vector_bytes = 64, best_rows = 14;
#elif defined(__AVX2__)
constexpr int vector_bytes = 32, best_rows = 6;
#else
constexpr int vector_bytes = 16, best_rows = 6;
#endif

template <class T>
struct Vector {
  typedef T Type __attribute__((vector_size(vector_bytes), aligned(sizeof(T)), may_alias));
  static constexpr int lanes = vector_bytes / int(sizeof(T));
};

template <class T, int Rows, int Vectors>
void micro(int64_t depth, const void* a, const void* b, const int64_t* b_rows, void* c, int64_t ldc, bool accumulate) {
  using V = typename Vector<T>::Type;
  constexpr int lanes = Vector<T>::lanes;
  const T* pa = static_cast<const T*>(a);
  const T* pb = static_cast<const T*>(b);
  T* pc = static_cast<T*>(c);
  V acc[Rows][Vectors];
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) acc[i][j] = accumulate ? *reinterpret_cast<const V*>(pc + i * ldc + j * lanes) : V{};
  for (int64_t k = 0; k < depth; ++k) {
    const T* line = pb + b_rows[k];
    V row[Vectors];
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) row[j] = *reinterpret_cast<const V*>(line + j * lanes);
#pragma GCC unroll 16
    for (int i = 0; i < Rows; ++i) {
      const T x = pa[i];
#pragma GCC unroll 2
      for (int j = 0; j < Vectors; ++j) acc[i][j] = acc[i][j] + row[j] * x;
    }
    pa += Rows;
  }
#pragma GCC unroll 16
  for (int i = 0; i < Rows; ++i)
#pragma GCC unroll 2
    for (int j = 0; j < Vectors; ++j) *reinterpret_cast<V*>(pc + i * ldc + j * lanes) = acc[i][j];
}

template <class T, int Rows>
struct Fill {
  static void run(MicroKernels& k) {
    k.full[Rows] = micro<T, Rows, 2>;
    k.half[Rows] = micro<T, Rows, 1>;
    if constexpr (Rows > 1) Fill<T, Rows - 1>::run(k);
  }
};

template <class T, int Rows>
MicroKernels kernels() {
  MicroKernels k;
  k.rows = Rows;
  k.columns = 2 * Vector<T>::lanes;
  Fill<T, Rows>::run(k);
  return k;
}

}  // namespace

MicroKernels find_micro(int type) {
  switch (type) {
    case WEFT_F32: return kernels<float, best_rows>();
    case WEFT_F64: return kernels<double, best_rows>();
    case WEFT_I32:
    case WEFT_U32: return kernels<uint32_t, 4>();
    case WEFT_I64:
    case WEFT_U64: return kernels<uint64_t, 4>();
    default: return {};
  }
}

WEFT_ISA_END
