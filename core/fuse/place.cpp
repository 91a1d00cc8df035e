#include "fuse/place.h"

#include <algorithm>

namespace weft {

// The reduced axes must be the inner space, walked in the same order.
static bool place_reduction(const Group& g, Node* node, const Dims& shape, Member& m) {
  Row flat = IndexMap::scaled(Row(), 0);
  flat.coef = Dims(g.rank(), 0);
  int64_t stride = 1;
  m.out.clear();
  for (int d = int(shape.size()) - 1; d >= 0; --d) {
    bool reduced = std::find(node->attrs.begin(), node->attrs.end(), d) != node->attrs.end();
    if (!reduced) {
      m.out.insert(m.out.begin(), m.rows[d]);
      for (int l = g.outer_rank; l < g.rank(); ++l)
        if (m.rows[d].coef[l] && g.sizes[l] != 1) return false;
      continue;
    }
    if (shape[d] != 1 && !add_rows(flat, IndexMap::scaled(m.rows[d], stride), flat)) return false;
    stride *= shape[d];
  }
  int64_t expected = 1;
  for (int l = g.rank() - 1; l >= 0; --l) {
    if (g.sizes[l] == 1) continue;
    if (flat.coef[l] != (l >= g.outer_rank ? expected : 0)) return false;
    if (l >= g.outer_rank) expected *= g.sizes[l];
  }
  return flat.base == 0;
}

bool place(Group& g, Node* node, const Decisions& known, Member& m) {
  const bool reduce = node->prim->kind == Primitive::reduce;
  const Dims& shape = reduce ? known.resolve(node->inputs[0])->shape : node->shape;
  bool contraction = !g.classes.empty();
  int64_t n = product(shape);
  for (;;) {
    try {
      m.node = node;
      if (reduce && !g.reduces()) return false;
      if (n == product(g.full_shape) && reshape_rows(g.sizes, g.full_rows, g.full_shape, shape, m.rows)) {
      } else if (!reduce && !contraction && n == product(g.outer_shape) && reshape_rows(g.sizes, g.outer_rows, g.outer_shape, shape, m.rows)) {
      } else {
        return false;
      }
      if (!reduce) {
        m.out = m.rows;
        return true;
      }
      if (contraction) return false;
      return place_reduction(g, node, shape, m);
    } catch (const SplitLoop& s) {
      g.split(s.dimension, s.q);
    }
  }
}

bool open_to(Group& g, Node* node, const Decisions& known) {
  if (g.reduces() || g.native || node->prim->kind != Primitive::reduce) return false;
  const Dims& shape = known.resolve(node->inputs[0])->shape;
  if (shape != g.full_shape) return false;
  Group fresh = group_of(node, &shape);
  for (const Member& m : g.members) {
    std::vector<Row> rows;
    if (!reshape_rows(fresh.sizes, fresh.full_rows, shape, m.node->shape, rows)) return false;
    Member moved{m.node, rows, rows};
    fresh.members.insert(fresh.members.end() - 1, moved);
  }
  fresh.members.pop_back();
  g = std::move(fresh);
  return true;
}

}  // namespace weft
