// Where a node stands in the loop of a group of nodes that one kernel computes.
#pragma once

#include "fuse/group.h"
#include "fuse/lower.h"

namespace weft {

// Fills in m; may split dimensions of g for it. False: nowhere.
bool place(Group& g, Node* node, const Decisions& known, Member& m);

// A group without reductions, seen as the loop of this reduction over some of its dimensions.
bool open_to(Group& g, Node* node, const Decisions& known);

}  // namespace weft
