#include "fuse/emit.h"

#include <algorithm>
#include <cstring>

#include "runtime/check.h"

namespace weft {

bool operator==(const TapeAccess& a, const TapeAccess& b) {
  if (a.indices.size() != b.indices.size()) return false;
  for (size_t i = 0; i < a.indices.size(); ++i)
    if (a.indices[i].reg != b.indices[i].reg || a.indices[i].stride != b.indices[i].stride || a.indices[i].limit != b.indices[i].limit) return false;
  return a.node == b.node && a.dtype == b.dtype && a.store == b.store && a.offset == b.offset && a.strides == b.strides && a.bounds == b.bounds &&
         a.bound_strides == b.bound_strides && a.fill_node == b.fill_node && a.fill_imaginary == b.fill_imaginary && a.operand == b.operand;
}

static bool is_iota(const Node& n) { return n.prim->kind == Primitive::leaf && !std::strcmp(n.prim->name, "iota"); }

IndexMap Emitter::frame() const {
  IndexMap map;
  map.rank = group_.rank();
  return map;
}

bool Emitter::same_place(const std::vector<Row>& a, const std::vector<Row>& b) const {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (a[i].base != b[i].base || a[i].term >= 0 || b[i].term >= 0) return false;
    for (int d = 0; d < group_.rank(); ++d)
      if (group_.sizes[d] != 1 && a[i].coef[d] != b[i].coef[d]) return false;
  }
  return true;
}

bool Emitter::in_memory(const Node* n) const {
  if (n->computed()) return true;
  bool scalar = n->prim->kind == Primitive::leaf && !is_iota(*n);  // always a parameter, even where it is stored too
  return !scalar && decisions_.stored.count(n) && !values_.count(n);
}

Val Emitter::narrowed(Val v, DType dtype) {
  if (is_narrow(dtype)) v.re = tape.op("narrow", v.re, -1, -1, int(dtype));
  return v;
}

Val Emitter::emit(const Node* n, IndexMap map) {
  n = decisions_.resolve(n);
  if (in_memory(n)) {
    for (const Member& m : group_.members)
      if (m.node == n) throw CannotFuse{"a member is read before it is computed"};
    return load(n, map, nullptr);
  }
  if (auto known = values_.find(n); known != values_.end()) {
    for (const Member& m : group_.members)
      if (m.node == n && map.bounds.empty() && same_place(m.out, map.rows)) return known->second;
    if (n->prim->kind == Primitive::reduce || n->prim->kind == Primitive::contract) throw CannotFuse{"a reduction is read at another place"};
  }
  auto key = std::make_pair(n, map.key());
  if (auto known = memo_.find(key); known != memo_.end()) return known->second;
  Val v;
  switch (n->prim->kind) {
    case Primitive::leaf: v = emit_leaf(n, map); break;
    case Primitive::map: v = emit_map(n, map); break;
    case Primitive::view: v = emit_view(n, std::move(map)); break;
    case Primitive::gather: v = emit_gather(n, map); break;
    default: throw MustStore{n, "it is not an expression"};
  }
  memo_[key] = v;
  return v;
}

// Two leaves hold no memory: a scalar, and iota, whose value is where it stands.
Val Emitter::emit_leaf(const Node* n, const IndexMap& map) {
  Val v;
  if (is_iota(*n)) {
    v.re = coordinate(map.rows[0], map);
    return v;
  }
  v.re = scalar(n, reg_type(n->dtype), false);
  if (is_complex(n->dtype)) v.im = scalar(n, reg_type(n->dtype), true);
  return v;
}

Val Emitter::emit_map(const Node* n, const IndexMap& map) {
  SmallVector<Val, 3> inputs;
  for (const NodeRef& in : n->inputs) inputs.push_back(emit(in.get(), map));
  return narrowed(n->prim->emit(tape, *n, inputs.data()), n->dtype);
}

Val Emitter::emit_view(const Node* n, IndexMap map) {
  const Node* source = decisions_.resolve(n->inputs[0].get());
  if (!std::strcmp(n->prim->name, "reshape")) {
    if (in_memory(source) && (!source->computed() || source->strides == contiguous_strides(source->shape))) return load_flat(source, n->shape, map, nullptr);
    std::vector<Row> rows;
    // A value in memory cannot be stored again, but its reshape can (rewrite.cpp sees to those that are not affine even alone).
    if (!reshape_rows(group_.sizes, map.rows, n->shape, source->shape, rows)) throw MustStore{source->computed() ? n : source, "its reshape is not affine"};
    map.rows = std::move(rows);
    return emit(source, std::move(map));
  }
  size_t outer_bounds = map.bounds.size();
  if (!n->prim->map_index(*n, map)) throw MustStore{n, "it is read where a view of a view is not affine"};
  if (map.bounds.size() == outer_bounds) return emit(source, std::move(map));
  // Places outside get the fill. A plain load can do that itself; an expression needs a select.
  bool fresh = outer_bounds == 0;
  if (fresh && in_memory(source)) return load(source, map, n);
  Reg ok = -1;
  for (size_t b = outer_bounds; b < map.bounds.size(); ++b) {
    Reg one = inside(map.bounds[b]);
    ok = ok < 0 ? one : tape.op("and", ok, one);
  }
  Val v = emit(source, map);
  DType reg = reg_type(n->dtype);
  v.re = tape.op_as(reg, "select", ok, v.re, scalar(n, reg, false));
  if (v.im >= 0) v.im = tape.op_as(reg, "select", ok, v.im, scalar(n, reg, true));
  return v;
}

Val Emitter::emit_gather(const Node* n, const IndexMap& map) {
  const Node* source = n->inputs[0].get();
  int axis = int(n->attrs[0]), count = int(n->attrs[1]);
  bool along = n->attrs[2], checked = n->attrs[3];
  int index_rank = along ? n->rank() : n->inputs[1]->rank();
  IndexMap at = map;
  std::vector<Row> index_rows(map.rows.begin() + (along ? 0 : axis), map.rows.begin() + (along ? 0 : axis) + index_rank);
  std::vector<Row> rows(map.rows.begin(), map.rows.begin() + axis);
  for (int k = 0; k < count; ++k) {
    IndexMap index_map = map;
    index_map.rows = index_rows;
    Reg i = tape.cast(DType::i64, emit(n->inputs[1 + k].get(), index_map).re);
    int64_t extent = source->shape[axis + k];
    Reg limit = size(extent);
    i = tape.op_as(DType::i64, "select", tape.op_as(DType::b1, "lt", i, tape.imm(DType::i64, 0)), tape.op("add", i, limit), i);
    if (!checked) {
      Reg ok = tape.op("and", tape.op_as(DType::b1, "le", tape.imm(DType::i64, 0), i), tape.op_as(DType::b1, "lt", i, limit));
      for (const Bound& b : map.bounds) ok = tape.op("or", ok, tape.op("not", inside(b)));  // padding reads no index
      TapeInstr check{"check", DType::b1, ok};
      check.imm = check_code(*n);
      check.effect = true;
      tape.push(check);
    }
    at.terms.push_back({-1, i, extent});
    Row row = map.constant_row(0);
    row.term = int(at.terms.size()) - 1, row.scale = 1;
    rows.push_back(row);
  }
  size_t rest = along ? axis + 1 : axis + index_rank;
  rows.insert(rows.end(), map.rows.begin() + rest, map.rows.end());
  at.rows = std::move(rows);
  return emit(source, std::move(at));
}

// ---- leaves

Reg Emitter::slot(DType type, Slot s, bool imaginary) {
  size_t i = 0;
  while (i < slots.size() && (slots[i].node != s.node || slots[i].value != s.value)) ++i;
  if (i == slots.size()) slots.push_back(s);
  return tape.param(type, int(i) * 2 + imaginary);
}

Reg Emitter::scalar(const Node* n, DType reg, bool imaginary) { return slot(reg, {n, 0}, imaginary); }

Reg Emitter::size(int64_t value) { return value == 0 || value == 1 ? tape.imm(DType::i64, double(value)) : slot(DType::i64, {nullptr, value}, false); }

Reg Emitter::affine(const Dims& coef, int64_t base) {
  Reg sum = -1;
  for (int d = 0; d < group_.rank(); ++d) {
    if (!coef[d] || group_.sizes[d] == 1) continue;
    Reg part = tape.index(d, group_.inner(d));
    if (coef[d] != 1) part = tape.op("mul", part, size(coef[d]));
    sum = sum < 0 ? part : tape.op("add", sum, part);
  }
  if (sum < 0) return size(base);
  return base ? tape.op("add", sum, size(base)) : sum;
}

Reg Emitter::coordinate(const Row& row, const IndexMap& map) {
  Reg r = affine(row.coef, row.base);
  if (row.term < 0) return r;
  const Term& term = map.terms[row.term];
  Reg t = term.reg;
  if (term.bound >= 0) {
    const Bound& b = map.bounds[term.bound];
    t = tape.op("div", affine(b.coef, b.base), size(b.step));
  }
  if (row.scale != 1) t = tape.op("mul", t, size(row.scale));
  return tape.op("add", r, t);
}

Reg Emitter::inside(const Bound& b) {
  Reg t = affine(b.coef, b.base), zero = tape.imm(DType::i64, 0);
  Reg ok = tape.op("and", tape.op_as(DType::b1, "le", zero, t), tape.op_as(DType::b1, "lt", t, size(b.limit * b.step)));
  if (b.step != 1) ok = tape.op("and", ok, tape.op_as(DType::b1, "eq", tape.op("rem", t, size(b.step)), zero));
  return ok;
}

// ---- memory

int Emitter::access(const TapeAccess& a) {
  for (size_t i = 0; i < accesses.size(); ++i)
    if (accesses[i] == a) return int(i);
  accesses.push_back(a);
  return int(accesses.size() - 1);
}

// `n` lies in memory row-major and is read as if it had `shape`.
Val Emitter::load_flat(const Node* n, const Dims& shape, const IndexMap& map, const Node* fill) {
  return load_at(n, map, contiguous_strides(shape), n->computed() ? n->offset : 0, fill);
}

Val Emitter::load(const Node* n, const IndexMap& map, const Node* fill) {
  return load_at(n, map, n->computed() ? n->strides : contiguous_strides(n->shape), n->computed() ? n->offset : 0, fill);
}

Val Emitter::load_at(const Node* n, const IndexMap& map, const Dims& strides, int64_t offset, const Node* fill) {
  bool pair = is_complex(n->dtype);
  int64_t unit = pair ? 2 : 1;
  TapeAccess a;
  a.node = n;
  a.dtype = real_of(n->dtype);
  a.offset = offset * unit;
  a.strides = Dims(group_.rank(), 0);
  a.bounds = map.bounds;
  a.bound_strides = Dims(map.bounds.size(), 0);
  a.fill_node = fill;
  a.operand = operand_;
  bool inner = operand_ != 0;  // a contraction runs over k even where there is one
  for (size_t j = 0; j < map.rows.size(); ++j) {
    const Row& row = map.rows[j];
    int64_t stride = strides[j] * unit;
    a.offset += row.base * stride;
    for (int d = 0; d < group_.rank(); ++d) a.strides[d] += row.coef[d] * stride;
    if (row.term < 0) continue;
    const Term& term = map.terms[row.term];
    if (term.bound >= 0) a.bound_strides[term.bound] += row.scale * stride;
    else a.indices.push_back({term.reg, row.scale * stride, term.limit}), inner |= tape.instrs[term.reg].inner;
  }
  for (int d = 0; d < group_.rank(); ++d) {
    if (group_.sizes[d] == 1) a.strides[d] = 0;
    if (!group_.inner(d)) continue;
    inner |= a.strides[d] != 0;
    for (const Bound& b : a.bounds) inner |= b.coef[d] != 0;
  }
  auto one = [&] { return tape.push({"load", reg_type(n->dtype), -1, -1, -1, access(a), 0, inner}); };
  Val v;
  v.re = one();
  if (pair) {
    a.offset += 1;
    a.fill_imaginary = true;
    v.im = one();
  }
  return v;
}

void Emitter::store(const Member& m) {
  Val v = values_.at(m.node);
  bool pair = is_complex(m.node->dtype);
  Dims strides = contiguous_strides(m.node->shape);
  TapeAccess a;
  a.node = m.node;
  a.dtype = real_of(m.node->dtype);
  a.store = true;
  a.strides = Dims(group_.rank(), 0);
  for (size_t j = 0; j < m.out.size(); ++j) {
    int64_t stride = strides[j] * (pair ? 2 : 1);
    a.offset += m.out[j].base * stride;
    for (int d = 0; d < group_.rank(); ++d)
      if (group_.sizes[d] != 1) a.strides[d] += m.out[j].coef[d] * stride;
  }
  bool inner = false;
  for (int d = group_.outer_rank; d < group_.rank(); ++d) inner |= a.strides[d] != 0;
  auto one = [&](Reg r) {
    TapeInstr in{"store", tape.type(r), r};
    in.imm = access(a), in.inner = inner, in.effect = true;
    tape.push(in);
  };
  one(v.re);
  if (pair) {
    a.offset += 1;
    one(v.im);
  }
}

// ---- members

void Emitter::member(const Member& m) {
  Val v;
  if (m.node->prim->kind == Primitive::reduce) v = emit_reduce(m);
  else if (m.node->prim->kind == Primitive::contract) v = emit_contraction(m);
  else {
    IndexMap map = frame();
    map.rows = m.rows;
    switch (m.node->prim->kind) {
      case Primitive::map: v = emit_map(m.node, map); break;
      case Primitive::view: v = emit_view(m.node, map); break;
      case Primitive::gather: v = emit_gather(m.node, map); break;
      default: v = emit_leaf(m.node, map);
    }
  }
  values_[m.node] = v;
}

Val Emitter::emit_reduce(const Member& m) {
  IndexMap map = frame();
  map.rows = m.rows;
  Val x = emit(m.node->inputs[0].get(), map);
  std::string op = std::string("reduce.") + m.node->prim->name;
  auto one = [&](Reg r) {
    TapeInstr in{intern(op), op.find("arg") != std::string::npos ? DType::i64 : tape.type(r), r};
    in.inner = true;
    return tape.push(in);
  };
  Val v;
  v.re = one(x.re);
  if (x.im >= 0) v.im = one(x.im);
  return narrowed(v, m.node->dtype);
}

Val Emitter::emit_contraction(const Member& m) {
  Val operand[2];
  for (int i = 0; i < 2; ++i) {
    IndexMap map = group_.native->inputs[i];
    operand_ = i + 1;
    memo_.clear();
    operand[i] = emit(m.node->inputs[i].get(), map);
    operand_ = 0;
    if (std::strcmp(tape.instrs[operand[i].re].op, "load"))
      throw MustStore{decisions_.resolve(m.node->inputs[i].get()), "a contraction reads its operands from memory"};
  }
  memo_.clear();
  DType acc = reg_type(m.node->dtype);
  Reg product = tape.op("mul", tape.cast(acc, operand[0].re), tape.cast(acc, operand[1].re));
  TapeInstr sum{"reduce.sum", acc, product};
  sum.inner = true;
  Val v;
  v.re = tape.push(sum);
  return narrowed(v, m.node->dtype);
}

}  // namespace weft
