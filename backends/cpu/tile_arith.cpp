// Arithmetic: add sub mul neg abs div rem min max fma, and the rounding functions.
#include "arith.h"
#include "tile.h"

WEFT_ISA_BEGIN

namespace {

template <template <class> class F>
TileFn arith(const FindArgs& q) {
  return with_register<TileFn>(q.type, [&]<class T>() -> TileFn { return pick_binary<F<T>, T, T>(q.scalars); });
}

template <template <class> class F>
TileFn unary(const FindArgs& q) {
  return with_register<TileFn>(q.type, [&]<class T>() -> TileFn { return unary_tile<F<T>, T, T>; });
}

template <template <class> class F>
TileFn unary_float(const FindArgs& q) {
  if (q.type == WEFT_F32) return unary_tile<F<float>, float, float>;
  if (q.type == WEFT_F64) return unary_tile<F<double>, double, double>;
  return nullptr;
}

}  // namespace

TileFn find_arith(const FindArgs& q) {
  switch (q.op) {
    case Op::add: return arith<Add>(q);
    case Op::sub: return arith<Sub>(q);
    case Op::mul: return arith<Mul>(q);
    case Op::div: return arith<Div>(q);
    case Op::rem: return arith<Rem>(q);
    case Op::min: return arith<Min>(q);
    case Op::max: return arith<Max>(q);
    case Op::neg: return unary<Neg>(q);
    case Op::abs: return unary<Abs>(q);
    case Op::floor: return unary_float<Floor>(q);
    case Op::ceil: return unary_float<Ceil>(q);
    case Op::trunc: return unary_float<Trunc>(q);
    case Op::rint: return unary_float<Rint>(q);
    case Op::sqrt: return unary_float<Sqrt>(q);
    case Op::fma:
      if (q.type == WEFT_F32) return pick_ternary<Fma<float>, float, float, float>(q.scalars);
      if (q.type == WEFT_F64) return pick_ternary<Fma<double>, double, double, double>(q.scalars);
      return nullptr;
    default: return nullptr;
  }
}

WEFT_ISA_END
