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
Binding bind(const Plan& plan, const Graph& g);
void launch(const Plan& plan, const Binding& b);
// Raises the error of the first check that failed on this device since the last look.
void raise_late(Device* device);

}  // namespace weft
