// Reverse mode: one pass over the graph with each primitive's vjp.
#pragma once

#include <memory>
#include <vector>

#include "graph/node.h"

namespace weft {

// d(sum(outputs * seeds)) / d(wrt), null where nothing flows. create_graph: the gradients can be differentiated again.
std::vector<NodeRef> gradients(const std::vector<NodeRef>& outputs, const std::vector<NodeRef>& seeds, const std::vector<NodeRef>& wrt, bool create_graph);
// Every leaf below `output` that requires a gradient and was made by requires_grad_leaf().
std::vector<NodeRef> gradient_leaves(const std::vector<NodeRef>& outputs);
// A node with the same value that gradients stop at and are collected for.
NodeRef requires_grad_leaf(const NodeRef& x);
// Forget the inputs of computed nodes below: memory goes back (backward() without retain_graph).
void release_graph(const std::vector<NodeRef>& outputs);
// User-defined vjp: `outputs` with the values of `values`, whose gradient is `vjp(context)`; see bindings.
struct CustomVjp {
  virtual ~CustomVjp() = default;
  virtual std::vector<NodeRef> operator()(const NodeRef& g) = 0;  // gradients of the inputs
};
NodeRef custom_vjp(const NodeRef& value, const std::vector<NodeRef>& inputs, std::shared_ptr<CustomVjp> vjp);

}  // namespace weft
