// From a graph to kernels in order: what is stored, what is computed together, what comes first.
#pragma once

#include <unordered_set>
#include <vector>

#include "fuse/lower.h"

namespace weft {

// The inputs a node's value is computed from (a view may carry others for its gradient).
inline size_t data_inputs(const Node& n) { return n.prim->kind == Primitive::view ? 1 : n.inputs.size(); }

// Pending nodes below the roots, inputs first.
std::vector<Node*> pending_order(const std::vector<Node*>& roots, const Decisions& decisions);

struct Schedule {
  Decisions decisions;
  std::vector<LoweredGroup> launches;  // in order; empty ones are left out
};

// `keep`: nodes others may still ask for; those that are dear to compute are stored with the roots.
Schedule schedule(const std::vector<Node*>& roots, const std::unordered_set<const Node*>& keep, const Capabilities& capabilities, bool fuse);

// Dear nodes are stored when someone may ask for them again; cheap ones are computed again.
bool is_dear(const Node& n);

// Replacements for what a backend has no kernel for, and for reductions too long for one kernel. Null: keep the node.
NodeRef rewrite(Node* n, const Capabilities& capabilities);

}  // namespace weft
