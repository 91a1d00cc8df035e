// Writing at places that an index tensor names: out[index] = base[index] combined with values.
// The node is canonical: base (rows, d), index (n) or (n, d) int64, values (n, d). attrs: op. An index outside [0, rows) is skipped.
#include "primitives/helpers.h"
#include "runtime/check.h"

namespace weft {
namespace {

using ops::Scatter;
extern const Primitive kScatter, kScatterIndex;

NodeRef integer(int64_t value, const NodeRef& like) { return ops::scalar(Scalar::of(value), DType::i64, like->device); }

NodeRef scatter_node(const NodeRef& base, const NodeRef& index, const NodeRef& values, Scatter op) {
  return make_node(kScatter, base->shape, base->dtype, {base, index, values}, {int64_t(op)});
}

// Rows of t (or elements, with an index for each) where the values went.
NodeRef at(const NodeRef& t, const NodeRef& index) { return index->rank() == 1 ? ops::gather(t, {index}, 0, true) : ops::take_along(t, index, 0, true); }

// ---- gradients

// Of several values for one place the last was written: its number, or -1 where nothing was.
Grads set_vjp(const NodeRef& base, const NodeRef& index, const NodeRef& values, const NodeRef& g) {
  int64_t n = values->shape[0], width = index->rank() == 1 ? 1 : base->shape[1];
  NodeRef number = ops::reshape(ops::iota(n, base->device), {n, 1});
  NodeRef nobody = ops::full({base->shape[0], width}, Scalar::of(-1), DType::i64, base->device);
  NodeRef writer = scatter_node(nobody, index, ops::broadcast_to(number, {n, width}), Scatter::max);
  NodeRef zero = constant(g, 0);
  return {ops::where(ops::less(writer, integer(0, base)), g, zero), nullptr, ops::where(ops::equal(at(writer, index), number), at(g, index), zero)};
}

// All that reached the extreme share equally.
Grads extreme_vjp(const NodeRef& node, const NodeRef& base, const NodeRef& index, const NodeRef& values, const NodeRef& g) {
  DType exact = promote(g->dtype, DType::f32);
  NodeRef kept = ops::equal(base, node), won = ops::equal(values, at(node, index));
  NodeRef count = scatter_node(ops::cast(kept, exact), index, ops::cast(won, exact), Scatter::sum);
  NodeRef share = ops::cast(ops::div(ops::cast(g, exact), count), g->dtype);
  NodeRef zero = constant(g, 0);
  return {ops::where(kept, share, zero), nullptr, ops::where(won, at(share, index), zero)};
}

// The product of all others: without the zeros, and then nothing unless the others hold no zero.
Grads prod_vjp(const NodeRef& base, const NodeRef& index, const NodeRef& values, const NodeRef& g) {
  NodeRef zero = constant(g, 0), one = constant(g, 1);
  NodeRef is_zero = ops::equal(values, zero), nonzero = ops::where(is_zero, one, values);
  NodeRef ones = ops::full(base->shape, Scalar::of(1), base->dtype, base->device);
  NodeRef none = ops::full(base->shape, Scalar::of(0), DType::i64, base->device);
  NodeRef products = at(scatter_node(ones, index, nonzero, Scatter::prod), index);
  NodeRef zeros = at(scatter_node(none, index, ops::cast(is_zero, DType::i64), Scatter::sum), index);
  NodeRef others = ops::where(ops::equal(zeros, ops::cast(is_zero, DType::i64)), ops::div(products, nonzero), zero);
  NodeRef all = scatter_node(ones, index, values, Scatter::prod);
  return {ops::mul(g, all), nullptr, ops::mul(at(ops::mul(g, base), index), others)};
}

Grads scatter_vjp(const NodeRef& node, const NodeRef& g) {
  const NodeRef &base = node->inputs[0], &index = node->inputs[1], &values = node->inputs[2];
  switch (Scatter(node->attrs[0])) {
    case Scatter::set: return set_vjp(base, index, values, g);
    case Scatter::sum: return {g, nullptr, at(g, index)};
    case Scatter::prod: return prod_vjp(base, index, values, g);
    default: return extreme_vjp(node, base, index, values, g);
  }
}

// ---- lowering

NativeLowering scatter_lower(const Node& node) {
  IndexMap map = IndexMap::identity(3), index = map, values = map;  // (row, d, n)
  map.rows.resize(2);
  values.rows = {map.loop_row(2), map.loop_row(1)};
  index.rows = {map.loop_row(2)};
  if (node.inputs[1]->rank() == 2) index.rows.push_back(map.loop_row(1));
  return {"scatter", node.shape, {node.inputs[2]->shape[0]}, {map, index, values}, map, {{"op", node.attrs[0]}}};
}

NodeRef combine(Scatter op, const NodeRef& a, const NodeRef& b) {
  switch (op) {
    case Scatter::set: return b;
    case Scatter::sum: return ops::add(a, b);
    case Scatter::prod: return ops::mul(a, b);
    case Scatter::max: return ops::maximum(a, b);
    case Scatter::min: return ops::minimum(a, b);
  }
  return b;
}

// Rows i - by in the place of rows i.
NodeRef shifted(const NodeRef& x, int64_t by, Scalar fill) {
  Dims none(x->shape.size()), lo = none, hi = none;
  lo[0] = by;
  hi[0] = -by;
  return ops::pad(x, lo, hi, none, fill);
}

// Sorted by index, equal indices are neighbours: a scan within each run leaves its result at the run's last place.
NodeRef scatter_expand(const NodeRef& node) {
  Scatter op = Scatter(node->attrs[0]);
  NodeRef base = node->inputs[0], index = node->inputs[1], values = node->inputs[2];
  if (index->rank() == 2) {  // every element is a row
    int64_t d = base->shape[1], n = index->numel();
    NodeRef linear = ops::add(ops::mul(index, integer(d, base)), ops::iota(d, base->device));
    index = ops::reshape(linear, {n});
    base = ops::reshape(base, {base->numel(), 1});
    values = ops::reshape(values, {n, 1});
  }
  DType exact = is_narrow(base->dtype) && is_float(base->dtype) ? DType::f32 : base->dtype;
  int64_t n = values->shape[0], rows = base->shape[0];
  NodeRef order = ops::argsort(index, 0, false);
  NodeRef sorted = ops::gather(index, {order}, 0, true), run = ops::cast(ops::gather(values, {order}, 0, true), exact);
  for (int64_t by = 1; by < n && op != Scatter::set; by *= 2) {
    NodeRef same = ops::equal(shifted(sorted, by, Scalar::of(-1)), sorted);  // no row is -1, so the fill joins nothing that counts
    run = ops::where(ops::reshape(same, {n, 1}), combine(op, shifted(run, by, Scalar::of(0)), run), run);
  }
  NodeRef row = ops::iota(rows, base->device);
  NodeRef last = ops::sub(ops::searchsorted(sorted, row, true), integer(1, base));
  NodeRef place = ops::maximum(last, integer(0, base));
  NodeRef hit = ops::logical_and(ops::greater_equal(last, integer(0, base)), ops::equal(ops::gather(sorted, {place}, 0, true), row));
  NodeRef wide = ops::cast(base, exact);
  NodeRef out = ops::where(ops::reshape(hit, {rows, 1}), combine(op, wide, ops::gather(run, {place}, 0, true)), wide);
  return ops::reshape(ops::cast(out, node->dtype), node->shape);
}

// ---- the check: an index (input 0) against a limit (input 1), reported late.

Val scatter_index_emit(Tape& t, const Node& node, const Val* in) {
  Reg ok = t.op("and", t.op_as(DType::b1, "le", t.imm(DType::i64, 0), in[0].re), t.op_as(DType::b1, "lt", in[0].re, in[1].re));
  TapeInstr check{"check", DType::b1, ok};
  check.imm = check_code(node);
  check.effect = true;
  t.push(check);
  return in[0];
}

const Primitive kScatter{.name = "scatter", .kind = Primitive::native, .vjp = scatter_vjp, .lower = scatter_lower, .expand = scatter_expand, .weight = 64};
const Primitive kScatterIndex{.name = "scatter_index", .kind = Primitive::map, .emit = scatter_index_emit};
const Register kRegistered[] = {Register(kScatter), Register(kScatterIndex)};

// ---- rules

NodeRef normal_index(const char* op, const NodeRef& index, int64_t extent, bool checked) {
  if (!is_int(index->dtype)) raise(Error::index, op, ": an index tensor has type ", name(index->dtype), "; indices must be integers (use a mask, or cast)");
  NodeRef i = ops::cast(index, DType::i64), limit = integer(extent, index);
  i = ops::where(ops::less(i, integer(0, index)), ops::add(i, limit), i);
  return checked ? i : make_node(kScatterIndex, i->shape, DType::i64, {i, ops::broadcast_to(limit, i->shape)});
}

// Types a kernel cannot combine directly. The order of parts does not matter to set and sum of a complex number.
NodeRef scatter_any(const char* name_of, const NodeRef& base, const NodeRef& index, const NodeRef& values, Scatter op) {
  DType dtype = base->dtype;
  if (is_complex(dtype)) {
    if (op > Scatter::sum) raise(Error::type, name_of, ": complex numbers can be set or added, not multiplied or compared");
    return ops::make_complex(scatter_node(ops::real(base), index, ops::real(values), op), scatter_node(ops::imag(base), index, ops::imag(values), op));
  }
  if (dtype == DType::b1 && op != Scatter::set) {
    Scatter logical = op == Scatter::sum || op == Scatter::max ? Scatter::max : Scatter::min;
    return ops::cast(scatter_node(ops::cast(base, DType::u8), index, ops::cast(values, DType::u8), logical), DType::b1);
  }
  return scatter_node(base, index, values, op);
}

}  // namespace

namespace ops {

NodeRef scatter(const NodeRef& base, const std::vector<NodeRef>& indices, const NodeRef& values, Scatter op, bool checked) {
  size_t count = indices.size();
  if (count > base->shape.size()) raise(Error::index, "scatter: ", count, " indices are too many for shape ", base->shape);
  Dims index_shape;
  for (const NodeRef& index : indices) index_shape = broadcast_shapes("scatter", index_shape, index->shape);
  Dims full_shape = index_shape, rest(base->shape.begin() + count, base->shape.end());
  for (int64_t size : rest) full_shape.push_back(size);
  NodeRef v = broadcast_to(cast(values, base->dtype), full_shape);
  if (v->numel() == 0) return base;
  NodeRef linear;
  int64_t rows = 1;
  for (size_t i = 0; i < count; ++i) {
    int64_t extent = base->shape[i];
    if (extent == 0) raise(Error::index, "scatter: dimension ", i, " of ", base->shape, " is empty; there is nothing to index");
    NodeRef index = broadcast_to(normal_index("scatter", indices[i], extent, checked), index_shape);
    linear = linear ? add(mul(linear, integer(extent, base)), index) : index;
    rows *= extent;
  }
  if (!linear) linear = integer(0, base);
  int64_t n = product(index_shape), d = product(rest);
  NodeRef out = scatter_any("scatter", reshape(base, {rows, d}), reshape(linear, {n}), reshape(v, {n, d}), op);
  return reshape(out, base->shape);
}

NodeRef scatter_along(const NodeRef& base, const NodeRef& indices, const NodeRef& values, int64_t axis, Scatter op, bool checked) {
  int along = normalize_axis("scatter_along", axis, base->rank());
  if (indices->rank() != base->rank())
    raise(Error::value, "scatter_along: indices of shape ", indices->shape, " and a tensor of shape ", base->shape, " must have the same number of dimensions");
  Dims shape = base->shape, order{along}, moved{base->shape[along]}, back(base->shape.size());
  shape[along] = indices->shape[along];
  for (int d = 0; d < base->rank(); ++d) {
    back[d] = d < along ? d + 1 : d == along ? 0 : d;
    if (d == along) continue;
    order.push_back(d);
    moved.push_back(base->shape[d]);
  }
  NodeRef v = broadcast_to(cast(values, base->dtype), shape);
  int64_t rows = base->shape[along], n = shape[along];
  if (v->numel() == 0) return base;
  if (rows == 0) raise(Error::index, "scatter_along: dimension ", along, " of ", base->shape, " is empty; there is nothing to index");
  int64_t d = v->numel() / n;
  NodeRef index = broadcast_to(normal_index("scatter_along", indices, rows, checked), shape);
  auto flat = [&](const NodeRef& x, int64_t first) { return reshape(permute(x, order), {first, d}); };
  NodeRef i = d == 1 ? reshape(index, {n}) : flat(index, n);
  NodeRef out = scatter_any("scatter_along", flat(base, rows), i, flat(v, n), op);
  return permute(reshape(out, moved), back);
}

}  // namespace ops
}  // namespace weft
