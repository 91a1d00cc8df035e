#include "fuse/group.h"

#include <algorithm>

namespace weft {

static void split_row(Dims& coef, int d, int64_t q) {
  int64_t c = coef[d];
  coef[d] = c * q;
  coef.insert(d + 1, c);
}

static void split_map(IndexMap& map, int d, int64_t q) {
  for (Row& r : map.rows) split_row(r.coef, d, q);
  for (Bound& b : map.bounds) split_row(b.coef, d, q);
  ++map.rank;
}

void Group::split(int d, int64_t q) {
  int64_t s = sizes[d];
  sizes[d] = s / q;
  sizes.insert(d + 1, q);
  if (d < outer_rank) ++outer_rank;
  for (Member& m : members) {
    for (Row& r : m.rows) split_row(r.coef, d, q);
    for (Row& r : m.out) split_row(r.coef, d, q);
  }
  for (Row& r : full_rows) split_row(r.coef, d, q);
  for (Row& r : outer_rows) split_row(r.coef, d, q);
  if (native) {
    for (IndexMap& m : native->inputs) split_map(m, d, q);
    split_map(native->output, d, q);
  }
  if (!classes.empty()) classes.insert(classes.begin() + d, classes[d]);
}

// Rows over the loop for the dimensions of `shape` listed in `order`; size 1 takes no loop dimension.
static Group over(const Dims& shape, const std::vector<int>& outer, const std::vector<int>& inner) {
  Group g;
  std::vector<int> position(shape.size(), -1);
  for (auto* part : {&outer, &inner}) {
    for (int d : *part)
      if (shape[d] != 1) position[d] = int(g.sizes.size()), g.sizes.push_back(shape[d]);
    if (part == &outer) g.outer_rank = int(g.sizes.size());
  }
  IndexMap frame;
  frame.rank = g.rank();
  for (size_t d = 0; d < shape.size(); ++d) g.full_rows.push_back(position[d] < 0 ? frame.constant_row(0) : frame.loop_row(position[d]));
  g.full_shape = shape;
  for (int d : outer) {
    g.outer_shape.push_back(shape[d]);
    g.outer_rows.push_back(g.full_rows[d]);
  }
  return g;
}

static Group native_group(Node* node) {
  Group g;
  g.native = std::make_unique<NativeLowering>(node->prim->lower(*node));
  NativeLowering& n = *g.native;
  for (int64_t s : n.outer) g.sizes.push_back(s);
  for (int64_t s : n.inner) g.sizes.push_back(s);
  g.outer_rank = int(n.outer.size());
  g.full_shape = g.outer_shape = node->shape;
  g.full_rows = g.outer_rows = n.output.rows;
  g.members.push_back({node, n.output.rows, n.output.rows});
  if (node->prim->kind == Primitive::contract) {
    for (int c = 0; c < 3; ++c)
      for (int64_t i = 0; i < n.attrs[c].second; ++i) g.classes.push_back(c);
    g.classes.resize(g.sizes.size(), 3);
  }
  return g;
}

Group group_of(Node* node, const Dims* input_shape) {
  if (node->prim->kind == Primitive::contract || node->prim->kind == Primitive::native) return native_group(node);
  const Dims& shape = input_shape ? *input_shape : node->shape;
  std::vector<int> outer, inner;
  for (int d = 0; d < int(shape.size()); ++d) {
    bool reduced = input_shape && std::find(node->attrs.begin(), node->attrs.end(), d) != node->attrs.end();
    (reduced ? inner : outer).push_back(d);
  }
  Group g = over(shape, outer, inner);
  if (input_shape && !g.reduces()) {  // every reduced axis has one element: keep an inner dimension for the reduction to run over
    for (auto* rows : {&g.full_rows, &g.outer_rows})
      for (Row& r : *rows) r.coef.push_back(0);
    g.sizes.push_back(1);
  }
  g.members.push_back({node, g.full_rows, g.outer_rows});
  return g;
}

// row = q * quotient + remainder with 0 <= remainder < q everywhere in the loop.
static bool divide(const Dims& sizes, const Row& row, int64_t q, Row& quotient, Row& remainder) {
  quotient = remainder = row;
  quotient.term = remainder.term = -1;
  quotient.scale = remainder.scale = 0;
  if (row.term >= 0) {
    if (row.scale % q) return false;
    quotient.term = row.term, quotient.scale = row.scale / q;
  }
  int64_t base = row.base >= 0 ? row.base / q : -((-row.base + q - 1) / q);
  quotient.base = base, remainder.base = row.base - base * q;
  int64_t most = remainder.base;
  for (size_t d = 0; d < sizes.size(); ++d) {
    int64_t c = row.coef[d];
    quotient.coef[d] = remainder.coef[d] = 0;
    if (c == 0) continue;
    if (c % q == 0) {
      quotient.coef[d] = c / q;
      continue;
    }
    if (c < 0) return false;
    if (c < q && q % c == 0 && c * sizes[d] > q && sizes[d] % (q / c) == 0) throw SplitLoop{int(d), q / c};
    remainder.coef[d] = c;
    most += c * (sizes[d] - 1);
  }
  return most < q;
}

bool reshape_rows(const Dims& sizes, const std::vector<Row>& out_rows, const Dims& out, const Dims& in, std::vector<Row>& in_rows) {
  in_rows.assign(in.size(), Row());
  Row zero;
  zero.coef = Dims(sizes.size(), 0);
  size_t o = 0, i = 0;
  while (i < in.size() || o < out.size()) {
    // The next group of dimensions with equal products on both sides.
    size_t o0 = o, i0 = i;
    int64_t po = 1, pi = 1;
    do {
      if (pi <= po && i < in.size()) pi *= in[i++];
      else if (o < out.size()) po *= out[o++];
      else if (i < in.size()) pi *= in[i++];
      else return false;
    } while (po != pi || po == 0);
    if (o - o0 == 1 && i - i0 == 1) {
      in_rows[i0] = out_rows[o0];
      continue;
    }
    Row flat = zero;
    int64_t stride = 1;
    for (size_t d = o; d-- > o0; stride *= out[d])
      if (out[d] != 1 && !add_rows(flat, IndexMap::scaled(out_rows[d], stride), flat)) return false;
    size_t first = i0;
    while (first < i && in[first] == 1) in_rows[first++] = zero;
    for (size_t d = i; d-- > first;) {
      if (in[d] == 1) in_rows[d] = zero;
      else if (d == first) in_rows[d] = flat;
      else {
        Row quotient, remainder;
        if (!divide(sizes, flat, in[d], quotient, remainder)) return false;
        in_rows[d] = remainder;
        flat = quotient;
      }
    }
  }
  return true;
}

}  // namespace weft
