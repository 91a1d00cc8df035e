// What the steps of scheduling hand on: what is stored (stored.cpp), then what is computed together (schedule.cpp).
#pragma once

#include "fuse/schedule.h"

namespace weft {

struct Scheduling {
  Scheduling(const Capabilities& c, bool f) : caps(c), fuse(f) {}

  const Capabilities& caps;
  bool fuse;

  Decisions known;
  std::vector<Node*> order;
  std::unordered_set<const Node*> escaping;  // others may ask for them
  std::unordered_set<const Node*> optional;  // stored only because computing them again seemed dearer
};

Scheduling choose_stored(const std::vector<Node*>& roots, const std::unordered_set<const Node*>& keep, const Capabilities& capabilities, bool fuse);

}  // namespace weft
