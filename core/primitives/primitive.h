// What a primitive is. Each is defined once, in one file of this folder: its rule (the function of graph/ops.h that checks and
// makes the node), its vjp, and its lowering.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "fuse/index_map.h"
#include "fuse/tape.h"
#include "graph/node.h"

namespace weft {

using Grads = std::vector<NodeRef>;  // one for each input; null where there is none

// How a contraction, sort, scan or scatter runs as one kernel. Loop dimensions: outer, then inner.
struct NativeLowering {
  const char* kind;
  Dims outer, inner;
  std::vector<IndexMap> inputs;  // where each input is read
  IndexMap output;               // rows: the output's dimensions in loop coordinates
  std::vector<std::pair<const char*, int64_t>> attrs;
};

struct Primitive {
  const char* name;
  enum Kind : uint8_t {
    leaf,      // no inputs: a value at hand, a scalar, iota
    map,       // one element from the same element of each input (all inputs have the output's shape)
    view,      // the input's elements at other places
    gather,    // take: the source at places an index tensor names
    reduce,    // over axes
    contract,  // gemm, conv
    native,    // sort, scan, scatter
    opaque     // computed by the core itself: repeat, pick, transfer
  } kind;

  // Gradients of the inputs, from the node itself and the gradient of its output. Null: nothing flows.
  Grads (*vjp)(const NodeRef& node, const NodeRef& g) = nullptr;

  // map: one element. Inputs come as registers of reg_type(input dtype). The lowering narrows the result where needed.
  Val (*emit)(Tape& t, const Node& node, const Val* inputs) = nullptr;

  // view: turns the map of the output into the map of the input, in place. False: not expressible, the input must be stored first.
  // A view that leaves places unfilled adds bounds, and says with which value they are filled (scalar of the node).
  bool (*map_index)(const Node& node, IndexMap& map) = nullptr;

  // contract, native: as one kernel.
  NativeLowering (*lower)(const Node& node) = nullptr;
  // native: the same value by other primitives, for a backend that lacks the kind.
  NodeRef (*expand)(const NodeRef& node) = nullptr;

  // Cost of one element in instructions: decides between recomputing and storing.
  int weight = 1;
};

const std::vector<const Primitive*>& all_primitives();
struct Register {
  explicit Register(const Primitive& p);
};

}  // namespace weft
