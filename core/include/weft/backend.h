/* The contract between weft and a backend, in plain C. No other header is needed.
 *
 * A backend compiles *kernels*, loads *plans* of them, and runs whole plans. It never sees an operation of the Python API.
 * One kind of kernel, "loop", is enough to run everything; each further kind a backend claims is only faster.
 *
 * Stability. Every structure handed across begins with {abi_major, struct_size}; a reader accepts any size from version 1 up and
 * treats a missing tail as "not provided". Nested arrays are (data, count, stride), so their elements may grow too. Kinds and
 * instructions are strings. abi_major changes only when an old plugin can no longer be understood.
 */
#ifndef WEFT_BACKEND_H
#define WEFT_BACKEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define WEFT_ABI_MAJOR 1

typedef struct weft_header {
  uint32_t abi_major;
  uint32_t struct_size;
} weft_header;

/* Element i of an array lies at (const char*)data + i * stride. */
typedef struct weft_array {
  const void* data;
  uint32_t count;
  uint32_t stride;
} weft_array;

/* Storage types. Registers of a tape hold only BOOL, I32, I64, U32, U64, F32 and F64. */
enum {
  WEFT_BOOL = 0,
  WEFT_I8 = 1,
  WEFT_I16 = 2,
  WEFT_I32 = 3,
  WEFT_I64 = 4,
  WEFT_U8 = 5,
  WEFT_U16 = 6,
  WEFT_U32 = 7,
  WEFT_U64 = 8,
  WEFT_F16 = 9,
  WEFT_BF16 = 10,
  WEFT_F32 = 11,
  WEFT_F64 = 12,
  WEFT_C64 = 13,
  WEFT_C128 = 14 /* never in a kernel: the core expands complex values into pairs */
};

/* ---- Kernels ------------------------------------------------------------------------------------------------------------
 *
 * A loop kernel has an outer, parallel index space and an inner one that each outer point walks in row-major order. Its body is
 * one tape of instructions in SSA form: instruction i writes register i. The tape is cut into stages, run in order:
 *   an outer stage runs once per outer point,
 *   an inner stage runs at every inner point of it.
 * A register of an outer stage, or the result of a reduction, may be read by every later stage; a register of an inner stage only
 * within that stage. Reductions appear in inner stages alone, and their result is complete after the stage.
 *
 * Sizes, offsets, strides and scalars are not in the kernel: they are 64-bit words of a parameter buffer, at fixed positions, so
 * that one program serves every size.
 *   words [0, rank)                     sizes of the index space, outer dimensions first
 *   words [access.params, ...)          offset in elements, then `rank` strides in elements, then for each bound:
 *                                       base, limit, step, stride, then `rank` coefficients; then, if there are bounds, the fill
 *                                       value (bits of the register type); then for each index register: stride, limit
 *   an instruction "param" names the word that holds its scalar (the bits of its type in the low bytes).
 *
 * The element an access touches:
 *   offset + sum_d strides[d] * coord[d] + sum_bounds (t / step) * bound.stride + sum_indices clamp(reg, 0, limit - 1) * index.stride
 * where, for each bound, t = base + sum_d coefficients[d] * coord[d]. The access is inside when for every bound t >= 0,
 * t % step == 0 and t / step < limit. A load that is outside yields the fill value and touches no memory; a store that is outside
 * does nothing. Bounds express padding, concatenation, windows and dilation. step is 1 unless flags has WEFT_DILATED.
 *
 * Instructions. `type` is the type of the result; operands a, b, c are registers of that type unless said otherwise.
 *   imm            the constant whose bits are `bits`
 *   param          the scalar in parameter word `imm`
 *   index          I64: the coordinate along dimension `imm` (inner dimensions follow the outer ones)
 *   load           access `imm`; BOOL BOOL; I8 I16 I32 as I32; U8 U16 U32 as U32; F16 BF16 F32 as F32; I64 U64 F64 as themselves
 *   store          access `imm` receives a, converted to the element's type (floats to nearest even, integers wrap)
 *   check          a is BOOL: where it is false, the plan fails with code `imm` (the first failing check of the plan wins)
 *   add sub mul neg abs                     integers wrap; floats are IEEE and never contracted
 *   div rem                                 floats: division, C's fmod. integers: truncated; a zero divisor gives 0
 *   min max                                 NaN if either operand is
 *   fma                                     floats: a * b + c rounded once
 *   floor ceil trunc rint sqrt              floats; rint to nearest even
 *   exp expm1 log log1p sin cos tan asin acos atan atan2 tanh erf pow         floats
 *   lt le eq ne                             BOOL from two operands of one type
 *   and or xor not                          BOOL and integers
 *   shl shr                                 integers; shr keeps the sign; a count outside the width shifts everything out
 *   select                                  a (BOOL) ? b : c
 *   cast                                    a of any type. float to integer truncates (unspecified, but defined, when out of range);
 *                                           to BOOL: a != 0; integer to integer wraps; integer to float to nearest even
 *   bits                                    the bits of a, of another type of the same width
 *   narrow                                  a rounded to storage type `imm` (F16, BF16: to nearest even; small integers: wrapped)
 *   reduce.sum .prod .max .min .any .all    over the inner space, of a. any/all are BOOL. max/min give NaN if there is one
 *   reduce.argmax .argmin                   I64 row-major inner index of the first extreme of a; the first NaN wins
 * and, each with an expansion in the core for a backend that does not list it:
 *   philox         U32: word `imm` (0..3) of the Philox 4x32-10 block with 64-bit counter a (U64; the upper 64 bits are 0) and key b (U64)
 *
 * The order in which a reduction combines may depend on the length of the inner space alone.
 */

enum { WEFT_DILATED = 1 }; /* weft_access.flags: some bound has step != 1 */
enum { WEFT_STRIDE_ZERO = 0, WEFT_STRIDE_ONE = 1, WEFT_STRIDE_OTHER = 2 };

typedef struct weft_instr {
  const char* op;
  int32_t type;    /* of the result */
  int32_t a, b, c; /* operand registers, -1 where there is none */
  int32_t imm;     /* access, parameter word, dimension, code or storage type */
  uint64_t bits;   /* of an "imm" */
} weft_instr;

typedef struct weft_stage {
  int32_t first, count; /* instructions [first, first + count) */
  int32_t inner;        /* 1: at every inner point */
} weft_stage;

typedef struct weft_access {
  int32_t arg;   /* which argument */
  int32_t dtype; /* of the element: arguments are untyped memory */
  int32_t store; /* 1: written */
  int32_t flags;
  int32_t params; /* first parameter word */
  int32_t bounds; /* how many */
  int32_t indices;
  const int32_t* index_regs;     /* I64 registers, one for each index */
  const uint8_t* stride_classes; /* `rank` of them, a promise about the strides in the parameters */
} weft_access;

typedef struct weft_attr {
  const char* name;
  int64_t value;
} weft_attr;

/* Kinds beyond "loop":
 *   "gemm", "conv"  a contraction, and at the same time a valid loop: the first stage is inner and holds
 *                   load access 0 (A), load access 1 (B), [casts,] mul, reduce.sum; one outer stage, the epilogue, follows.
 *                   Attributes batch, m, n count the outer dimensions of each class, in this order; all inner dimensions are k.
 *                   A does not move along n nor B along m. In "gemm" there are no bounds and m, n, k are at most 1 each;
 *                   in "conv" bounds may be on either. A backend may accumulate in any order that depends on sizes and types alone.
 *   "sort"          stable argsort along the inner dimension, NaN last: access 0 keys, access 1 receives I64 positions.
 *                   Attribute descending.
 *   "scan"          inclusive scan along the inner dimension: access 0 in, access 1 out; attribute op (0 sum, 1 prod, 2 max, 3 min).
 *   "scatter"       outer dimensions, inner dimension n: access 0 base, access 1 index (I64 or I32), access 2 values, access 3 out.
 *                   The first outer dimension is the row: out[row, ...] = base[row, ...] combined in order of n with every value whose
 *                   index is row; other indices are skipped. Accesses 1 and 2 do not move along the row.
 *                   Attribute op (0 set, 1 sum, 2 prod, 3 max, 4 min).
 * In "sort", "scan" and "scatter" the tape is empty and accesses carry no bounds. */
typedef struct weft_kernel {
  weft_header header;
  const char* kind;
  const char* text; /* canonical text: equal texts mean equal kernels */
  int32_t args;     /* number of argument buffers */
  int32_t outer_rank, inner_rank;
  int32_t index_bits; /* 32: every offset and size fits */
  int32_t param_words;
  weft_array accesses; /* weft_access */
  weft_array instrs;   /* weft_instr */
  weft_array stages;   /* weft_stage */
  weft_array attrs;    /* weft_attr */
} weft_kernel;

/* ---- Plans ---------------------------------------------------------------------------------------------------------------- */

typedef void* weft_buffer;
typedef void* weft_program;
typedef void* weft_executable;

typedef struct weft_launch {
  weft_program program;
  const int32_t* slots; /* for each argument, the plan slot that holds its buffer */
  int32_t first_param;  /* where this kernel's words begin in the plan's parameters */
} weft_launch;

/* Launches run in order; each sees what earlier ones wrote. Where a check fails, no later launch has any effect. */
typedef struct weft_plan {
  weft_header header;
  int32_t slots; /* number of buffers passed to run */
  int32_t param_words;
  weft_array launches; /* weft_launch */
} weft_plan;

/* ---- A backend -------------------------------------------------------------------------------------------------------------- */

typedef struct weft_capabilities {
  weft_header header;
  uint32_t dtypes;          /* bit (1 << storage type) for each type it loads and stores; F64 and 64-bit registers follow from it */
  const char* const* kinds; /* NULL-terminated; "loop" is required */
  const char* const* extra; /* NULL-terminated: instructions beyond the base set, such as "philox" */
  int32_t max_args;         /* argument buffers in one kernel, at least 4 */
  int32_t max_param_words;  /* in one kernel */
  int32_t max_registers;    /* live at once in one tape */
  int32_t max_instrs;       /* in one tape */
  int64_t local_memory;     /* bytes for one outer point's private work, 0: no limit */
  int64_t max_alloc;        /* bytes in one buffer, 0: no limit */
  int32_t alignment;        /* of buffers, bytes */
  int32_t shared_memory;    /* 1: export_host works on every buffer */
} weft_capabilities;

typedef struct weft_device_info {
  weft_header header;
  const char* name; /* such as "AMD EPYC" */
  const char* kind; /* "cpu", "gpu" or "accelerator" */
  int64_t memory;   /* bytes, 0: unknown */
} weft_device_info;

/* Functions that can fail return NULL or a non-zero status; last_error() then says why, in one line, for the calling thread.
 * Any function may be called from any thread; the core runs at most one plan per device at a time. */
typedef struct weft_backend {
  weft_header header;
  const char* name;
  const weft_capabilities* capabilities;
  const char* (*last_error)(void);

  int32_t (*device_count)(void);
  int32_t (*device_info)(int32_t device, weft_device_info* out);

  weft_buffer (*alloc)(int32_t device, int64_t nbytes);
  void (*free)(int32_t device, weft_buffer buffer);
  int32_t (*copy_in)(int32_t device, weft_buffer dst, int64_t offset, const void* src, int64_t nbytes); /* bytes; returns when src may be reused */
  int32_t (*copy_out)(int32_t device, void* dst, weft_buffer src, int64_t offset, int64_t nbytes);      /* waits for what wrote src */

  /* NULL with an empty last_error(): unsupported, the core lowers the kernel further. */
  weft_program (*compile)(int32_t device, const weft_kernel* kernel);
  void (*free_program)(weft_program program);

  weft_executable (*load)(int32_t device, const weft_plan* plan);
  void (*unload)(weft_executable executable);
  /* May return before the work is done. seconds: NULL, or room for one figure for each launch (then it waits, and measures). */
  int32_t (*run)(weft_executable executable, const weft_buffer* buffers, const int64_t* params, double* seconds);
  int32_t (*wait)(int32_t device);
  /* Waits, then gives the code of the first check that failed since the last call, or 0, and clears it. */
  int32_t (*status)(int32_t device);

  /* Optional: host address of a buffer (shared memory), or NULL. */
  void* (*export_host)(int32_t device, weft_buffer buffer);
  /* Optional: a buffer over the caller's memory, which outlives it and is never written. */
  weft_buffer (*import_host)(int32_t device, void* data, int64_t nbytes);
  /* Optional: how many threads plans run on; 0 reads, a positive number sets it. */
  int32_t (*threads)(int32_t count);
} weft_backend;

/* The one symbol a plugin library exports. */
const weft_backend* weft_backend_v1(void);

#ifdef __cplusplus
}
#endif
#endif
