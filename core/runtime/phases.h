// A traced graph cut at its repeats: a phase is some repeats, then one plan for what stands on them.
#pragma once

#include <memory>
#include <vector>

#include "runtime/graph_view.h"

namespace weft {

// Where a value comes from when a traced function is replayed.
struct Source {
  enum From : uint8_t {
    input,     // the caller gives it
    constant,  // it was computed when the function was traced
    made       // by an earlier phase
  } from;
  int index;
};

struct RepeatCall {
  NodeRef node;
  std::vector<Source> inputs;
  int made;  // index of the first result
};

struct Phase {
  std::vector<RepeatCall> repeats;
  Graph graph;                 // its leaves are set anew at each call
  std::shared_ptr<Plan> plan;  // null: repeats alone
  std::vector<Source> leaves;
  std::vector<int> made;      // for each root of the graph
  std::vector<int> output;    // for each root, which output of the plan is its value
  std::vector<int> finished;  // made values that no later phase reads
  std::vector<int> released;  // inputs that this phase is the last to read, and that are not returned
};

struct Phases {
  std::vector<Phase> phases;
  std::vector<Source> roots;
  std::vector<NodeRef> constants, alive;  // alive: the graphs point at these nodes
  int made = 0;
};

// inputs: the values the function was traced on. The nodes become the property of the phases: nothing else may read them.
Phases cut_at_repeats(const std::vector<NodeRef>& roots, const std::vector<NodeRef>& inputs, Device* device);

}  // namespace weft
