// Two arithmetic instructions in one loop: the value between them stays in a register. Each still rounds on its own.
#include "arith.h"
#include "tile.h"

WEFT_ISA_BEGIN

namespace {

template <class First, class Second, bool Right>
struct Pair {
  static inline float apply(float a, float b, float c) {
    const float inner = First::apply(a, b);
    return Right ? Second::apply(c, inner) : Second::apply(inner, c);
  }
};

template <class First, class Second>
TileFn pick(const FindArgs& q) {
  if ((q.scalars & 3) == 3) return nullptr;
  return q.right ? pick_ternary<Pair<First, Second, true>, float, float, float>(q.scalars)
                 : pick_ternary<Pair<First, Second, false>, float, float, float>(q.scalars);
}

template <class First>
TileFn second(const FindArgs& q) {
  switch (q.op) {
    case Op::add: return pick<First, Add<float>>(q);
    case Op::sub: return pick<First, Sub<float>>(q);
    case Op::mul: return pick<First, Mul<float>>(q);
    case Op::div: return pick<First, Div<float>>(q);
    default: return nullptr;
  }
}

}  // namespace

TileFn find_pair(const FindArgs& q) {
  if (q.type != WEFT_F32) return nullptr;
  switch (q.first) {
    case Op::add: return second<Add<float>>(q);
    case Op::sub: return second<Sub<float>>(q);
    case Op::mul: return second<Mul<float>>(q);
    default: return nullptr;
  }
}

WEFT_ISA_END
