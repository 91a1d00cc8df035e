// Comparisons, bitwise operations, shifts, select and Philox.
#include "arith.h"
#include "tile.h"

WEFT_ISA_BEGIN

namespace {

template <class T>
struct Lt {
  static inline uint8_t apply(T a, T b) { return a < b; }
};
template <class T>
struct Le {
  static inline uint8_t apply(T a, T b) { return a <= b; }
};
template <class T>
struct Eq {
  static inline uint8_t apply(T a, T b) { return a == b; }
};
template <class T>
struct Ne {
  static inline uint8_t apply(T a, T b) { return a != b; }
};

template <class T>
struct Not {
  static inline T apply(T a) { return sizeof(T) == 1 ? T(a == 0) : T(~a); }
};
template <class T>
struct Shl {
  static inline T apply(T a, T count) {
    constexpr T width = sizeof(T) * 8;
    const bool outside = count < T(0) || count >= width;
    return outside ? T(0) : T(Wrap<T>(a) << (Wrap<T>(count) & Wrap<T>(width - 1)));
  }
};
template <class T>
struct Shr {
  static inline T apply(T a, T count) {
    constexpr T width = sizeof(T) * 8;
    const bool outside = count < T(0) || count >= width;
    return outside ? (a < T(0) ? T(-1) : T(0)) : T(a >> (count & (width - 1)));
  }
};
template <class T>
struct Select {
  static inline T apply(uint8_t c, T a, T b) { return c ? a : b; }
};

// Philox 4x32-10 (Salmon et al., 2011): ten rounds of two 32x32 -> 64 bit multiplications. The counter's upper words are 0.
template <int Word>
struct Philox {
  static inline uint32_t apply(uint64_t counter, uint64_t key) {
    uint32_t c0 = uint32_t(counter), c1 = uint32_t(counter >> 32), c2 = 0, c3 = 0;
    uint32_t k0 = uint32_t(key), k1 = uint32_t(key >> 32);
#pragma GCC unroll 10
    for (int round = 0; round < 10; ++round) {
      const uint64_t p0 = uint64_t(0xD2511F53u) * c0, p1 = uint64_t(0xCD9E8D57u) * c2;
      c0 = uint32_t(p1 >> 32) ^ c1 ^ k0;
      c1 = uint32_t(p1);
      c2 = uint32_t(p0 >> 32) ^ c3 ^ k1;
      c3 = uint32_t(p0);
      k0 += 0x9E3779B9u;
      k1 += 0xBB67AE85u;
    }
    const uint32_t words[4] = {c0, c1, c2, c3};
    return words[Word];
  }
};

template <template <class> class F>
TileFn compare(const FindArgs& q) {
  return with_register<TileFn>(q.operand_type, [&]<class T>() -> TileFn { return pick_binary<F<T>, uint8_t, T>(q.scalars); });
}

// Sign does not matter: one loop for each width.
template <template <class> class F>
TileFn bitwise(const FindArgs& q) {
  if (is_float(q.type) || !is_register(q.type)) return nullptr;
  switch (storage_size(q.type)) {
    case 1: return pick_binary<F<uint8_t>, uint8_t, uint8_t>(q.scalars);
    case 4: return pick_binary<F<uint32_t>, uint32_t, uint32_t>(q.scalars);
    default: return pick_binary<F<uint64_t>, uint64_t, uint64_t>(q.scalars);
  }
}

template <template <class> class F>
TileFn shift(const FindArgs& q) {
  switch (q.type) {
    case WEFT_I32: return pick_binary<F<int32_t>, int32_t, int32_t>(q.scalars);
    case WEFT_I64: return pick_binary<F<int64_t>, int64_t, int64_t>(q.scalars);
    case WEFT_U32: return pick_binary<F<uint32_t>, uint32_t, uint32_t>(q.scalars);
    case WEFT_U64: return pick_binary<F<uint64_t>, uint64_t, uint64_t>(q.scalars);
    default: return nullptr;
  }
}

TileFn select(const FindArgs& q) {
  switch (storage_size(q.type)) {
    case 1: return pick_ternary<Select<uint8_t>, uint8_t, uint8_t, uint8_t>(q.scalars);
    case 4: return pick_ternary<Select<uint32_t>, uint32_t, uint8_t, uint32_t>(q.scalars);
    default: return pick_ternary<Select<uint64_t>, uint64_t, uint8_t, uint64_t>(q.scalars);
  }
}

TileFn negation(const FindArgs& q) {
  if (is_float(q.type) || !is_register(q.type)) return nullptr;
  switch (storage_size(q.type)) {
    case 1: return unary_tile<Not<uint8_t>, uint8_t, uint8_t>;
    case 4: return unary_tile<Not<uint32_t>, uint32_t, uint32_t>;
    default: return unary_tile<Not<uint64_t>, uint64_t, uint64_t>;
  }
}

TileFn philox(const FindArgs& q) {
  if (q.type != WEFT_U32 || q.operand_type != WEFT_U64) return nullptr;
  switch (q.imm) {
    case 0: return pick_binary<Philox<0>, uint32_t, uint64_t>(q.scalars);
    case 1: return pick_binary<Philox<1>, uint32_t, uint64_t>(q.scalars);
    case 2: return pick_binary<Philox<2>, uint32_t, uint64_t>(q.scalars);
    case 3: return pick_binary<Philox<3>, uint32_t, uint64_t>(q.scalars);
    default: return nullptr;
  }
}

}  // namespace

TileFn find_logic(const FindArgs& q) {
  switch (q.op) {
    case Op::lt: return compare<Lt>(q);
    case Op::le: return compare<Le>(q);
    case Op::eq: return compare<Eq>(q);
    case Op::ne: return compare<Ne>(q);
    case Op::and_: return bitwise<And>(q);
    case Op::or_: return bitwise<Or>(q);
    case Op::xor_: return bitwise<Xor>(q);
    case Op::not_: return negation(q);
    case Op::shl: return shift<Shl>(q);
    case Op::shr: return shift<Shr>(q);
    case Op::select: return select(q);
    case Op::philox: return philox(q);
    default: return nullptr;
  }
}

WEFT_ISA_END
