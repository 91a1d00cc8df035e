// What a trace is: a function of tensors, run once on leaves that stand for its arguments, while nothing is computed.
#pragma once

#include <vector>

#include "bindings/tensor.h"

namespace weft {

struct Trace {
  // The arguments hold values, or placeholders for them. Tensors from outside that the function rebound have their old values again.
  Trace(nb::handle function, std::vector<NodeRef> arguments);

  uint32_t id = 0;                        // its nodes carry it
  std::vector<NodeRef> arguments;         // the leaves
  std::vector<NodeRef> results;           // what the function returned
  std::vector<nb::object> handles;        // the tensors from outside that it read; kept alive: they are read again at each call
  std::vector<NodeRef> captured, finals;  // what these named at first; what those that it rebound named at the end
  std::vector<bool> rebound;              // of each handle
};

// What a trace notices about handles.
void trace_rebind(Tensor& t);  // about to name another node
void trace_grad(Tensor& t);    // about to get another .grad

}  // namespace weft
