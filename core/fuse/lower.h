// From a group of nodes to a kernel.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fuse/group.h"
#include "fuse/kernel.h"
#include "runtime/backend.h"

namespace weft {

// What the scheduler has decided about nodes, as the lowering asks it.
struct Decisions {
  std::unordered_map<const Node*, NodeRef> alias;  // rewritten nodes: read the replacement
  std::unordered_set<const Node*> stored;          // nodes that get memory (or a register, within their group)
  const Node* resolve(const Node* n) const {
    for (auto it = alias.find(n); it != alias.end(); it = alias.find(n)) n = it->second.get();
    return n;
  }
  Node* resolve(const NodeRef& n) const { return const_cast<Node*>(resolve(n.get())); }
};

// Raised while lowering: this node must be stored before the kernel can be built.
struct MustStore {
  const Node* node;
  const char* why;
};
// Raised while lowering: these members cannot share a kernel.
struct CannotFuse {
  const char* why;
};

struct LoweredArg {
  const Node* node;
  bool store;
};
struct OffsetWord {  // a parameter word that holds an element offset into an argument
  int word, arg, element_size;
};
struct ScalarWord {  // a parameter word that holds the scalar of a node
  int word;
  const Node* node;
  DType type;
  bool imaginary;
};

struct LoweredGroup {
  Kernel kernel;
  std::vector<LoweredArg> args;
  std::vector<int64_t> params;
  std::vector<OffsetWord> offsets;
  std::vector<ScalarWord> scalars;
  std::vector<std::pair<const Node*, const Node*>> in_place;  // store may overwrite load: same elements at every point
  bool checks = false;
  bool empty = false;  // no outer point: nothing to launch
  int64_t bytes = 0, flops = 0;
};

// `stores`: the members whose values must reach memory. May raise MustStore or CannotFuse; `group` may come back with more dimensions.
LoweredGroup lower_group(Group& group, const Decisions& decisions, const std::vector<const Node*>& stores, const Capabilities& capabilities);

}  // namespace weft
