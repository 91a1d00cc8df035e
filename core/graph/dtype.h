// Element types, their promotion (Array API standard, 2025.12, "Type promotion rules") and Python scalars.
#pragma once

#include <cstdint>
#include <string>

#include "weft/backend.h"

namespace weft {

enum class DType : uint8_t {
  b1 = WEFT_BOOL,
  i8 = WEFT_I8,
  i16 = WEFT_I16,
  i32 = WEFT_I32,
  i64 = WEFT_I64,
  u8 = WEFT_U8,
  u16 = WEFT_U16,
  u32 = WEFT_U32,
  u64 = WEFT_U64,
  f16 = WEFT_F16,
  bf16 = WEFT_BF16,
  f32 = WEFT_F32,
  f64 = WEFT_F64,
  c64 = WEFT_C64,
  c128 = WEFT_C128
};
inline constexpr int kDTypes = 15;

const char* name(DType);                    // NumPy's: "bool", "int8", ..., "bfloat16", "complex128"
DType dtype_from_name(const std::string&);  // raises TypeError
int size_of(DType);                         // bytes
bool is_signed_int(DType);
bool is_unsigned(DType);
bool is_int(DType);    // without bool
bool is_float(DType);  // real floats
bool is_complex(DType);
inline bool is_inexact(DType d) { return is_float(d) || is_complex(d); }
bool is_narrow(DType);    // computed in a wider register, so each result is rounded explicitly
DType real_of(DType);     // c64 -> f32, c128 -> f64, others unchanged
DType complex_of(DType);  // f64 -> c128, other floats -> c64
DType reg_type(DType);    // the register a value of this type is computed in; of a part, if complex
DType promote(DType, DType);

// A Python scalar: weak, it takes the type of the tensor it meets.
struct Scalar {
  enum Kind : uint8_t { boolean, integer, real, complex } kind = integer;
  int64_t i = 0;          // boolean, integer (as bits for values over 2^63, where re > 0)
  double re = 0, im = 0;  // real, complex

  static Scalar of(bool v) { return {boolean, v, double(v), 0}; }
  static Scalar of(int64_t v) { return {integer, v, double(v), 0}; }
  static Scalar of(int v) { return of(int64_t(v)); }
  static Scalar of(double v) { return {real, int64_t(0), v, 0}; }
  static Scalar of(double re, double im) { return {complex, 0, re, im}; }
  uint64_t bits(DType reg, bool imaginary = false) const;  // as a register of this type
  double as_double() const { return kind <= integer && !(i < 0 && re > 0) ? double(i) : re; }
};

DType default_float();                          // of the calling thread, f32 unless set
void set_default_float(DType);                  // f32 or f64
DType weak_result(DType tensor, Scalar::Kind);  // what tensor op scalar gives
void check_scalar_fits(const Scalar&, DType);   // raises ValueError where an integer does not fit an integer type

}  // namespace weft
