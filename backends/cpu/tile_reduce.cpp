// Reductions along a row: element i of the row is combined into lane i % 64, in order.
#include "arith.h"

WEFT_ISA_BEGIN

namespace {

template <class F, class T>
void fold(void* acc, const void* src, int64_t n, bool fresh) {
  T* lanes = static_cast<T*>(acc);
  const T* s = static_cast<const T*>(src);
  int64_t i = 0;
  if (n >= reduce_lanes) {
    T local[reduce_lanes];  // in vector registers while the tile passes by
    if (fresh) i = reduce_lanes;
    for (int64_t l = 0; l < reduce_lanes; ++l) local[l] = fresh ? s[l] : lanes[l];
    for (; i + reduce_lanes <= n; i += reduce_lanes)
      for (int64_t l = 0; l < reduce_lanes; ++l) local[l] = F::apply(local[l], s[i + l]);
    for (int64_t l = 0; l < reduce_lanes; ++l) lanes[l] = local[l];
  } else if (fresh) {
    for (int64_t l = 0; l < n; ++l) lanes[l] = s[l];
    return;
  }
  for (int64_t l = 0; l < n - i; ++l) lanes[l] = F::apply(lanes[l], s[i + l]);
}

// Halves the lanes until one is left: lane l takes lane l + width.
template <class F, class T, int64_t width>
inline void halve(T* lanes) {
  for (int64_t l = 0; l < width; ++l) lanes[l] = F::apply(lanes[l], lanes[l + width]);
  if constexpr (width > 1) halve<F, T, width / 2>(lanes);
}

template <class F, class T>
void tree(void* acc, int64_t count) {
  T* lanes = static_cast<T*>(acc);
  if (count == reduce_lanes) return halve<F, T, reduce_lanes / 2>(lanes);
  for (int64_t width = reduce_lanes / 2; width > 0; width /= 2)
    for (int64_t l = 0; l < width && l + width < count; ++l) lanes[l] = F::apply(lanes[l], lanes[l + width]);
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

// The extreme of a tile first, in lanes, then where it is: two quick passes.
template <class Better, class T>
void arg_fold(void* best, int64_t* at, const void* src, int64_t first, int64_t n) {
  const T* s = static_cast<const T*>(src);
  T extreme = s[0];
  int64_t i = 0;
  if (n >= reduce_lanes) {
    T local[reduce_lanes];
    for (int64_t l = 0; l < reduce_lanes; ++l) local[l] = s[l];
    for (i = reduce_lanes; i + reduce_lanes <= n; i += reduce_lanes)
      for (int64_t l = 0; l < reduce_lanes; ++l) local[l] = Better::apply(local[l], s[i + l]) ? s[i + l] : local[l];
    for (int64_t l = 0; l < reduce_lanes; ++l) extreme = Better::apply(extreme, local[l]) ? local[l] : extreme;
  }
  for (; i < n; ++i) extreme = Better::apply(extreme, s[i]) ? s[i] : extreme;
  T* b = static_cast<T*>(best);
  if (first > 0 && !Better::apply(*b, extreme)) return;
  *b = extreme;
  int64_t k = 0;
  const auto hit = [&](T x) { return x == extreme || (x != x && extreme != extreme); };
  for (; k + reduce_lanes <= n; k += reduce_lanes) {
    int any = 0;
    for (int64_t l = 0; l < reduce_lanes; ++l) any |= hit(s[k + l]);
    if (any) break;
  }
  while (!hit(s[k])) ++k;
  *at = first + k;
}

template <template <class> class F>
FoldFns fold_of(int type) {
  return with_register<FoldFns>(type, []<class T>() -> FoldFns { return {fold<F<T>, T>, tree<F<T>, T>}; });
}

template <template <class> class Better>
ArgReduceFns arg_reduce_of(int type) {
  return with_register<ArgReduceFns>(type, []<class T>() -> ArgReduceFns { return {arg_fold<Better<T>, T>, arg_step<Better<T>, T>}; });
}

}  // namespace

FoldFns find_fold(Op op, int type) {
  switch (op) {
    case Op::reduce_sum: return fold_of<Add>(type);
    case Op::reduce_prod: return fold_of<Mul>(type);
    case Op::reduce_max: return fold_of<Max>(type);
    case Op::reduce_min: return fold_of<Min>(type);
    case Op::reduce_any: return type == WEFT_BOOL ? FoldFns{fold<Or<uint8_t>, uint8_t>, tree<Or<uint8_t>, uint8_t>} : FoldFns{};
    case Op::reduce_all: return type == WEFT_BOOL ? FoldFns{fold<And<uint8_t>, uint8_t>, tree<And<uint8_t>, uint8_t>} : FoldFns{};
    default: return {};
  }
}

ArgReduceFns find_arg_reduce(Op op, int type) {
  if (op == Op::reduce_argmax) return arg_reduce_of<Greater>(type);
  if (op == Op::reduce_argmin) return arg_reduce_of<Less>(type);
  return {};
}

WEFT_ISA_END
