// Binding a plan to buffers, and running it.
#pragma once

#include <vector>

#include "runtime/graph_view.h"

namespace weft {

struct Binding {
  std::vector<BufferRef> buffers, outputs;
  std::vector<int64_t> params;
};

// Chooses donors and allocates; raises Error::memory before anything runs.
// places: where output o is to be written instead of a buffer of its own (null: its own); offsets in elements.
struct OutputPlace {
  BufferRef buffer;
  int64_t offset = 0;
};
Binding bind_plan(const Plan& plan, const Graph& g, const std::vector<OutputPlace>& places = {});
void launch(const Plan& plan, const Binding& b);
// Raises the error of the first check that failed on this device since the last look.
void raise_late(Device* device);
// The same before state is updated, where an earlier plan may have failed unseen: its values must not reach the state.
void raise_earlier(Device* device);

}  // namespace weft
