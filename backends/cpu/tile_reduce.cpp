// Reductions along a row: element i of the row is combined into lane i % 64, in order.
#include "arith.h"

WEFT_ISA_BEGIN

namespace {

template <class F, class T>
void fold(void* acc, const void* src, int64_t n) {
  T* lanes = static_cast<T*>(acc);
  const T* s = static_cast<const T*>(src);
  int64_t i = 0;
  if (n >= reduce_lanes) {
    T local[reduce_lanes];  // in vector registers while the tile passes by
    for (int64_t l = 0; l < reduce_lanes; ++l) local[l] = lanes[l];
    for (; i + reduce_lanes <= n; i += reduce_lanes)
      for (int64_t l = 0; l < reduce_lanes; ++l) local[l] = F::apply(local[l], s[i + l]);
    for (int64_t l = 0; l < reduce_lanes; ++l) lanes[l] = local[l];
  }
  for (int64_t l = 0; l < n - i; ++l) lanes[l] = F::apply(lanes[l], s[i + l]);
}

// Does b replace a, where a comes first? The first NaN beats everything.
template <class T>
struct Greater {
  static inline bool apply(T a, T b) { return b > a || (b != b && a == a); }
};
template <class T>
struct Less {
  static inline bool apply(T a, T b) { return b < a || (b != b && a == a); }
};

template <class Better, class T>
void arg_step(void* best, int64_t* at, const void* src, int64_t k, int64_t n) {
  T* b = static_cast<T*>(best);
  const T* s = static_cast<const T*>(src);
  WEFT_INDEPENDENT
  for (int64_t i = 0; i < n; ++i) {
    const bool better = Better::apply(b[i], s[i]);
    b[i] = better ? s[i] : b[i];
    at[i] = better ? k : at[i];
  }
}

template <class Better, class T>
void arg_fold(void* best, int64_t* at, const void* src, int64_t first, int64_t n) {
  T* b = static_cast<T*>(best);
  const T* s = static_cast<const T*>(src);
  for (int64_t i = 0; i < n; i += reduce_lanes) {
    const int64_t width = n - i < reduce_lanes ? n - i : reduce_lanes;
    WEFT_INDEPENDENT
    for (int64_t l = 0; l < width; ++l) {
      const bool better = Better::apply(b[l], s[i + l]);
      b[l] = better ? s[i + l] : b[l];
      at[l] = better ? first + i + l : at[l];
    }
  }
}

template <class Better, class T>
void arg_merge(void* best, int64_t* at, const void* other, const int64_t* other_at, int64_t n) {
  T* b = static_cast<T*>(best);
  const T* o = static_cast<const T*>(other);
  for (int64_t i = 0; i < n; ++i) {
    const bool worse = Better::apply(o[i], b[i]);
    const bool better = Better::apply(b[i], o[i]) || (!worse && other_at[i] < at[i]);
    b[i] = better ? o[i] : b[i];
    at[i] = better ? other_at[i] : at[i];
  }
}

template <template <class> class F>
FoldFn fold_of(int type) {
  return with_register<FoldFn>(type, []<class T>() -> FoldFn { return fold<F<T>, T>; });
}

template <template <class> class Better>
ArgReduceFns arg_reduce_of(int type) {
  return with_register<ArgReduceFns>(type, []<class T>() -> ArgReduceFns { return {arg_fold<Better<T>, T>, arg_step<Better<T>, T>, arg_merge<Better<T>, T>}; });
}

}  // namespace

FoldFn find_fold(Op op, int type) {
  switch (op) {
    case Op::reduce_sum: return fold_of<Add>(type);
    case Op::reduce_prod: return fold_of<Mul>(type);
    case Op::reduce_max: return fold_of<Max>(type);
    case Op::reduce_min: return fold_of<Min>(type);
    case Op::reduce_any: return type == WEFT_BOOL ? fold<Or<uint8_t>, uint8_t> : nullptr;
    case Op::reduce_all: return type == WEFT_BOOL ? fold<And<uint8_t>, uint8_t> : nullptr;
    default: return nullptr;
  }
}

ArgReduceFns find_arg_reduce(Op op, int type) {
  if (op == Op::reduce_argmax) return arg_reduce_of<Greater>(type);
  if (op == Op::reduce_argmin) return arg_reduce_of<Less>(type);
  return {};
}

WEFT_ISA_END
