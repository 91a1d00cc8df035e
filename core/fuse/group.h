// A group: stored nodes that one kernel computes over one index space.
#pragma once

#include <memory>
#include <vector>

#include "fuse/index_map.h"
#include "graph/node.h"
#include "primitives/primitive.h"

namespace weft {

struct Member {
  Node* node;
  std::vector<Row> rows;  // the node's coordinates in the loop; of the input, for a reduction
  std::vector<Row> out;   // the output's coordinates (the same as rows, but for a reduction or contraction)
};

struct Group {
  Dims sizes;          // of the loop; no dimension of size 1
  int outer_rank = 0;  // the first dimensions are outer
  std::vector<Member> members;

  // Shapes whose elements correspond to the whole loop and to its outer part: what a new member is placed by.
  Dims full_shape, outer_shape;
  std::vector<Row> full_rows, outer_rows;

  std::unique_ptr<NativeLowering> native;  // contraction, sort, scan, scatter
  std::vector<int> classes;                // contraction: 0 batch, 1 m, 2 n, 3 k for each loop dimension

  Group() = default;
  Group(const Group& o)
      : sizes(o.sizes),
        outer_rank(o.outer_rank),
        members(o.members),
        full_shape(o.full_shape),
        outer_shape(o.outer_shape),
        full_rows(o.full_rows),
        outer_rows(o.outer_rows),
        native(o.native ? std::make_unique<NativeLowering>(*o.native) : nullptr),
        classes(o.classes) {}
  Group(Group&&) = default;
  Group& operator=(Group&&) = default;

  int rank() const { return int(sizes.size()); }
  bool inner(int d) const { return d >= outer_rank; }
  bool reduces() const { return outer_rank < rank(); }
  void split(int d, int64_t q);  // dimension d of size s becomes (s / q, q)
};

// A group that computes `node` alone. `input` is what a reduction reads (null otherwise).
Group group_of(Node* node, const Dims* input_shape);

// Raised while lowering when a loop dimension must be split to express a reshape; the lowering starts again.
struct SplitLoop {
  int dimension;
  int64_t q;
};

// The coordinates of `in` that are the same element as coordinates `out_rows` of `out` (equal products). Row-major on both sides.
// False: not affine over this loop. May raise SplitLoop.
bool reshape_rows(const Dims& sizes, const std::vector<Row>& out_rows, const Dims& out, const Dims& in, std::vector<Row>& in_rows);

}  // namespace weft
