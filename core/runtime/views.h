// Views of values at hand need no kernel: they are the same buffer with other strides.
#pragma once

#include "graph/node.h"

namespace weft {

// Computes `n` that way where it is a chain of plain views over a computed node. `lasting`: and would not keep much more memory alive.
bool try_view(Node& n, bool lasting);

}  // namespace weft
