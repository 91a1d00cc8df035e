// Loads and stores: between memory of any storage type, with any stride, and dense registers.
#include "corner.h"
#include "scalar.h"

WEFT_ISA_BEGIN

namespace {

template <class S>
void load(void* dst, const void* src, int64_t stride, int64_t n) {
  using R = typename StorageOf<S>::Register;
  R* d = static_cast<R*>(dst);
  const S* s = static_cast<const S*>(src);
  if (stride == 1) {
    WEFT_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) d[i] = StorageOf<S>::load(s[i]);
  } else if (stride == 0) {
    if (n <= 0) return;
    const R value = StorageOf<S>::load(s[0]);
    for (int64_t i = 0; i < n; ++i) d[i] = value;
  } else if (stride == 2) {  // windows of two: known strides load in vectors
    WEFT_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) d[i] = StorageOf<S>::load(s[i * 2]);
  } else {
    WEFT_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) d[i] = StorageOf<S>::load(s[i * stride]);
  }
}

template <class S>
void gather(void* dst, const void* src, const int64_t* offsets, int64_t n) {
  using R = typename StorageOf<S>::Register;
  R* d = static_cast<R*>(dst);
  const S* s = static_cast<const S*>(src);
  for (int64_t i = 0; i < n; ++i) d[i] = StorageOf<S>::load(s[offsets[i]]);
}

template <class S>
void gather_rows(void* dst, const void* src, const int64_t* offsets, int64_t rows, int64_t n) {
  using R = typename StorageOf<S>::Register;
  R* d = static_cast<R*>(dst);
  for (int64_t r = 0; r < rows; ++r, d += n) {
    const S* s = static_cast<const S*>(src) + offsets[r];
    WEFT_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) d[i] = StorageOf<S>::load(s[i]);
  }
}

// Register type R to storage type S.
template <class S, class R>
inline S convert(R r) {
  if constexpr (is_same_type<S, Half>::value) {
    if constexpr (sizeof(R) == 8) return Half{float_to_half(to_float_odd(r))};
    else return Half{float_to_half(r)};
  } else if constexpr (is_same_type<S, Bfloat>::value) {
    if constexpr (sizeof(R) == 8) return Bfloat{float_to_bfloat(to_float_odd(r))};
    else return Bfloat{float_to_bfloat(r)};
  } else {
    return S(r);
  }
}

template <class S, class R>
void store(void* dst, int64_t stride, const void* src, int64_t n) {
  S* d = static_cast<S*>(dst);
  const R* s = static_cast<const R*>(src);
  if (stride == 1) {
    WEFT_INDEPENDENT
    for (int64_t i = 0; i < n; ++i) d[i] = convert<S, R>(s[i]);
  } else {
    for (int64_t i = 0; i < n; ++i) d[i * stride] = convert<S, R>(s[i]);
  }
}

template <class S, class R>
void scatter(void* dst, const int64_t* offsets, const void* src, int64_t n) {
  S* d = static_cast<S*>(dst);
  const R* s = static_cast<const R*>(src);
  for (int64_t i = 0; i < n; ++i) d[offsets[i]] = convert<S, R>(s[i]);
}

// A block whose rows are strided but whose columns are dense in memory, the usual transpose: walking down a column of memory reads
// whole cache lines. dst is a tile of `rows` rows, dst_stride apart.
template <class S>
void transpose(void* dst, int64_t dst_stride, const void* src, int64_t src_stride, int64_t rows, int64_t cols) {
  using R = typename StorageOf<S>::Register;
  R* d = static_cast<R*>(dst);
  const S* s = static_cast<const S*>(src);
  int64_t c = 0;
  for (; c + corner <= cols; c += corner) {
    int64_t r = 0;
    for (; r + corner <= rows; r += corner) {
      const S* from[corner];
      for (int64_t j = 0; j < corner; ++j) from[j] = s + (c + j) * src_stride + r;
      move_corner<S, R>(d + r * dst_stride + c, dst_stride, from, [](S x) { return StorageOf<S>::load(x); });
    }
    for (; r < rows; ++r)
      for (int64_t j = 0; j < corner; ++j) d[r * dst_stride + c + j] = StorageOf<S>::load(s[(c + j) * src_stride + r]);
  }
  for (; c < cols; ++c)
    for (int64_t r = 0; r < rows; ++r) d[r * dst_stride + c] = StorageOf<S>::load(s[c * src_stride + r]);
}

// The C++ type to store with, given the register type: integers go by width alone, since they wrap.
template <class Pair, class F>
Pair with_pair(int type, int storage, F f) {
  if (type == WEFT_F32 || type == WEFT_F64) {
    return with_register<Pair>(type, [&]<class R>() -> Pair {
      if constexpr (is_float_type<R>::value) {
        switch (storage) {
          case WEFT_F16: return f.template operator()<Half, R>();
          case WEFT_BF16: return f.template operator()<Bfloat, R>();
          case WEFT_F32: return f.template operator()<float, R>();
          case WEFT_F64: return f.template operator()<double, R>();
          default: return nullptr;
        }
      }
      return nullptr;
    });
  }
  if (type == WEFT_BOOL) return storage == WEFT_BOOL ? f.template operator()<uint8_t, uint8_t>() : nullptr;
  if (!is_register(type) || storage == WEFT_BOOL || is_float(storage)) return nullptr;
  return with_register<Pair>(type, [&]<class R>() -> Pair {
    if constexpr (is_float_type<R>::value || sizeof(R) == 1) {
      return nullptr;
    } else {
      switch (storage_size(storage)) {
        case 1: return f.template operator()<uint8_t, R>();
        case 2: return f.template operator()<uint16_t, R>();
        case 4: return f.template operator()<uint32_t, R>();
        default: return f.template operator()<uint64_t, R>();
      }
    }
  });
}

}  // namespace

LoadFn find_load(int storage) {
  return with_storage<LoadFn>(storage, []<class S>() -> LoadFn { return load<S>; });
}

GatherFn find_gather(int storage) {
  return with_storage<GatherFn>(storage, []<class S>() -> GatherFn { return gather<S>; });
}

GatherRowsFn find_gather_rows(int storage) {
  return with_storage<GatherRowsFn>(storage, []<class S>() -> GatherRowsFn { return gather_rows<S>; });
}

StoreFn find_store(int type, int storage) {
  return with_pair<StoreFn>(type, storage, []<class S, class R>() -> StoreFn { return store<S, R>; });
}

ScatterFn find_scatter(int type, int storage) {
  return with_pair<ScatterFn>(type, storage, []<class S, class R>() -> ScatterFn { return scatter<S, R>; });
}

TransposeFn find_transpose(int storage) {
  return with_storage<TransposeFn>(storage, []<class S>() -> TransposeFn { return transpose<S>; });
}

WEFT_ISA_END
