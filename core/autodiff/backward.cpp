#include "autodiff/backward.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "graph/ops.h"
#include "graph/order.h"
#include "primitives/primitive.h"
#include "runtime/evaluate.h"
#include "runtime/trace.h"

namespace weft {

namespace {

bool same_index(const Node&, IndexMap&) { return true; }

// The place gradients stop at and are collected for.
const Primitive kLeaf{.name = "requires_grad", .kind = Primitive::view, .map_index = same_index};

Grads custom(const NodeRef& node, const NodeRef& g) {
  Grads all{nullptr};  // the value itself was computed without gradient
  for (NodeRef& each : (*static_cast<CustomVjp*>(node->payload.get()))(g)) all.push_back(std::move(each));
  all.resize(node->inputs.size());
  return all;
}
const Primitive kCustom{.name = "custom", .kind = Primitive::view, .vjp = custom, .map_index = same_index};

std::vector<Node*> differentiable_order(const std::vector<NodeRef>& outputs) {
  std::vector<Node*> roots;
  for (const NodeRef& out : outputs) roots.push_back(out.get());
  return inputs_first(
      roots, [](const Node& n) { return n.requires_grad; },
      [](const Node& n, auto visit) {
        for (const NodeRef& in : n.inputs)
          if (in->requires_grad) visit(in.get());
      });
}

}  // namespace

std::vector<NodeRef> gradients(const std::vector<NodeRef>& outputs, const std::vector<NodeRef>& seeds, const std::vector<NodeRef>& wrt, bool create_graph) {
  std::lock_guard lock(graph_lock());
  GradMode mode(create_graph);
  std::unordered_map<Node*, NodeRef> grad;
  auto accumulate = [&](Node* n, const NodeRef& g) {
    NodeRef& slot = grad[n];
    slot = slot ? ops::add(slot, g) : g;
  };
  for (size_t i = 0; i < outputs.size(); ++i) accumulate(outputs[i].get(), seeds[i]);
  std::unordered_set<Node*> wanted;
  for (const NodeRef& w : wrt) wanted.insert(w.get());
  std::vector<Node*> order = differentiable_order(outputs);
  // Only nodes on a path to a wanted one matter.
  std::unordered_set<Node*> useful(wanted);
  for (Node* n : order)
    for (const NodeRef& in : n->inputs)
      if (useful.count(in.get())) useful.insert(n);
  for (size_t i = order.size(); i-- > 0;) {
    Node* n = order[i];
    auto it = grad.find(n);
    if (it == grad.end()) continue;
    if ((n->inputs.empty() || n->released) && n->prim->vjp && !wanted.count(n))
      raise(Error::runtime, "backward: the graph of this tensor was already freed; pass retain_graph=True the first time");
    if (!useful.count(n)) continue;
    NodeRef g = it->second;
    if (!wanted.count(n)) grad.erase(it);
    if (!n->prim->vjp) continue;
    Grads parts = n->prim->vjp(NodeRef(n), g);
    for (size_t k = 0; k < parts.size() && k < n->inputs.size(); ++k) {
      const NodeRef& in = n->inputs[k];
      if (parts[k] && in->requires_grad && useful.count(in.get())) accumulate(in.get(), parts[k]);
    }
  }
  std::vector<NodeRef> out;
  for (const NodeRef& w : wrt) {
    auto it = grad.find(w.get());
    out.push_back(it == grad.end() ? nullptr : it->second);
  }
  return out;
}

std::vector<NodeRef> gradient_leaves(const std::vector<NodeRef>& outputs) {
  std::lock_guard lock(graph_lock());
  std::vector<NodeRef> leaves;
  for (Node* n : differentiable_order(outputs))
    if (n->prim == &kLeaf) leaves.emplace_back(n);
  return leaves;
}

NodeRef requires_grad_leaf(const NodeRef& x) {
  std::lock_guard lock(graph_lock());
  NodeRef node(new Node);
  node->prim = &kLeaf;
  node->shape = x->shape;
  node->dtype = x->dtype;
  node->device = x->device;
  node->requires_grad = true;
  node->trace = trace_id();
  if (x->computed() && !tracing()) {  // in a trace it must stay tied to the argument it came from
    node->set_value(x->buffer, x->strides, x->offset);
  } else {
    node->inputs.push_back(x->requires_grad ? ops::stop_gradient(x) : x);
    node->depth = x->depth + 1;
    node->released = true;  // no gradient goes further down
  }
  return node;
}

void release_graph(const std::vector<NodeRef>& outputs) {
  std::lock_guard lock(graph_lock());
  std::vector<SmallVector<NodeRef, 3>> dropped;
  for (Node* n : differentiable_order(outputs)) {
    if (n->prim == &kLeaf) continue;
    n->released = true;
    if (n->computed()) dropped.push_back(std::move(n->inputs)), n->inputs.clear();
  }
}

NodeRef custom_vjp(const NodeRef& value, const std::vector<NodeRef>& inputs, std::shared_ptr<CustomVjp> vjp) {
  SmallVector<NodeRef, 3> all{value->requires_grad ? ops::stop_gradient(value) : value};
  for (const NodeRef& in : inputs) all.push_back(in);
  NodeRef node = make_node(kCustom, value->shape, value->dtype, std::move(all), {}, {}, value->device);
  node->payload = std::move(vjp);
  return node;
}

}  // namespace weft
