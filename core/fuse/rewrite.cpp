#include <algorithm>
#include <climits>
#include <cmath>
#include <cstring>

#include "fuse/group.h"
#include "fuse/schedule.h"
#include "graph/ops.h"

namespace weft {

// A reduction longer than this becomes two: over chunks, then over their results. By its shape alone, so that nothing else changes bits.
static constexpr int64_t kLongReduction = 8192, kChunk = 4096;

static NodeRef reduce_like(const Node* n, const NodeRef& x, const Dims& axes) {
  return make_node(
      *n->prim,
      [&] {
        Dims shape;
        for (int d = 0; d < x->rank(); ++d)
          if (std::find(axes.begin(), axes.end(), d) == axes.end()) shape.push_back(x->shape[d]);
        return shape;
      }(),
      n->dtype, {x}, axes);
}

static Dims range(int from, int to) {
  Dims out;
  for (int d = from; d < to; ++d) out.push_back(d);
  return out;
}

static Scalar lowest(DType d, bool negative) {
  if (is_float(d)) return Scalar::of(negative ? -INFINITY : INFINITY);
  if (d == DType::b1) return Scalar::of(!negative);
  int bits = size_of(d) * 8;
  if (is_unsigned(d)) return Scalar::of(negative ? int64_t(0) : bits == 64 ? int64_t(-1) : (int64_t(1) << bits) - 1);
  int64_t top = bits == 64 ? INT64_MAX : (int64_t(1) << (bits - 1)) - 1;
  return Scalar::of(negative ? -top - 1 : top);
}

// What padding must hold so that it never shows.
static Scalar identity(const char* op, DType d) {
  std::string s = op;
  if (s == "sum") return is_inexact(d) ? Scalar::of(-0.0) : Scalar::of(0);
  if (s == "prod") return is_inexact(d) ? Scalar::of(1.0) : Scalar::of(1);
  if (s == "any") return Scalar::of(false);
  if (s == "all") return Scalar::of(true);
  return lowest(d, s == "max" || s == "argmax");
}

static NodeRef split_reduction(Node* n) {
  const NodeRef& x = n->inputs[0];
  int rank = x->rank(), reduced = int(n->attrs.size()), kept = rank - reduced;
  Dims order;
  for (int d = 0; d < rank; ++d)
    if (std::find(n->attrs.begin(), n->attrs.end(), d) == n->attrs.end()) order.push_back(d);
  for (int64_t d : n->attrs) order.push_back(d);
  NodeRef y = ops::permute(x, order);
  // Cut dimension j into chunks of c, so that c times what follows fits a chunk.
  int j = rank - 1;
  int64_t suffix = 1;
  while (j > kept && suffix * y->shape[j] <= kChunk) suffix *= y->shape[j--];
  int64_t extent = y->shape[j], c = std::max<int64_t>(1, kChunk / suffix), chunks = (extent + c - 1) / c;
  if (chunks * c != extent) {
    Dims zero(rank, 0), hi(rank, 0);
    hi[j] = chunks * c - extent;
    y = ops::pad(y, zero, hi, zero, identity(n->prim->name, x->dtype));
  }
  Dims cut(y->shape.begin(), y->shape.begin() + j);
  cut.push_back(chunks), cut.push_back(c);
  for (int d = j + 1; d < rank; ++d) cut.push_back(y->shape[d]);
  y = ops::reshape(y, cut);
  Dims inner = range(j + 1, rank + 1);
  if (std::strncmp(n->prim->name, "arg", 3)) {
    NodeRef part = reduce_like(n, y, inner);
    return reduce_like(n, part, range(kept, part->rank()));
  }
  // The position of the extreme: which chunk, then where in it.
  bool largest = !std::strcmp(n->prim->name, "argmax");
  NodeRef best = largest ? ops::max(y, inner) : ops::min(y, inner);
  NodeRef where = reduce_like(n, y, inner);
  NodeRef chunk = reduce_like(n, best, range(kept, best->rank()));
  Dims flat(where->shape.begin(), where->shape.begin() + kept);
  flat.push_back(-1);
  NodeRef at = ops::take_along(ops::reshape(where, flat), ops::expand_dims(chunk, kept), kept, true);
  at = ops::squeeze(at, {kept});
  auto constant = [&](int64_t v) { return ops::scalar(Scalar::of(v), DType::i64, n->device); };
  NodeRef prefix = ops::floor_div(chunk, constant(chunks)), piece = ops::remainder(chunk, constant(chunks));
  NodeRef row = ops::add(ops::mul(prefix, constant(extent)), ops::mul(piece, constant(c)));
  return ops::add(ops::mul(row, constant(suffix)), at);
}

// A view in memory that no strides describe under its new shape: it is copied first.
static NodeRef copy_for_reshape(Node* n) {
  const NodeRef& x = n->inputs[0];
  if (!x->computed() || !n->numel() || x->strides == contiguous_strides(x->shape)) return nullptr;
  Group g = group_of(n, nullptr);
  for (;;) {
    try {
      std::vector<Row> rows;
      if (reshape_rows(g.sizes, g.full_rows, n->shape, x->shape, rows)) return nullptr;
      NodeRef yes = ops::full(x->shape, Scalar::of(true), DType::b1, x->device);
      return ops::reshape(ops::where(yes, x, x), n->shape);
    } catch (const SplitLoop& s) {
      g.split(s.dimension, s.q);
    }
  }
}

// Index tensors that do not fit one kernel become one index into the dimensions they name, seen as one. Each is checked on its own:
// reading `iota` there gives the index itself.
static NodeRef gather_by_one_index(Node* n) {
  const NodeRef& x = n->inputs[0];
  int64_t axis = n->attrs[0], count = n->attrs[1], rows = 1;
  NodeRef linear;
  for (int64_t k = 0; k < count; ++k) {
    int64_t extent = x->shape[axis + k];
    NodeRef index = ops::gather(ops::iota(extent, n->device), {n->inputs[1 + k]}, 0, n->attrs[3]);
    linear = linear ? ops::add(ops::mul(linear, ops::scalar(Scalar::of(extent), DType::i64, n->device)), index) : index;
    rows *= extent;
  }
  Dims shape(x->shape.begin(), x->shape.begin() + axis);
  shape.push_back(rows);
  for (int d = int(axis + count); d < x->rank(); ++d) shape.push_back(x->shape[d]);
  return ops::gather(ops::reshape(x, shape), {linear}, axis, true);
}

NodeRef rewrite(Node* n, const Capabilities& capabilities) {
  if (n->prim->kind == Primitive::gather && !n->attrs[2] && n->attrs[1] > 1 && n->attrs[1] + 2 > capabilities.max_args) return gather_by_one_index(n);
  if (!std::strcmp(n->prim->name, "reshape")) return copy_for_reshape(n);
  if (n->prim->kind == Primitive::native && n->prim->expand && !capabilities.has_kind(n->prim->lower(*n).kind)) return n->prim->expand(NodeRef(n));
  if (n->prim->kind != Primitive::reduce) return nullptr;
  int64_t length = 1;
  for (int64_t d : n->attrs) length *= n->inputs[0]->shape[d];
  return length > kLongReduction && n->numel() > 0 ? split_reduction(n) : nullptr;
}

}  // namespace weft
