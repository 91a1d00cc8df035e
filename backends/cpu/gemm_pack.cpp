// Packing: one operand of a contraction, wherever its elements lie, into dense panels of the accumulator's type.
#include "corner.h"
#include "scalar.h"

WEFT_ISA_BEGIN

namespace {

template <class S, class T>
inline T element(const S* base, int64_t offset) {
  return T(StorageOf<S>::load(base[offset]));
}

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

// Dense along k: a transpose.
template <class S, class T>
void pack_dense_depth(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const S* base = static_cast<const S*>(s.base) + s.k_offset[0];
  int64_t i = 0;
  for (; i + corner <= rows; i += corner) {
    const S* line[corner];
    for (int64_t r = 0; r < corner; ++r) line[r] = base + s.row_offset[i + r];
    int64_t k = 0;
    for (; k + corner <= depth; k += corner) {
      move_corner<S, T>(d + k * width + i, width, line, [](S x) { return T(StorageOf<S>::load(x)); });
      for (int64_t r = 0; r < corner; ++r) line[r] += corner;
    }
    for (; k < depth; ++k)
      for (int64_t r = 0; r < corner; ++r) d[k * width + i + r] = T(StorageOf<S>::load(*line[r]++));
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

// Points of a table that follow one another with constant steps, in memory and in every bound.
struct Steps {
  int64_t count, offset;
  int64_t t[max_panel_bounds];
};

inline Steps steps_from(const int64_t* offset, const int64_t* const* t, int bounds, int64_t first, int64_t end) {
  Steps s{1, 0, {}};
  if (first + 1 >= end) return s;
  s.offset = offset[first + 1] - offset[first];
  for (int b = 0; b < bounds; ++b) s.t[b] = t[b][first + 1] - t[b][first];
  for (int64_t i = first + 1; i < end; ++i, ++s.count) {
    bool same = offset[i] - offset[i - 1] == s.offset;
    for (int b = 0; b < bounds; ++b) same &= t[b][i] - t[b][i - 1] == s.t[b];
    if (!same) break;
  }
  return s;
}

// Narrows [low, high) to the i with 0 <= start + step * i < limit.
inline void clip(int64_t start, int64_t step, int64_t limit, int64_t& low, int64_t& high) {
  if (step == 0) {
    if (uint64_t(start) >= uint64_t(limit)) high = low;
    return;
  }
  while (low < high && uint64_t(start + step * low) >= uint64_t(limit)) ++low;
  while (low < high && uint64_t(start + step * (high - 1)) >= uint64_t(limit)) --high;
}

// With bounds, and rows that mostly follow one another (positions along a row of an image): what is inside, for one k, is a
// stretch of each such run of rows.
template <class S, class T>
void pack_bounded_rows(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const S* base = static_cast<const S*>(s.base);
  constexpr int64_t most = 64;
  Steps runs[most];
  int64_t count = 0;
  for (int64_t i = 0; i < rows; i += runs[count++].count) runs[count] = steps_from(s.row_offset, s.row_t, s.bounds, i, rows);
  for (int64_t k = 0; k < depth; ++k) {
    T* out = d + k * width;
    int64_t first = 0;
    for (int64_t r = 0; r < count; ++r) {
      const Steps& run = runs[r];
      int64_t low = 0, high = run.count;
      for (int b = 0; b < s.bounds; ++b) clip(s.row_t[b][first] + s.k_t[b][k], run.t[b], s.limit[b], low, high);
      const S* from = base + s.row_offset[first] + s.k_offset[k];
      for (int64_t i = 0; i < low; ++i) out[first + i] = T(0);
      if (run.offset == 1) {
        WEFT_INDEPENDENT
        for (int64_t i = low; i < high; ++i) out[first + i] = T(StorageOf<S>::load(from[i]));
      } else {
        for (int64_t i = low; i < high; ++i) out[first + i] = T(StorageOf<S>::load(from[i * run.offset]));
      }
      for (int64_t i = high; i < run.count; ++i) out[first + i] = T(0);
      first += run.count;
    }
  }
}

// The same where k follows on instead (the gradient to weights).
template <class S, class T>
void pack_bounded_depth(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const S* base = static_cast<const S*>(s.base);
  for (int64_t k = 0; k < depth;) {
    const Steps run = steps_from(s.k_offset, s.k_t, s.bounds, k, depth);
    for (int64_t i = 0; i < rows; ++i) {
      T* out = d + k * width + i;
      int64_t low = 0, high = run.count;
      for (int b = 0; b < s.bounds; ++b) clip(s.row_t[b][i] + s.k_t[b][k], run.t[b], s.limit[b], low, high);
      const S* from = base + s.row_offset[i] + s.k_offset[k];
      for (int64_t j = 0; j < low; ++j) out[j * width] = T(0);
      for (int64_t j = low; j < high; ++j) out[j * width] = T(StorageOf<S>::load(from[j * run.offset]));
      for (int64_t j = high; j < run.count; ++j) out[j * width] = T(0);
    }
    k += run.count;
  }
}

// Panels are at most 64 rows wide for every micro-kernel.
template <class S, class T>
void pack_bounded(T* d, const PanelSource& s, int64_t rows, int64_t width, int64_t depth) {
  const Steps along_k = steps_from(s.k_offset, s.k_t, s.bounds, 0, depth);
  const Steps along_rows = steps_from(s.row_offset, s.row_t, s.bounds, 0, rows);
  if (along_k.count > 2 * along_rows.count) pack_bounded_depth<S, T>(d, s, rows, width, depth);
  else pack_bounded_rows<S, T>(d, s, rows, width, depth);
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
