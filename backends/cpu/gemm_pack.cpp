// Packing: one operand of a contraction, wherever its elements lie, into dense panels of the accumulator's type.
#include "scalar.h"

WEFT_ISA_BEGIN

namespace {

template <class S, class T>
inline T element(const S* base, int64_t offset) { return T(StorageOf<S>::load(base[offset])); }

// The tables step by 1: a plain dense run.
inline bool dense(const int64_t* offset, int64_t n) {
  for (int64_t i = 1; i < n; ++i)
    if (offset[i] != offset[0] + i) return false;
  return true;
}

template <class S, class T>
void pack_dense_rows(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const S* base = static_cast<const S*>(s.base) + s.row_offset[0];
  for (int64_t k = 0; k < depth; ++k) {
    const S* line = base + s.k_offset[k];
    WEFT_INDEPENDENT
    for (int64_t i = 0; i < rows; ++i) d[k * width + i] = T(StorageOf<S>::load(line[i]));
  }
}

// Dense along k: a transpose, in blocks of 8 so that both sides move in whole vectors.
template <class S, class T>
void pack_dense_depth(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  constexpr int64_t block = 8;
  const S* base = static_cast<const S*>(s.base) + s.k_offset[0];
  int64_t i = 0;
  for (; i + block <= rows; i += block) {
    int64_t k = 0;
    for (; k + block <= depth; k += block) {
      T corner[block][block];
      for (int64_t r = 0; r < block; ++r) {
        const S* line = base + s.row_offset[i + r] + k;
        for (int64_t c = 0; c < block; ++c) corner[c][r] = T(StorageOf<S>::load(line[c]));
      }
      for (int64_t c = 0; c < block; ++c)
        for (int64_t r = 0; r < block; ++r) d[(k + c) * width + i + r] = corner[c][r];
    }
    for (; k < depth; ++k)
      for (int64_t r = 0; r < block; ++r) d[k * width + i + r] = element<S, T>(base, s.row_offset[i + r] + k);
  }
  for (; i < rows; ++i) {
    const S* line = base + s.row_offset[i];
    for (int64_t k = 0; k < depth; ++k) d[k * width + i] = T(StorageOf<S>::load(line[k]));
  }
}

template <class S, class T>
void pack_scattered(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const S* base = static_cast<const S*>(s.base);
  for (int64_t k = 0; k < depth; ++k) {
    const int64_t line = s.k_offset[k];
    for (int64_t i = 0; i < rows; ++i) d[k * width + i] = element<S, T>(base, s.row_offset[i] + line);
  }
}

// With bounds: which rows of the panel are inside depends on k only through each bound's k_t.
template <class S, class T>
void pack_bounded(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const S* base = static_cast<const S*>(s.base);
  for (int64_t k = 0; k < depth; ++k) {
    const int64_t line = s.k_offset[k];
    T* out = d + k * width;
    for (int64_t i = 0; i < rows; ++i) {
      bool inside = true;
      for (int b = 0; b < s.bounds; ++b) inside &= uint64_t(s.row_t[b][i] + s.k_t[b][k]) < uint64_t(s.limit[b]);
      out[i] = inside ? element<S, T>(base, s.row_offset[i] + line) : T(0);
    }
  }
}

template <class S, class T>
void pack_dilated(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const S* base = static_cast<const S*>(s.base);
  for (int64_t k = 0; k < depth; ++k) {
    for (int64_t i = 0; i < rows; ++i) {
      int64_t offset = s.row_offset[i] + s.k_offset[k];
      bool inside = true;
      for (int b = 0; b < s.bounds && inside; ++b) {
        const int64_t t = s.row_t[b][i] + s.k_t[b][k];
        inside = t >= 0 && t % s.step[b] == 0 && t / s.step[b] < s.limit[b];
        offset += t / s.step[b] * s.stride[b];
      }
      d[k * width + i] = inside ? element<S, T>(base, offset) : T(0);
    }
  }
}

template <class S, class T>
void pack(void* dst, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  T* d = static_cast<T*>(dst);
  if (rows < width)
    for (int64_t k = 0; k < depth; ++k)
      for (int64_t i = rows; i < width; ++i) d[k * width + i] = T(0);
  if (rows <= 0 || depth <= 0) return;
  if (s.dilated) pack_dilated<S, T>(d, s, rows, width, depth);
  else if (s.bounds) pack_bounded<S, T>(d, s, rows, width, depth);
  else if (dense(s.row_offset, rows)) pack_dense_rows<S, T>(d, s, rows, width, depth);
  else if (dense(s.k_offset, depth)) pack_dense_depth<S, T>(d, s, rows, width, depth);
  else pack_scattered<S, T>(d, s, rows, width, depth);
}

}  // namespace

// The accumulator types an operand can be converted to: what its own register type widens to without loss of sign.
PackFn find_pack(int storage, int type) {
  return with_storage<PackFn>(storage, [&]<class S>() -> PackFn {
    using R = typename StorageOf<S>::Register;
    if constexpr (is_float_type<R>::value) {
      if (type == WEFT_F64) return pack<S, double>;
      if constexpr (sizeof(R) == 4) {
        if (type == WEFT_F32) return pack<S, float>;
      }
    } else {
      if (type == WEFT_I32 || type == WEFT_U32) return pack<S, uint32_t>;
      if (type == WEFT_I64 || type == WEFT_U64) return pack<S, uint64_t>;
      // int16 and narrower are exact in float32.
      if constexpr (sizeof(S) <= 2) {
        if (type == WEFT_F32) return pack<S, float>;
      }
    }
    return nullptr;
  });
}

WEFT_ISA_END
