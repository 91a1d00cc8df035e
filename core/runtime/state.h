// Values that must be computed with the next evaluation although nobody asks for them: updates of state, and the outputs of backward().
// Without this a running mean would grow a chain of pending nodes, and an unread loss would keep old parameters alive.
#pragma once

#include "graph/node.h"

namespace weft {

void remember_update(const NodeRef& previous, const NodeRef& next);  // a handle was rebound
void remember_root(const NodeRef& node);

}  // namespace weft
