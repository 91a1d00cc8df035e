// How the dimensions of a reshape correspond: runs of input and output dimensions with equal products.
#pragma once

#include <vector>

#include "fuse/index_map.h"

namespace weft {

// Input dimensions [in_first, in_first + in_count) hold the same elements, in the same order, as output dimensions
// [out_first, out_first + out_count). Groups are as small as possible, in order, and cover both shapes; a dimension of size 1 joins
// the group after it (the last group at the end). A reshape of nothing but ones, or of no elements, is one group.
struct ReshapeGroup {
  int in_first, in_count, out_first, out_count;
};
std::vector<ReshapeGroup> reshape_groups(const Dims& in, const Dims& out);

// Turns a map of the output of a reshape into the map of its input. loop_sizes: the extents of the loop, or empty where they are
// not known; knowing them lets a row like 4 * i + j with j < 4 be split again. False: not expressible.
bool reshape_map(const Dims& in, const Dims& out, const Dims& loop_sizes, IndexMap& map);

}  // namespace weft
