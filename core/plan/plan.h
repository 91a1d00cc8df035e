// A plan: launches in order, with a place for every buffer. It names nodes by position, so one plan serves every graph of its shape.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "fuse/schedule.h"
#include "runtime/device.h"

namespace weft {

// The graph a plan is made for: pending nodes (inputs first) and the computed ones they read.
struct GraphView {
  std::vector<Node*> order;
  std::vector<Node*> leaves;
  std::vector<Node*> roots;
  std::vector<bool> becomes_computed;  // for each of `order`
  std::vector<bool> dying;             // for each of `leaves`: nothing else will ask for it again
};

struct PlanOutput {
  int node;        // position in order
  int64_t nbytes;  // of a buffer of its own
  int donor = -1;  // leaf whose memory it may take
};

struct PlanScalar {
  int word, node;  // parameter word; position in order of the scalar node
  DType type;
  bool imaginary;
};

// A parameter word that holds an element offset: relative to where the buffer's value begins.
struct PlanOffset {
  int word, slot, unit;  // unit: words per element, 2 for complex values
};

struct LaunchInfo {
  std::string name, text;
  int64_t bytes, flops;
};

struct Plan {
  Device* device = nullptr;
  void* executable = nullptr;    // null: nothing to launch
  std::vector<int> input_slots;  // leaf position for each slot
  std::vector<PlanOutput> outputs;
  std::vector<int64_t> arenas;  // bytes of each block of temporaries
  std::vector<int64_t> params;
  std::vector<PlanScalar> scalars;
  std::vector<PlanOffset> offsets;
  std::vector<LaunchInfo> launches;
  std::vector<std::pair<int, int>> copies;  // order position -> order position of equal value (rewritten roots)
  bool checks = false;

  Plan() = default;
  Plan(const Plan&) = delete;
  ~Plan();
};

std::shared_ptr<Plan> build_plan(const GraphView& graph, Device* device, bool fuse);

// Offsets for temporaries by lifetime: first fit, in blocks of at most `max_block` bytes (0: one block).
struct Lifetime {
  int64_t nbytes;
  int first, last;  // launches
};
struct Placement {
  int block;
  int64_t offset;
};
std::vector<Placement> place_temporaries(const std::vector<Lifetime>& temporaries, int64_t max_block, std::vector<int64_t>& blocks);

}  // namespace weft
