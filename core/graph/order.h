// Nodes below some roots, inputs first.
#pragma once

#include <cstdint>
#include <vector>

#include "graph/node.h"

namespace weft {

uint64_t next_visit();  // a number no node carries yet

// Depth first, the first input first. enter(n): whether n is of the order; inputs(n, visit): calls visit(Node*) for each input to
// follow. The caller holds the graph lock: nodes carry the number of the walk that saw them last.
template <class Roots, class Enter, class Inputs>
std::vector<Node*> inputs_first(const Roots& roots, Enter enter, Inputs inputs) {
  std::vector<Node*> order, stack, found;
  const uint64_t entered = next_visit(), done = entered + 1;
  for (Node* root : roots) {
    stack.push_back(root);
    while (!stack.empty()) {
      Node* n = stack.back();
      if (n->visit == entered) n->visit = done, order.push_back(n);
      if (n->visit == done || !enter(*n)) {
        stack.pop_back();
        continue;
      }
      n->visit = entered;
      found.clear();
      inputs(*n, [&](Node* in) {
        if (in->visit < entered) found.push_back(in);
      });
      stack.insert(stack.end(), found.rbegin(), found.rend());
    }
  }
  return order;
}

}  // namespace weft
