// From a weft_kernel to a Program: checks what it is given, resolves names to functions.
#include <algorithm>
#include <cstring>
#include <string>

#include "error.h"
#include "program.h"

namespace weft::cpu {

namespace {

template <class T>
const T& element(const weft_array& array, uint32_t i) {
  return *reinterpret_cast<const T*>(static_cast<const char*>(array.data) + size_t(i) * array.stride);
}

[[noreturn]] void fail(const std::string& message) { throw Error("compile: " + message); }

struct Name {
  const char* text;
  Op op;
};

constexpr Name names[] = {{"imm", Op::imm},
                          {"param", Op::param},
                          {"index", Op::index},
                          {"load", Op::load},
                          {"store", Op::store},
                          {"check", Op::check},
                          {"add", Op::add},
                          {"sub", Op::sub},
                          {"mul", Op::mul},
                          {"neg", Op::neg},
                          {"abs", Op::abs},
                          {"div", Op::div},
                          {"rem", Op::rem},
                          {"min", Op::min},
                          {"max", Op::max},
                          {"fma", Op::fma},
                          {"floor", Op::floor},
                          {"ceil", Op::ceil},
                          {"trunc", Op::trunc},
                          {"rint", Op::rint},
                          {"sqrt", Op::sqrt},
                          {"exp", Op::exp},
                          {"expm1", Op::expm1},
                          {"log", Op::log},
                          {"log1p", Op::log1p},
                          {"sin", Op::sin},
                          {"cos", Op::cos},
                          {"tan", Op::tan},
                          {"asin", Op::asin},
                          {"acos", Op::acos},
                          {"atan", Op::atan},
                          {"atan2", Op::atan2},
                          {"tanh", Op::tanh},
                          {"erf", Op::erf},
                          {"pow", Op::pow},
                          {"lt", Op::lt},
                          {"le", Op::le},
                          {"eq", Op::eq},
                          {"ne", Op::ne},
                          {"and", Op::and_},
                          {"or", Op::or_},
                          {"xor", Op::xor_},
                          {"not", Op::not_},
                          {"shl", Op::shl},
                          {"shr", Op::shr},
                          {"select", Op::select},
                          {"cast", Op::cast},
                          {"bits", Op::bits},
                          {"narrow", Op::narrow},
                          {"philox", Op::philox},
                          {"reduce.sum", Op::reduce_sum},
                          {"reduce.prod", Op::reduce_prod},
                          {"reduce.max", Op::reduce_max},
                          {"reduce.min", Op::reduce_min},
                          {"reduce.any", Op::reduce_any},
                          {"reduce.all", Op::reduce_all},
                          {"reduce.argmax", Op::reduce_argmax},
                          {"reduce.argmin", Op::reduce_argmin}};

// How many operands an instruction reads.
int arity(Op op) {
  switch (op) {
    case Op::imm:
    case Op::param:
    case Op::index:
    case Op::load: return 0;
    case Op::fma:
    case Op::select: return 3;
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::rem:
    case Op::min:
    case Op::max:
    case Op::atan2:
    case Op::pow:
    case Op::lt:
    case Op::le:
    case Op::eq:
    case Op::ne:
    case Op::and_:
    case Op::or_:
    case Op::xor_:
    case Op::shl:
    case Op::shr:
    case Op::philox: return 2;
    default: return 1;
  }
}

void read_accesses(const weft_kernel& kernel, Program& p, const IsaTable& isa) {
  const int rank = p.rank();
  for (uint32_t i = 0; i < kernel.accesses.count; ++i) {
    const weft_access& in = element<weft_access>(kernel.accesses, i);
    if (in.arg < 0 || in.arg >= p.args) fail("an access names an argument that does not exist");
    if (!is_storage(in.dtype)) fail("an access has an unknown element type");
    const int words = 1 + rank + in.bounds * (4 + rank) + (in.bounds ? 1 : 0) + 2 * in.indices;
    if (in.params < 0 || in.bounds < 0 || in.indices < 0 || in.params + words > p.param_words) fail("an access lies outside the parameter buffer");
    Access a;
    a.arg = in.arg;
    a.dtype = in.dtype;
    a.size = storage_size(in.dtype);
    a.store = in.store != 0;
    a.dilated = (in.flags & WEFT_DILATED) != 0;
    a.params = in.params;
    a.bounds = in.bounds;
    for (int k = 0; k < in.indices; ++k) a.index_regs.push_back(in.index_regs[k]);
    for (int d = 0; d < rank; ++d) a.stride_classes.push_back(in.stride_classes ? in.stride_classes[d] : uint8_t(WEFT_STRIDE_OTHER));
    a.load = isa.load(in.dtype);
    a.gather = isa.gather(in.dtype);
    a.gather_rows = isa.gather_rows(in.dtype);
    a.transpose = isa.transpose(in.dtype);
    p.has_indices |= in.indices > 0;
    p.accesses.push_back(std::move(a));
  }
}

uint64_t float_bits(int type, double value) {
  if (type == WEFT_F64) return __builtin_bit_cast(uint64_t, value);
  return __builtin_bit_cast(uint32_t, float(value));
}

// What a reduction over nothing gives; for max and min the least and greatest value.
uint64_t identity(Op op, int type) {
  const double inf = __builtin_inf();
  switch (op) {
    case Op::reduce_prod: return is_float(type) ? float_bits(type, 1) : 1;
    case Op::reduce_all: return 1;
    case Op::reduce_max:
      if (is_float(type)) return float_bits(type, -inf);
      if (type == WEFT_I32) return uint32_t(INT32_MIN);
      return type == WEFT_I64 ? uint64_t(INT64_MIN) : 0;
    case Op::reduce_min:
      if (is_float(type)) return float_bits(type, inf);
      if (type == WEFT_BOOL) return 1;
      if (type == WEFT_I32) return uint32_t(INT32_MAX);
      if (type == WEFT_U32) return UINT32_MAX;
      return type == WEFT_I64 ? uint64_t(INT64_MAX) : UINT64_MAX;
    default: return 0;
  }
}

Op combining_op(Op op) {
  switch (op) {
    case Op::reduce_sum: return Op::add;
    case Op::reduce_prod: return Op::mul;
    case Op::reduce_max: return Op::max;
    case Op::reduce_min: return Op::min;
    case Op::reduce_any: return Op::or_;
    default: return Op::and_;
  }
}

void read_reduction(Program& p, int i, const IsaTable& isa) {
  Instr& in = p.instrs[size_t(i)];
  Reduction r;
  r.instr = i;
  r.operand = in.a;
  r.type = in.operand_type;
  r.width = storage_size(r.type);
  r.identity = identity(in.op, r.type);
  r.arg = in.op == Op::reduce_argmax || in.op == Op::reduce_argmin;
  if (r.arg) {
    if (in.type != WEFT_I64) fail("the result of argmax and argmin is I64");
    r.arg_fns = isa.arg_reduce(in.op, r.type);
  } else {
    if (in.type != r.type) fail("a reduction's type differs from its operand's");
    r.fold = isa.fold(in.op, r.type);
    r.combine = isa.find({combining_op(in.op), r.type, r.type, 0, 0});
    if (!r.fold.fold || !r.combine) fail("a reduction of this type is not defined");
  }
  in.reduction = int(p.reductions.size());
  p.reductions.push_back(r);
}

void check_operand(const Program& p, const Instr& in, int i, int reg) {
  if (reg < 0 || reg >= i) fail("instruction " + std::to_string(i) + " reads a register that is not written before it");
  const Instr& source = p.instrs[size_t(reg)];
  if (source.op == Op::store || source.op == Op::check) fail("instruction " + std::to_string(i) + " reads a store or a check");
  const bool reduced = source.reduction >= 0;
  if ((source.inner || reduced) && source.stage != in.stage && !reduced) fail("instruction " + std::to_string(i) + " reads a register of another inner stage");
  if (reduced && source.stage == in.stage) fail("instruction " + std::to_string(i) + " reads a reduction before it is complete");
}

void read_instr(const weft_kernel& kernel, Program& p, int i, int stage, bool inner, const IsaTable& isa) {
  const weft_instr& from = element<weft_instr>(kernel.instrs, uint32_t(i));
  Instr in;
  in.op = parse_op(from.op);
  if (in.op == Op::count) fail(std::string("unknown instruction ") + from.op);
  in.type = from.type;
  in.imm = from.imm;
  in.bits = from.bits;
  in.stage = stage;
  const bool reduces = in.op >= Op::reduce_sum;
  if (reduces && !inner) fail("a reduction stands outside an inner stage");
  in.inner = inner && !reduces;
  const int operands = arity(in.op);
  if (operands > 0) in.a = from.a;
  if (operands > 1) in.b = from.b;
  if (operands > 2) in.c = from.c;
  for (int reg : {in.a, in.b, in.c})
    if (reg != -1) check_operand(p, in, i, reg);
  if (operands > 0 && in.a < 0) fail(std::string(from.op) + " lacks an operand");
  in.operand_type = in.a >= 0 ? p.instrs[size_t(in.a)].type : in.type;
  if (operands > 1 && (in.b < 0 || p.instrs[size_t(in.b)].type != (in.op == Op::select ? in.type : in.operand_type)))
    fail(std::string(from.op) + " has operands of different types");
  if (operands > 2 && (in.c < 0 || p.instrs[size_t(in.c)].type != in.type)) fail(std::string(from.op) + " has operands of different types");

  const bool valued = in.op != Op::store && in.op != Op::check;
  if (valued && !is_register(in.type)) fail(std::string(from.op) + " has a type that no register holds");
  in.width = valued ? storage_size(in.type) : 0;
  if (in.op == Op::load || in.op == Op::store) {
    if (in.imm < 0 || size_t(in.imm) >= p.accesses.size()) fail("an instruction names an access that does not exist");
    const Access& access = p.accesses[size_t(in.imm)];
    if (access.store != (in.op == Op::store)) fail("a load of a written access, or a store of a read one");
    for (int reg : access.index_regs) {
      check_operand(p, in, i, reg);
      if (p.instrs[size_t(reg)].type != WEFT_I64) fail("an index register is not I64");
    }
    if (in.op == Op::load && in.type != register_type(access.dtype)) fail("a load's type is not its element's register type");
    if (in.op == Op::store) {
      in.store = isa.store(in.operand_type, access.dtype);
      in.scatter = isa.scatter(in.operand_type, access.dtype);
      if (!in.store) fail("a store converts between types that need a cast");
    }
  } else if (in.op == Op::param) {
    if (in.imm < 0 || in.imm >= p.param_words) fail("a param lies outside the parameter buffer");
  } else if (in.op == Op::index) {
    if (in.imm < 0 || in.imm >= (inner ? p.rank() : p.outer_rank)) fail("an index names a dimension that does not exist");
    if (in.type != WEFT_I64) fail("the type of index is I64");
  } else if (in.op == Op::check || in.op == Op::select) {
    if (in.operand_type != WEFT_BOOL) fail("a condition is not BOOL");
  } else if (in.op != Op::imm && !reduces) {
    const bool compares = in.op == Op::lt || in.op == Op::le || in.op == Op::eq || in.op == Op::ne;
    const bool converts = in.op == Op::cast || in.op == Op::bits || in.op == Op::philox;
    if (compares ? in.type != WEFT_BOOL : !converts && in.type != in.operand_type) fail(std::string(from.op) + " has the wrong type");
    if (!isa.find({in.op, in.type, in.operand_type, in.imm, 0})) fail(std::string(from.op) + " is not defined for this type");
  }
  p.instrs.push_back(in);
  if (reduces) read_reduction(p, i, isa);
  if (in.op == Op::check) p.checks.push_back(i);
}

void read_tape(const weft_kernel& kernel, Program& p, const IsaTable& isa) {
  int next = 0;
  for (uint32_t s = 0; s < kernel.stages.count; ++s) {
    const weft_stage& from = element<weft_stage>(kernel.stages, s);
    if (from.first != next || from.count < 0 || uint32_t(from.first) + uint32_t(from.count) > kernel.instrs.count) fail("the stages do not follow one another");
    Stage stage;
    stage.first = from.first;
    stage.count = from.count;
    stage.inner = from.inner != 0;
    p.has_inner_stage |= stage.inner;
    for (int i = from.first; i < from.first + from.count; ++i) read_instr(kernel, p, i, int(s), stage.inner, isa);
    p.stages.push_back(std::move(stage));
    next += from.count;
  }
  if (uint32_t(next) != kernel.instrs.count) fail("an instruction belongs to no stage");
}

}  // namespace

Op parse_op(const char* name) {
  for (const Name& n : names)
    if (std::strcmp(n.text, name) == 0) return n.op;
  return Op::count;
}

std::unique_ptr<Program> compile_program(const weft_kernel& kernel) {
  if (kernel.header.abi_major != WEFT_ABI_MAJOR) fail("the kernel is of another version of the interface");
  const char* why = "";
  const IsaTable* isa = isa_table(&why);
  if (!isa) fail(why);

  auto p = std::make_unique<Program>();
  const std::string kind = kernel.kind;
  if (kind == "loop") p->kind = Kind::loop;
  else if (kind == "gemm" || kind == "conv") p->kind = Kind::contraction, p->contraction.image = kind == "conv";
  else if (kind == "sort") p->kind = Kind::sort;
  else if (kind == "scan") p->kind = Kind::scan;
  else if (kind == "scatter") p->kind = Kind::scatter;
  else return nullptr;

  p->args = kernel.args;
  p->outer_rank = kernel.outer_rank;
  p->inner_rank = kernel.inner_rank;
  p->param_words = kernel.param_words;
  if (p->outer_rank < 0 || p->inner_rank < 0 || p->param_words < p->rank()) fail("the parameter buffer is too short for the sizes");
  if (p->rank() > 64) fail("more than 64 dimensions");
  for (uint32_t i = 0; i < kernel.attrs.count; ++i) {
    const weft_attr& attr = element<weft_attr>(kernel.attrs, i);
    const std::string name = attr.name;
    if (name == "batch") p->contraction.batch = int(attr.value);
    if (name == "m") p->contraction.m = int(attr.value);
    if (name == "n") p->contraction.n = int(attr.value);
    if (name == "op") p->attr_op = attr.value;
    if (name == "descending") p->descending = attr.value != 0;
  }
  read_accesses(kernel, *p, *isa);
  if (p->kind == Kind::loop || p->kind == Kind::contraction) {
    read_tape(kernel, *p, *isa);
    if (p->kind == Kind::loop) {
      auto sharing = std::make_shared<Program>(*p);
      share_stages(*sharing);
      if (sharing->shares) {
        analyse(*sharing);
        p->sharing = std::move(sharing);
      }
    }
    analyse(*p);
    if (p->kind == Kind::contraction && !compile_contraction(*p)) return nullptr;
  } else {
    const size_t wanted = p->kind == Kind::scatter ? 4 : 2;
    if (p->accesses.size() < wanted || p->inner_rank != 1) fail("a " + kind + " kernel has the wrong number of accesses or dimensions");
  }
  return p;
}

}  // namespace weft::cpu
