// Inclusive scans of dense rows. One row is a chain of dependent steps; several side by side hide each other's latency.
#include "arith.h"

WEFT_ISA_BEGIN

namespace {

template <class F, class T, int64_t Rows>
inline void scan_together(T* dst, int64_t dst_row, const T* src, int64_t src_row, int64_t n, T* carry, bool fresh) {
  T running[Rows];
  for (int64_t r = 0; r < Rows; ++r) {
    running[r] = fresh ? src[r * src_row] : F::apply(carry[r], src[r * src_row]);
    dst[r * dst_row] = running[r];
  }
  for (int64_t i = 1; i < n; ++i) {
#pragma GCC unroll 8
    for (int64_t r = 0; r < Rows; ++r) {
      running[r] = F::apply(running[r], src[r * src_row + i]);
      dst[r * dst_row + i] = running[r];
    }
  }
  for (int64_t r = 0; r < Rows; ++r) carry[r] = running[r];
}

template <class F, class T>
void scan(void* dst, int64_t dst_row, const void* src, int64_t src_row, int64_t rows, int64_t n, void* carry, bool fresh) {
  T* d = static_cast<T*>(dst);
  const T* s = static_cast<const T*>(src);
  T* c = static_cast<T*>(carry);
  if (rows == scan_rows) return scan_together<F, T, scan_rows>(d, dst_row, s, src_row, n, c, fresh);
  for (int64_t r = 0; r < rows; ++r) scan_together<F, T, 1>(d + r * dst_row, dst_row, s + r * src_row, src_row, n, c + r, fresh);
}

template <template <class> class F>
ScanFn scan_of(int type) {
  return with_register<ScanFn>(type, []<class T>() -> ScanFn { return scan<F<T>, T>; });
}

}  // namespace

ScanFn find_scan(Op op, int type) {
  switch (op) {
    case Op::add: return scan_of<Add>(type);
    case Op::mul: return scan_of<Mul>(type);
    case Op::max: return scan_of<Max>(type);
    case Op::min: return scan_of<Min>(type);
    default: return nullptr;
  }
}

WEFT_ISA_END
