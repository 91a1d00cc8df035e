// The pending graph below some roots: its order, what becomes of each node, and a signature that equal graphs share.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"

namespace weft {

// A value that changes hands: `next` replaces `previous` in some handle.
struct Update {
  NodeRef previous, next;
};

struct Graph : GraphView {
  std::vector<bool> keeps;  // inputs stay, for a gradient
  std::string signature;
};

void walk(Graph& g);    // fills order and leaves from roots; numbers nodes by their marks
void unmark(Graph& g);  // forgets the numbers
void decide_lifetimes(Graph& g, const std::vector<Update>& updates);
void sign(Graph& g, Device* device, bool fuse);

}  // namespace weft
