// Views: the same elements at other places. They rewrite index maps and move no data.
#include <cstdlib>

#include "fuse/reshape_groups.h"
#include "primitives/helpers.h"

namespace weft {

std::vector<ReshapeGroup> reshape_groups(const Dims& in, const Dims& out) {
  int ni = int(in.size()), no = int(out.size());
  std::vector<ReshapeGroup> groups;
  if (product(in) == 0) return {{0, ni, 0, no}};
  int i = 0, o = 0;
  while (i < ni && o < no) {
    ReshapeGroup group{i, 1, o, 1};
    int64_t a = in[i++], b = out[o++];
    while (a != b) {
      if (a < b) a *= in[i++], ++group.in_count;
      else b *= out[o++], ++group.out_count;
    }
    groups.push_back(group);
  }
  if (groups.empty()) return {{0, ni, 0, no}};
  groups.back().in_count += ni - i;  // what is left over are ones
  groups.back().out_count += no - o;
  return groups;
}

namespace {

int64_t floor_divide(int64_t a, int64_t b) { return a / b - (a % b < 0); }

// row = outer * size + inner with 0 <= inner < size wherever the loop goes. False where that is not provable.
bool divide(const IndexMap& map, const Row& row, int64_t size, const Dims& loop_sizes, Row& outer, Row& inner) {
  outer = inner = map.constant_row(0);
  int64_t least = row.base, most = row.base;  // of inner, while it is gathered
  for (size_t d = 0; d < row.coef.size(); ++d) {
    outer.coef[d] = row.coef[d] / size;
    inner.coef[d] = row.coef[d] % size;
    if (!inner.coef[d]) continue;
    if (loop_sizes.empty()) return false;
    int64_t reach = inner.coef[d] * std::max<int64_t>(loop_sizes[d] - 1, 0);
    (reach < 0 ? least : most) += reach;
  }
  if (row.term >= 0) {
    bool whole = row.scale % size == 0;
    Row& owner = whole ? outer : inner;
    owner.term = row.term;
    owner.scale = whole ? row.scale / size : row.scale;
    if (!whole) {
      const Term& term = map.terms[row.term];
      int64_t limit = term.bound >= 0 ? map.bounds[term.bound].limit : term.limit;
      int64_t reach = row.scale * std::max<int64_t>(limit - 1, 0);
      (reach < 0 ? least : most) += reach;
    }
  }
  outer.base = floor_divide(least, size);
  inner.base = row.base - outer.base * size;
  return most - outer.base * size < size;
}

}  // namespace

bool reshape_map(const Dims& in, const Dims& out, const Dims& loop_sizes, IndexMap& map) {
  std::vector<Row> rows(in.size(), map.constant_row(0));
  if (product(in) != 0) {
    for (const ReshapeGroup& group : reshape_groups(in, out)) {
      Row flat = map.constant_row(0);
      for (int o = group.out_first; o < group.out_first + group.out_count; ++o) {
        if (out[o] == 1) continue;
        Row sum;
        if (!add_rows(IndexMap::scaled(flat, out[o]), map.rows[o], sum)) return false;
        flat = sum;
      }
      int first = group.in_first, last = group.in_first + group.in_count - 1;
      while (first < last && in[first] == 1) ++first;
      for (int i = last; i > first; --i) {
        if (in[i] == 1) continue;
        Row outer;
        if (!divide(map, flat, in[i], loop_sizes, outer, rows[i])) return false;
        flat = outer;
      }
      if (first <= last && in[first] != 1) rows[first] = flat;
    }
  }
  map.rows = std::move(rows);
  return true;
}

namespace {

// ---- reshape. No attributes: the shapes say it all.

extern const Primitive kReshape, kPermute, kSlice, kPad;

Grads reshape_vjp(const NodeRef& node, const NodeRef& g) { return {ops::reshape(g, node->inputs[0]->shape)}; }

bool reshape_index(const Node& node, IndexMap& map) { return reshape_map(node.inputs[0]->shape, node.shape, {}, map); }

// ---- permute. attrs: for each output dimension the input dimension it was.

Grads permute_vjp(const NodeRef& node, const NodeRef& g) {
  Dims inverse(node->attrs.size());
  for (size_t d = 0; d < node->attrs.size(); ++d) inverse[node->attrs[d]] = int64_t(d);
  return {ops::permute(g, inverse)};
}

bool permute_index(const Node& node, IndexMap& map) {
  std::vector<Row> rows(map.rows.size());
  for (size_t d = 0; d < rows.size(); ++d) rows[node.attrs[d]] = std::move(map.rows[d]);
  map.rows = std::move(rows);
  return true;
}

// ---- slice. attrs: start.., step..

// The adjoint puts each element back: padding with interior. A negative step is turned round first.
Grads slice_vjp(const NodeRef& node, const NodeRef& g) {
  const Dims& shape = node->inputs[0]->shape;
  size_t rank = shape.size();
  Dims lo(rank), hi(rank), interior(rank), turned;
  for (size_t d = 0; d < rank; ++d) {
    int64_t size = node->shape[d], step = node->attrs[rank + d];
    int64_t first = node->attrs[d], last = first + (size - 1) * step;
    if (size == 0) {
      lo[d] = shape[d];
      continue;
    }
    if (step < 0) {
      if (size > 1) turned.push_back(int64_t(d));
      std::swap(first, last);
    }
    lo[d] = first;
    hi[d] = shape[d] - 1 - last;
    interior[d] = size > 1 ? std::abs(step) - 1 : 0;
  }
  return {ops::pad(ops::flip(g, turned), lo, hi, interior, Scalar::of(0))};
}

bool slice_index(const Node& node, IndexMap& map) {
  size_t rank = map.rows.size();
  for (size_t d = 0; d < rank; ++d) map.rows[d] = IndexMap::scaled(std::move(map.rows[d]), node.attrs[rank + d], node.attrs[d]);
  return true;
}

// ---- pad. attrs: lo.., hi.., interior.. (none negative); scalar: the fill value.

Grads pad_vjp(const NodeRef& node, const NodeRef& g) {
  size_t rank = node->shape.size();
  Dims start(rank), step(rank);
  for (size_t d = 0; d < rank; ++d) {
    start[d] = node->attrs[d];
    step[d] = node->attrs[2 * rank + d] + 1;
  }
  return {ops::slice(g, start, node->inputs[0]->shape, step)};
}

bool pad_index(const Node& node, IndexMap& map) {
  size_t rank = map.rows.size();
  for (size_t d = 0; d < rank; ++d) {
    int64_t lo = node.attrs[d], hi = node.attrs[rank + d], step = node.attrs[2 * rank + d] + 1;
    if (lo == 0 && hi == 0 && step == 1) continue;
    Row& row = map.rows[d];
    if (row.term >= 0) return false;  // a bound is affine
    int64_t limit = node.inputs[0]->shape[d];
    row.base -= lo;
    map.bounds.push_back({row.coef, row.base, limit, step});
    if (step == 1) continue;
    map.terms.push_back({int(map.bounds.size()) - 1, -1, limit});
    row = map.constant_row(0);
    row.term = int(map.terms.size()) - 1;
    row.scale = 1;
  }
  return true;
}

const Primitive kReshape{.name = "reshape", .kind = Primitive::view, .vjp = reshape_vjp, .map_index = reshape_index};
const Primitive kPermute{.name = "permute", .kind = Primitive::view, .vjp = permute_vjp, .map_index = permute_index};
const Primitive kSlice{.name = "slice", .kind = Primitive::view, .vjp = slice_vjp, .map_index = slice_index};
const Primitive kPad{.name = "pad", .kind = Primitive::view, .vjp = pad_vjp, .map_index = pad_index};
const Register kRegistered[] = {Register(kReshape), Register(kPermute), Register(kSlice), Register(kPad)};

void check_rank(const char* op, const char* what, const Dims& given, const NodeRef& x) {
  if (int(given.size()) != x->rank())
    raise(Error::value, op, ": ", what, " has ", given.size(), " entries for a tensor of shape ", x->shape, "; give one per dimension");
}

// Rows i < size come from a, the others from b: each is padded to the full length, and a condition picks.
NodeRef concat2(const NodeRef& a, const NodeRef& b, int axis) {
  size_t rank = a->shape.size();
  Dims none(rank), after(rank), before(rank), along(rank, 1);
  after[axis] = b->shape[axis];
  before[axis] = a->shape[axis];
  along[axis] = a->shape[axis] + b->shape[axis];
  NodeRef position = ops::reshape(ops::iota(along[axis], a->device), along);
  NodeRef first = ops::less(position, ops::scalar(Scalar::of(a->shape[axis]), DType::i64, a->device));
  return ops::where(first, ops::pad(a, none, after, none, Scalar::of(0)), ops::pad(b, before, none, none, Scalar::of(0)));
}

NodeRef concat_tree(const std::vector<NodeRef>& parts, size_t first, size_t count, int axis) {
  if (count == 1) return parts[first];
  size_t half = count / 2;
  return concat2(concat_tree(parts, first, half, axis), concat_tree(parts, first + half, count - half, axis), axis);
}

}  // namespace

namespace ops {

NodeRef reshape(const NodeRef& x, Dims shape) {
  int64_t known = 1;
  int open = -1;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == -1) {
      if (open >= 0) raise(Error::value, "reshape: ", shape, " has more than one -1; give all sizes but one");
      open = int(d);
    } else if (shape[d] < 0) {
      raise(Error::value, "reshape: negative size in ", shape, "; only -1 may be left open");
    } else {
      known *= shape[d];
    }
  }
  if (open >= 0) {
    if (known == 0 || x->numel() % known != 0)
      raise(Error::value, "reshape: cannot reshape ", x->shape, " (", x->numel(), " elements) into ", shape, "; the -1 has no whole size");
    shape[open] = x->numel() / known;
  } else if (known != x->numel()) {
    raise(Error::value, "reshape: cannot reshape ", x->shape, " (", x->numel(), " elements) into ", shape, " (", known,
          " elements); the element counts must agree");
  }
  if (shape == x->shape) return x;
  return make_node(kReshape, std::move(shape), x->dtype, {x});
}

NodeRef permute(const NodeRef& x, const Dims& axes) {
  check_rank("permute", "axes", axes, x);
  Dims order, shape;
  bool same = true;
  for (size_t d = 0; d < axes.size(); ++d) {
    int axis = normalize_axis("permute", axes[d], x->rank());
    for (int64_t other : order)
      if (other == axis) raise(Error::value, "permute: axis ", axes[d], " appears twice in ", axes, "; name each dimension once");
    order.push_back(axis);
    shape.push_back(x->shape[axis]);
    same = same && axis == int(d);
  }
  if (same) return x;
  return make_node(kPermute, std::move(shape), x->dtype, {x}, std::move(order));
}

NodeRef expand_dims(const NodeRef& x, int64_t axis) {
  Dims shape = x->shape;
  int at = normalize_axis("expand_dims", axis, x->rank() + 1);
  shape.insert(size_t(at), 1);
  return reshape(x, std::move(shape));
}

NodeRef squeeze(const NodeRef& x, const Dims& axes) {
  Dims drop = normalize_axes("squeeze", axes, x->rank());
  Dims shape = x->shape;
  for (size_t i = drop.size(); i-- > 0;) {
    if (shape[drop[i]] != 1)
      raise(Error::value, "squeeze: dimension ", drop[i], " of ", x->shape, " has size ", shape[drop[i]], "; only size 1 can be removed");
    shape.erase(size_t(drop[i]));
  }
  return reshape(x, std::move(shape));
}

NodeRef slice(const NodeRef& x, const Dims& start, const Dims& size, const Dims& step) {
  check_rank("slice", "start", start, x);
  check_rank("slice", "size", size, x);
  check_rank("slice", "step", step, x);
  Dims attrs = start;
  bool same = true;
  for (size_t d = 0; d < start.size(); ++d) {
    int64_t n = x->shape[d], last = start[d] + (size[d] - 1) * step[d];
    if (step[d] == 0) raise(Error::value, "slice: step of dimension ", d, " is zero");
    if (size[d] < 0) raise(Error::value, "slice: size ", size[d], " of dimension ", d, " is negative");
    if (size[d] > 0 && (start[d] < 0 || start[d] >= n || last < 0 || last >= n))
      raise(Error::index, "slice: elements ", start[d], " to ", last, " of dimension ", d, " lie outside shape ", x->shape);
    if (size[d] == 0) attrs[d] = 0;
    same = same && size[d] == n && (n <= 1 || step[d] == 1);
  }
  if (same) return x;
  // A step over one element means nothing, and would make needlessly many keys.
  for (size_t d = 0; d < step.size(); ++d) attrs.push_back(size[d] > 1 ? step[d] : 1);
  return make_node(kSlice, size, x->dtype, {x}, std::move(attrs));
}

NodeRef flip(const NodeRef& x, const Dims& axes) {
  Dims start(x->shape.size(), 0), step(x->shape.size(), 1);
  for (int64_t d : normalize_axes("flip", axes, x->rank())) {
    start[d] = std::max<int64_t>(x->shape[d] - 1, 0);
    step[d] = -1;
  }
  return slice(x, start, x->shape, step);
}

NodeRef pad(const NodeRef& x, const Dims& lo, const Dims& hi, const Dims& interior, Scalar fill) {
  check_rank("pad", "lo", lo, x);
  check_rank("pad", "hi", hi, x);
  check_rank("pad", "interior", interior, x);
  size_t rank = lo.size();
  Dims shape(rank), start(rank), size(rank), attrs(3 * rank);
  bool same = true, crop = false;
  for (size_t d = 0; d < rank; ++d) {
    int64_t n = x->shape[d];
    if (interior[d] < 0) raise(Error::value, "pad: interior padding ", interior[d], " of dimension ", d, " is negative");
    int64_t inner = n > 1 ? interior[d] : 0;
    attrs[d] = std::max<int64_t>(lo[d], 0);
    attrs[rank + d] = std::max<int64_t>(hi[d], 0);
    attrs[2 * rank + d] = inner;
    shape[d] = attrs[d] + n + std::max<int64_t>(n - 1, 0) * inner + attrs[rank + d];
    same = same && shape[d] == n;
    // Negative padding crops the padded tensor.
    start[d] = std::max<int64_t>(-lo[d], 0);
    size[d] = shape[d] - start[d] - std::max<int64_t>(-hi[d], 0);
    crop = crop || size[d] != shape[d];
    if (size[d] < 0) raise(Error::value, "pad: lo ", lo[d], " and hi ", hi[d], " take more than dimension ", d, " of ", x->shape, " has");
  }
  NodeRef y = x;
  if (x->numel() == 0 && product(shape) != 0) y = full(shape, fill, x->dtype, x->device);
  else if (!same) y = make_node(kPad, std::move(shape), x->dtype, {x}, std::move(attrs), rounded_to(fill, x->dtype));
  return crop ? slice(y, start, size, Dims(rank, 1)) : y;
}

NodeRef concat(const std::vector<NodeRef>& parts, int64_t axis) {
  if (parts.empty()) raise(Error::value, "concat: needs at least one tensor");
  const NodeRef& head = parts[0];
  if (head->rank() == 0) raise(Error::value, "concat: scalars cannot be joined; use stack");
  int at = normalize_axis("concat", axis, head->rank());
  DType dtype = head->dtype;
  for (const NodeRef& part : parts) {
    bool fits = part->rank() == head->rank();
    for (int d = 0; fits && d < head->rank(); ++d) fits = d == at || part->shape[d] == head->shape[d];
    if (!fits) raise(Error::value, "concat: shapes ", head->shape, " and ", part->shape, " differ outside axis ", at, "; all other dimensions must agree");
    dtype = promote(dtype, part->dtype);
  }
  std::vector<NodeRef> pieces;
  for (const NodeRef& part : parts)
    if (part->shape[at] != 0) pieces.push_back(cast(part, dtype));
  if (pieces.empty()) return cast(head, dtype);
  return concat_tree(pieces, 0, pieces.size(), at);
}

NodeRef stack(const std::vector<NodeRef>& parts, int64_t axis) {
  if (parts.empty()) raise(Error::value, "stack: needs at least one tensor");
  int at = normalize_axis("stack", axis, parts[0]->rank() + 1);
  std::vector<NodeRef> rows;
  for (const NodeRef& part : parts) {
    if (!(part->shape == parts[0]->shape))
      raise(Error::value, "stack: shapes ", parts[0]->shape, " and ", part->shape, " differ; all tensors must have one shape");
    rows.push_back(expand_dims(part, at));
  }
  return concat(rows, at);
}

}  // namespace ops
}  // namespace weft
