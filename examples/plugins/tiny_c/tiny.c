/* A complete backend in plain C, compiled against weft/backend.h alone: an interpreter that does one element at a time.
 * It claims nothing but loops, four arguments, 64 KB of private memory and buffers of at most 1 MB, so the core must split
 * and lower everything for it. Read compile(), then run_loop(). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "weft/backend.h"

#define MAX_RANK 32
#define MAX_BUFFER (1 << 20)

static _Thread_local char error_text[200];
static const char* last_error(void) { return error_text; }
static void fail(const char* what, const char* detail) { snprintf(error_text, sizeof error_text, "%s %s", what, detail); }

/* ---- values: registers hold 8 bytes, read by their type */

typedef union {
  int64_t i;
  uint64_t u;
  double d;
  float f;
} value;

static value wrap(int type, value v) { /* integers keep their type's width, so that later reads see the right number */
  switch (type) {
    case WEFT_BOOL: v.u = v.u != 0; break;
    case WEFT_I32: v.i = (int32_t)v.u; break;
    case WEFT_U32: v.u = (uint32_t)v.u; break;
  }
  return v;
}

static float half_to_float(uint16_t h) {
  int exponent = h >> 10 & 31, mantissa = h & 1023;
  float f = exponent == 0 ? ldexpf((float)mantissa, -24) : exponent == 31 ? (mantissa ? NAN : INFINITY) : ldexpf((float)(mantissa + 1024), exponent - 25);
  return h >> 15 ? -f : f;
}

static uint16_t float_to_half(float f) {
  uint16_t sign = signbit(f) ? 0x8000 : 0;
  f = fabsf(f);
  if (isnan(f)) return sign | 0x7e00;
  if (f >= 65520.0f) return sign | 0x7c00;
  if (f == 0) return sign;
  int e;
  frexpf(f, &e); /* f = m * 2^e with m in [0.5, 1): a half has 11 bits of m, fewer below 2^-14 */
  int scale = e < -13 ? 24 : 11 - e;
  int bits = (int)rintf(ldexpf(f, scale));
  return sign | (uint16_t)(e < -13 ? bits : ((e + 13) << 10) + bits);
}

static float bfloat_to_float(uint16_t b) {
  uint32_t bits = (uint32_t)b << 16;
  float f;
  memcpy(&f, &bits, 4);
  return f;
}

static uint16_t float_to_bfloat(float f) {
  uint32_t bits;
  memcpy(&bits, &f, 4);
  if (isnan(f)) return (uint16_t)(bits >> 16 | 64);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static value read_element(int dtype, const char* at) {
  value v = {0};
  switch (dtype) {
    case WEFT_BOOL: v.u = *(const uint8_t*)at != 0; break;
    case WEFT_I8: v.i = *(const int8_t*)at; break;
    case WEFT_I16: v.i = *(const int16_t*)at; break;
    case WEFT_I32: v.i = *(const int32_t*)at; break;
    case WEFT_U8: v.u = *(const uint8_t*)at; break;
    case WEFT_U16: v.u = *(const uint16_t*)at; break;
    case WEFT_U32: v.u = *(const uint32_t*)at; break;
    case WEFT_F16: v.f = half_to_float(*(const uint16_t*)at); break;
    case WEFT_BF16: v.f = bfloat_to_float(*(const uint16_t*)at); break;
    case WEFT_F32: v.f = *(const float*)at; break;
    default: memcpy(&v, at, 8);
  }
  return v;
}

static int width(int dtype) {
  static const int bytes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 2, 2, 4, 8};
  return bytes[dtype];
}

static void write_element(int dtype, char* at, value v) {
  if (dtype == WEFT_F16) *(uint16_t*)at = float_to_half(v.f);
  else if (dtype == WEFT_BF16) *(uint16_t*)at = float_to_bfloat(v.f);
  else memcpy(at, &v, width(dtype)); /* little-endian: the low bytes are the wrapped integer */
}

static value narrow(int dtype, value v) {
  char memory[8];
  write_element(dtype, memory, v);
  return read_element(dtype, memory);
}

/* ---- instructions */

typedef struct {
  char op[24];
  int type, from; /* of the result; of operand a */
  int a, b, c, imm;
  uint64_t bits;
} instr;

static double as_double(int type, value v) {
  switch (type) {
    case WEFT_F32: return v.f;
    case WEFT_F64: return v.d;
    case WEFT_U32:
    case WEFT_U64:
    case WEFT_BOOL: return (double)v.u;
    default: return (double)v.i;
  }
}

static value from_double(int type, double d) {
  value v = {0};
  if (type == WEFT_F32) v.f = (float)d;
  else v.d = d;
  return v;
}

static int is_float(int type) { return type == WEFT_F32 || type == WEFT_F64; }
static int is_unsigned(int type) { return type == WEFT_U32 || type == WEFT_U64 || type == WEFT_BOOL; }

static value cast(int from, int to, value v) {
  value r = {0};
  if (is_float(to)) {
    if (to == WEFT_F32) r.f = is_float(from) ? (float)as_double(from, v) : is_unsigned(from) ? (float)v.u : (float)v.i;
    else r.d = as_double(from, v);
    return r;
  }
  if (to == WEFT_BOOL) {
    r.u = is_float(from) ? as_double(from, v) != 0 : v.u != 0;
    return r;
  }
  if (is_float(from)) {
    double d = as_double(from, v);
    if (isnan(d)) r.i = 0;
    else if (to == WEFT_U64) r.u = d <= -9.3e18 ? 0 : d < 0 ? (uint64_t)(int64_t)d : d >= 1.8446744073709552e19 ? UINT64_MAX : (uint64_t)d;
    else r.i = d <= -9.2233720368547758e18 ? INT64_MIN : d >= 9.2233720368547758e18 ? INT64_MAX : (int64_t)d;
    return wrap(to, r);
  }
  return wrap(to, v);
}

#define IS(name) (!strcmp(op, name))

static double float_op(const char* op, double x, double y, double z) {
  if (IS("add")) return x + y;
  if (IS("sub")) return x - y;
  if (IS("mul")) return x * y;
  if (IS("div")) return x / y;
  if (IS("rem")) return fmod(x, y);
  if (IS("neg")) return -x;
  if (IS("abs")) return fabs(x);
  if (IS("min") || IS("reduce.min")) return isnan(x) ? x : isnan(y) ? y : x < y || (x == y && signbit(x)) ? x : y;
  if (IS("max") || IS("reduce.max")) return isnan(x) ? x : isnan(y) ? y : x > y || (x == y && !signbit(x)) ? x : y;
  if (IS("fma")) return fma(x, y, z);
  if (IS("floor")) return floor(x);
  if (IS("ceil")) return ceil(x);
  if (IS("trunc")) return trunc(x);
  if (IS("rint")) return rint(x);
  if (IS("sqrt")) return sqrt(x);
  if (IS("exp")) return exp(x);
  if (IS("expm1")) return expm1(x);
  if (IS("log")) return log(x);
  if (IS("log1p")) return log1p(x);
  if (IS("sin")) return sin(x);
  if (IS("cos")) return cos(x);
  if (IS("tan")) return tan(x);
  if (IS("asin")) return asin(x);
  if (IS("acos")) return acos(x);
  if (IS("atan")) return atan(x);
  if (IS("atan2")) return atan2(x, y);
  if (IS("tanh")) return tanh(x);
  if (IS("erf")) return erf(x);
  if (IS("pow")) return pow(x, y);
  if (IS("reduce.sum")) return x + y;
  if (IS("reduce.prod")) return x * y;
  return NAN;
}

static value int_op(const char* op, int type, value x, value y) {
  value r = {0};
  int u = is_unsigned(type), bits = width(type) * 8;
  if (IS("add") || IS("reduce.sum")) r.u = x.u + y.u;
  else if (IS("sub")) r.u = x.u - y.u;
  else if (IS("mul") || IS("reduce.prod")) r.u = x.u * y.u;
  else if (IS("neg")) r.u = 0 - x.u;
  else if (IS("abs")) r.u = u || x.i >= 0 ? x.u : 0 - x.u;
  else if (IS("div")) r.u = y.u == 0 ? 0 : u ? x.u / y.u : y.i == -1 ? 0 - x.u : (uint64_t)(x.i / y.i);
  else if (IS("rem")) r.u = y.u == 0 ? 0 : u ? x.u % y.u : y.i == -1 ? 0 : (uint64_t)(x.i % y.i);
  else if (IS("min") || IS("reduce.min")) r = (u ? x.u < y.u : x.i < y.i) ? x : y;
  else if (IS("max") || IS("reduce.max")) r = (u ? x.u > y.u : x.i > y.i) ? x : y;
  else if (IS("and") || IS("reduce.all")) r.u = x.u & y.u;
  else if (IS("or") || IS("reduce.any")) r.u = x.u | y.u;
  else if (IS("xor")) r.u = x.u ^ y.u;
  else if (IS("not")) r.u = type == WEFT_BOOL ? !x.u : ~x.u;
  else if (IS("shl")) r.u = y.u >= (uint64_t)bits ? 0 : x.u << y.u;
  else if (IS("shr")) r.u = y.u >= (uint64_t)bits ? (u || x.i >= 0 ? 0 : ~0ull) : u ? x.u >> y.u : (uint64_t)(x.i >> y.i);
  return wrap(type, r);
}

static int compare(const char* op, int type, value x, value y) {
  if (is_float(type)) {
    double a = as_double(type, x), b = as_double(type, y);
    return IS("lt") ? a < b : IS("le") ? a <= b : IS("eq") ? a == b : a != b;
  }
  if (IS("eq")) return x.u == y.u;
  if (IS("ne")) return x.u != y.u;
  if (is_unsigned(type)) return IS("lt") ? x.u < y.u : x.u <= y.u;
  return IS("lt") ? x.i < y.i : x.i <= y.i;
}

static value combine(const instr* in, value x, value y, value z) { /* operands of one type, which is in->from */
  if (in->from == WEFT_F32 && strcmp(in->op, "fma")) return from_double(WEFT_F32, float_op(in->op, x.f, y.f, z.f));
  if (in->from == WEFT_F32) {
    value r = {0};
    r.f = fmaf(x.f, y.f, z.f);
    return r;
  }
  if (in->from == WEFT_F64) return from_double(WEFT_F64, float_op(in->op, x.d, y.d, z.d));
  return int_op(in->op, in->from, x, y);
}

/* ---- programs */

typedef struct {
  weft_access access;
  int32_t regs[8];
} access_copy;

typedef struct {
  int args, rank, outer_rank, instr_count, stage_count;
  instr* instrs;
  access_copy* accesses;
  weft_stage* stages;
} program;

#define AT(array, type, i) ((const type*)((const char*)(array).data + (size_t)(i) * (array).stride))

static weft_program compile(int32_t device, const weft_kernel* k) {
  (void)device;
  error_text[0] = 0; /* NULL with no message: unsupported, the core lowers it further */
  if (strcmp(k->kind, "loop") || k->outer_rank + k->inner_rank > MAX_RANK) return NULL;
  program* p = calloc(1, sizeof *p);
  p->args = k->args;
  p->rank = k->outer_rank + k->inner_rank;
  p->outer_rank = k->outer_rank;
  p->instr_count = (int)k->instrs.count;
  p->stage_count = (int)k->stages.count;
  p->instrs = calloc(k->instrs.count + 1, sizeof *p->instrs);
  p->accesses = calloc(k->accesses.count + 1, sizeof *p->accesses);
  p->stages = calloc(k->stages.count + 1, sizeof *p->stages);
  for (uint32_t i = 0; i < k->instrs.count; ++i) {
    const weft_instr* in = AT(k->instrs, weft_instr, i);
    instr* to = &p->instrs[i];
    snprintf(to->op, sizeof to->op, "%s", in->op);
    to->type = in->type, to->a = in->a, to->b = in->b, to->c = in->c, to->imm = in->imm, to->bits = in->bits;
    to->from = in->a >= 0 ? p->instrs[in->a].type : in->type;
  }
  for (uint32_t i = 0; i < k->accesses.count; ++i) {
    p->accesses[i].access = *AT(k->accesses, weft_access, i);
    for (int r = 0; r < p->accesses[i].access.indices; ++r) p->accesses[i].regs[r] = p->accesses[i].access.index_regs[r];
  }
  for (uint32_t i = 0; i < k->stages.count; ++i) p->stages[i] = *AT(k->stages, weft_stage, i);
  return p;
}

static void free_program(weft_program handle) {
  program* p = handle;
  free(p->instrs), free(p->accesses), free(p->stages), free(p);
}

/* ---- running */

typedef struct {
  const program* p;
  const int64_t* words;
  char** memory;
  int64_t coord[MAX_RANK];
  value* regs;
  int64_t* best; /* for argmax and argmin: the position held in regs */
  int* failed;
} frame;

/* The element an access touches, or NULL where it is outside; *fill is what a load then gives. */
static char* locate(const frame* f, const access_copy* a, value* fill) {
  const int64_t* w = f->words + a->access.params;
  int rank = f->p->rank;
  int64_t at = *w++;
  for (int d = 0; d < rank; ++d) at += w[d] * f->coord[d];
  w += rank;
  int inside = 1;
  for (int b = 0; b < a->access.bounds; ++b, w += 4 + rank) {
    int64_t t = w[0], limit = w[1], step = w[2];
    for (int d = 0; d < rank; ++d) t += w[4 + d] * f->coord[d];
    if (t < 0 || t % step || t / step >= limit) inside = 0;
    else at += t / step * w[3];
  }
  if (a->access.bounds) fill->i = *w++;
  for (int i = 0; i < a->access.indices; ++i, w += 2) {
    int64_t index = f->regs[a->regs[i]].i;
    if (w[1] <= 0) inside = 0;
    index = index < 0 ? 0 : index >= w[1] ? w[1] - 1 : index;
    at += index * w[0];
  }
  return inside ? f->memory[a->access.arg] + at * width(a->access.dtype) : NULL;
}

static void step(frame* f, int i, int64_t inner) {
  const instr* in = &f->p->instrs[i];
  const char* op = in->op;
  value zero = {0};
  value x = in->a >= 0 ? f->regs[in->a] : zero, y = in->b >= 0 ? f->regs[in->b] : zero, z = in->c >= 0 ? f->regs[in->c] : zero;
  value* out = &f->regs[i];
  if (IS("imm")) out->u = in->bits, *out = wrap(in->type, *out);
  else if (IS("param")) out->i = f->words[in->imm], *out = wrap(in->type, *out);
  else if (IS("index")) out->i = f->coord[in->imm];
  else if (IS("load")) {
    const access_copy* a = &f->p->accesses[in->imm];
    value fill = zero;
    char* at = locate(f, a, &fill);
    *out = at ? read_element(a->access.dtype, at) : wrap(in->type, fill);
  } else if (IS("store")) {
    const access_copy* a = &f->p->accesses[in->imm];
    value fill;
    char* at = locate(f, a, &fill);
    if (at) write_element(a->access.dtype, at, x);
  } else if (IS("check")) {
    if (!x.u && !*f->failed) *f->failed = in->imm;
  } else if (IS("lt") || IS("le") || IS("eq") || IS("ne")) out->u = (uint64_t)compare(op, in->from, x, y);
  else if (IS("select")) *out = x.u ? y : z;
  else if (IS("cast")) *out = cast(in->from, in->type, x);
  else if (IS("bits")) *out = wrap(in->type, x);
  else if (IS("narrow")) *out = narrow(in->imm, x);
  else if (IS("reduce.argmax") || IS("reduce.argmin")) {
    value* best = &f->regs[f->p->instr_count + i];
    int largest = IS("reduce.argmax"), nan = is_float(in->from) && isnan(as_double(in->from, x));
    int held_nan = is_float(in->from) && inner && isnan(as_double(in->from, *best));
    int better = inner == 0 || (!held_nan && (nan || compare("lt", in->from, largest ? *best : x, largest ? x : *best)));
    if (better) *best = x, out->i = inner;
  } else if (!strncmp(op, "reduce.", 7)) *out = inner == 0 ? x : combine(in, *out, x, zero);
  else *out = combine(in, x, y, z);
}

/* What a reduction over nothing gives. */
static value identity(const instr* in) {
  value v = {0};
  int one = !strcmp(in->op, "reduce.prod") || !strcmp(in->op, "reduce.all");
  if (one) v = is_float(in->type) ? from_double(in->type, 1) : (value){.i = 1};
  return v;
}

static int next_point(int64_t* coord, const int64_t* sizes, int first, int last) { /* row-major; 0 after the end */
  for (int d = last - 1; d >= first; --d) {
    if (++coord[d] < sizes[d]) return 1;
    coord[d] = 0;
  }
  return 0;
}

static void run_loop(frame* f) {
  const program* p = f->p;
  int64_t inner = 1;
  for (int d = 0; d < p->rank; ++d) {
    f->coord[d] = 0;
    if (d >= p->outer_rank) inner *= f->words[d];
    else if (f->words[d] == 0) return;
  }
  do {
    for (int s = 0; s < p->stage_count; ++s) {
      const weft_stage* stage = &p->stages[s];
      int last = stage->first + stage->count;
      if (!stage->inner) {
        for (int i = stage->first; i < last; ++i) step(f, i, 0);
        continue;
      }
      for (int i = stage->first; i < last; ++i)
        if (!strncmp(p->instrs[i].op, "reduce.", 7)) f->regs[i] = identity(&p->instrs[i]);
      for (int64_t j = 0; j < inner; ++j) {
        for (int i = stage->first; i < last; ++i) step(f, i, j);
        next_point(f->coord, f->words, p->outer_rank, p->rank);
      }
    }
  } while (next_point(f->coord, f->words, 0, p->outer_rank));
}

typedef struct {
  int count;
  weft_launch* launches;
} executable;

static weft_executable load(int32_t device, const weft_plan* plan) {
  (void)device;
  executable* e = calloc(1, sizeof *e);
  e->count = (int)plan->launches.count;
  e->launches = calloc((size_t)e->count + 1, sizeof *e->launches);
  for (int i = 0; i < e->count; ++i) {
    e->launches[i] = *AT(plan->launches, weft_launch, i);
    int args = ((program*)e->launches[i].program)->args;
    int32_t* slots = calloc((size_t)args + 1, sizeof *slots);
    memcpy(slots, e->launches[i].slots, sizeof *slots * (size_t)args);
    e->launches[i].slots = slots;
  }
  return e;
}

static void unload(weft_executable handle) {
  executable* e = handle;
  for (int i = 0; i < e->count; ++i) free((void*)e->launches[i].slots);
  free(e->launches), free(e);
}

static int failed_code;

static int32_t run(weft_executable handle, const weft_buffer* buffers, const int64_t* params, double* seconds) {
  executable* e = handle;
  int failed = 0;
  for (int i = 0; i < e->count && !failed; ++i) {
    const weft_launch* l = &e->launches[i];
    const program* p = l->program;
    char* memory[4];
    for (int a = 0; a < p->args; ++a) memory[a] = buffers[l->slots[a]];
    frame f = {.p = p, .words = params + l->first_param, .memory = memory, .failed = &failed};
    f.regs = calloc((size_t)p->instr_count * 2 + 1, sizeof(value));
    run_loop(&f);
    free(f.regs);
    if (seconds) seconds[i] = -1;
  }
  if (failed && !failed_code) failed_code = failed;
  return 0;
}

static int32_t wait_done(int32_t device) { return (void)device, 0; }
static int32_t status(int32_t device) {
  (void)device;
  int code = failed_code;
  failed_code = 0;
  return code;
}

/* ---- memory and the table */

static weft_buffer alloc_buffer(int32_t device, int64_t nbytes) {
  (void)device;
  if (nbytes > MAX_BUFFER) return fail("buffers hold at most", "1 MB"), NULL;
  void* p = malloc((size_t)(nbytes ? nbytes : 1));
  if (!p) fail("malloc", "failed");
  return p;
}
static void free_buffer(int32_t device, weft_buffer buffer) { (void)device, free(buffer); }
static int32_t copy_in(int32_t device, weft_buffer dst, int64_t offset, const void* src, int64_t n) {
  return (void)device, memcpy((char*)dst + offset, src, (size_t)n), 0;
}
static int32_t copy_out(int32_t device, void* dst, weft_buffer src, int64_t offset, int64_t n) {
  return (void)device, memcpy(dst, (char*)src + offset, (size_t)n), 0;
}
static int32_t device_count(void) { return 1; }
static int32_t device_info(int32_t device, weft_device_info* out) {
  (void)device;
  out->name = "one element at a time", out->kind = "cpu", out->memory = 0;
  return 0;
}

const weft_backend* weft_backend_v1(void) {
  static const char* const kinds[] = {"loop", NULL};
  static const weft_capabilities capabilities = {.header = {WEFT_ABI_MAJOR, sizeof capabilities},
                                                 .dtypes = 0x1fff,
                                                 .kinds = kinds,
                                                 .max_args = 4,
                                                 .max_param_words = 512,
                                                 .max_registers = 64,
                                                 .max_instrs = 1024,
                                                 .local_memory = 64 << 10,
                                                 .max_alloc = MAX_BUFFER,
                                                 .alignment = 16};
  static const weft_backend backend = {.header = {WEFT_ABI_MAJOR, sizeof backend},
                                       .name = "tiny_c",
                                       .capabilities = &capabilities,
                                       .last_error = last_error,
                                       .device_count = device_count,
                                       .device_info = device_info,
                                       .alloc = alloc_buffer,
                                       .free = free_buffer,
                                       .copy_in = copy_in,
                                       .copy_out = copy_out,
                                       .compile = compile,
                                       .free_program = free_program,
                                       .load = load,
                                       .unload = unload,
                                       .run = run,
                                       .wait = wait_done,
                                       .status = status};
  return &backend;
}
