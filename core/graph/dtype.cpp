#include "graph/dtype.h"

#include <cmath>
#include <cstring>

#include "graph/error.h"

namespace weft {

namespace {

enum Class : uint8_t { boolean, signed_int, unsigned_int, floating, complex };
struct Info {
  const char* name;
  uint8_t size;
  Class of;
  DType reg;
  bool narrow;
};

// In the order of the enumeration.
constexpr Info kInfo[kDTypes] = {
    {"bool", 1, boolean, DType::b1, false},        {"int8", 1, signed_int, DType::i32, true},      {"int16", 2, signed_int, DType::i32, true},
    {"int32", 4, signed_int, DType::i32, false},   {"int64", 8, signed_int, DType::i64, false},    {"uint8", 1, unsigned_int, DType::u32, true},
    {"uint16", 2, unsigned_int, DType::u32, true}, {"uint32", 4, unsigned_int, DType::u32, false}, {"uint64", 8, unsigned_int, DType::u64, false},
    {"float16", 2, floating, DType::f32, true},    {"bfloat16", 2, floating, DType::f32, true},    {"float32", 4, floating, DType::f32, false},
    {"float64", 8, floating, DType::f64, false},   {"complex64", 8, complex, DType::f32, false},   {"complex128", 16, complex, DType::f64, false},
};
const Info& info(DType d) { return kInfo[size_t(d)]; }

DType signed_of_size(int size) { return size == 1 ? DType::i8 : size == 2 ? DType::i16 : size == 4 ? DType::i32 : DType::i64; }

}  // namespace

const char* name(DType d) { return info(d).name; }
int size_of(DType d) { return info(d).size; }
bool is_signed_int(DType d) { return info(d).of == signed_int; }
bool is_unsigned(DType d) { return info(d).of == unsigned_int; }
bool is_int(DType d) { return is_signed_int(d) || is_unsigned(d); }
bool is_float(DType d) { return info(d).of == floating; }
bool is_complex(DType d) { return info(d).of == complex; }
bool is_narrow(DType d) { return info(d).narrow; }
DType reg_type(DType d) { return info(d).reg; }
DType real_of(DType d) { return is_complex(d) ? reg_type(d) : d; }
DType complex_of(DType d) { return d == DType::f64 || d == DType::c128 ? DType::c128 : DType::c64; }

DType dtype_from_name(const std::string& wanted) {
  for (int d = 0; d < kDTypes; ++d)
    if (wanted == kInfo[d].name) return DType(d);
  std::string known;
  for (const Info& i : kInfo) known += std::string(known.empty() ? "" : ", ") + i.name;
  raise(Error::type, "dtype: \"", wanted, "\" is not known; use one of ", known);
}

DType promote(DType a, DType b) {
  if (a == b) return a;
  if (info(a).of > info(b).of) std::swap(a, b);
  switch (info(b).of) {
    case boolean: break;
    case signed_int: return info(a).of == boolean || size_of(a) < size_of(b) ? b : a;
    case unsigned_int: {
      if (info(a).of == boolean) return b;
      if (info(a).of == unsigned_int) return size_of(a) < size_of(b) ? b : a;
      if (size_of(b) == 8) return DType::f64;  // no integer holds both int64 and uint64: NumPy's choice
      return signed_of_size(std::max(size_of(a), 2 * size_of(b)));
    }
    case floating:
      if (info(a).of != floating) return b;
      if (size_of(a) == size_of(b)) return DType::f32;  // float16 and bfloat16
      return size_of(a) < size_of(b) ? b : a;
    case complex:
      if (a == DType::f64 || a == DType::c128) return DType::c128;
      return b;
  }
  return a;
}

// Integers over 2^63 come as bits, with their value in `re`.
static bool is_big(const Scalar& s) { return s.kind == Scalar::integer && s.i < 0 && s.re > 0; }

uint64_t Scalar::bits(DType reg, bool imaginary) const {
  const bool whole = kind <= integer && !imaginary;
  const double value = imaginary ? (kind == complex ? im : 0.0) : re;
  uint64_t out = 0;
  if (is_float(reg) && size_of(reg) == 8) {
    const double v = !whole ? value : is_big(*this) ? double(uint64_t(i)) : double(i);
    std::memcpy(&out, &v, sizeof v);
    return out;
  }
  if (is_float(reg)) {
    const float v = !whole ? float(value) : is_big(*this) ? float(uint64_t(i)) : float(i);
    std::memcpy(&out, &v, sizeof v);
    return out;
  }
  if (reg == DType::b1) return whole ? i != 0 : value != 0;
  if (whole) out = uint64_t(i);
  else if (value >= 0x1p63 && value < 0x1p64) out = uint64_t(value);
  else if (std::abs(value) <= 0x1p63) out = value == 0x1p63 ? 1ull << 63 : uint64_t(int64_t(value));
  return size_of(reg) == 8 ? out : out & ((1ull << (8 * size_of(reg))) - 1);
}

static thread_local DType t_float = DType::f32;
DType default_float() { return t_float; }
void set_default_float(DType d) {
  if (d != DType::f32 && d != DType::f64) raise(Error::type, "set_default_dtype: ", name(d), " cannot be the default; use float32 or float64");
  t_float = d;
}

DType weak_result(DType tensor, Scalar::Kind kind) {
  if (kind == Scalar::boolean) return tensor;
  if (kind == Scalar::integer) return tensor == DType::b1 ? DType::i64 : tensor;
  const DType inexact = is_inexact(tensor) ? tensor : default_float();
  return kind == Scalar::real ? inexact : complex_of(inexact);
}

void check_scalar_fits(const Scalar& s, DType d) {
  if (s.kind != Scalar::integer || !is_int(d)) return;
  const int width = 8 * size_of(d);
  const uint64_t top = ~0ull >> (64 - width + is_signed_int(d));
  const bool negative = s.i < 0 && !is_big(s);
  if (negative ? is_signed_int(d) && s.i >= -int64_t(top) - 1 : uint64_t(s.i) <= top) return;
  if (is_big(s)) raise(Error::value, "the integer ", uint64_t(s.i), " does not fit ", name(d), "; cast the tensor to uint64 or a float first");
  raise(Error::value, "the integer ", s.i, " does not fit ", name(d), "; cast the tensor to a type that holds it first");
}

}  // namespace weft
