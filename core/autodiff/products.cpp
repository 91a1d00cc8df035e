#include "autodiff/products.h"

#include <memory>

#include "fuse/schedule.h"
#include "primitives/primitive.h"
#include "runtime/device.h"
#include "runtime/evaluate.h"

namespace weft {

namespace {

bool same_index(const Node&, IndexMap&) { return true; }

// The inputs: the value, then those of the product it stands for, which is the payload.
Grads assumed_vjp(const NodeRef& node, const NodeRef& g) {
  const NodeRef& product = *static_cast<NodeRef*>(node->payload.get());
  Grads all{nullptr};
  for (NodeRef& each : product->prim->vjp(product, g)) all.push_back(std::move(each));
  return all;
}
const Primitive kAssumed{.name = "assumed", .kind = Primitive::view, .vjp = assumed_vjp, .map_index = same_index};

NodeRef twin(const Node& n) {
  NodeRef copy(new Node);
  copy->prim = n.prim;
  copy->shape = n.shape;
  copy->dtype = n.dtype;
  copy->device = n.device;
  copy->attrs = n.attrs;
  copy->inputs = n.inputs;
  copy->requires_grad = n.requires_grad;
  copy->trace = n.trace;
  return copy;
}

}  // namespace

std::vector<NodeRef> products_below(const std::vector<NodeRef>& values) {
  std::lock_guard lock(graph_lock());
  std::vector<Node*> raw;
  for (const NodeRef& v : values)
    if (!v->computed()) raw.push_back(v.get());
  static const Decisions none;
  std::vector<NodeRef> out;
  for (Node* n : pending_order(raw, none))
    if (n->prim->kind == Primitive::contract) out.emplace_back(n);
  return out;
}

void assume_products(const std::vector<NodeRef>& values, const std::vector<NodeRef>& saved) {
  std::vector<NodeRef> products = products_below(values);
  if (products.size() != saved.size()) return;
  for (size_t i = 0; i < saved.size(); ++i)
    if (products[i]->shape != saved[i]->shape || products[i]->dtype != saved[i]->dtype) return;
  for (size_t i = 0; i < saved.size(); ++i) {
    Node& n = *products[i];
    auto product = std::make_shared<NodeRef>(twin(n));
    SmallVector<NodeRef, 3> inputs{saved[i]};
    for (const NodeRef& in : n.inputs) inputs.push_back(in);
    n.prim = &kAssumed;
    n.attrs.clear();
    n.inputs = std::move(inputs);
    n.payload = std::move(product);
  }
}

std::optional<std::pair<NodeRef, NodeRef>> factors(const NodeRef& x) {
  const Node* n = x.get();
  if (n->computed() || n->prim->kind != Primitive::contract || n->inputs.size() != 2 || n->rank() != 2) return std::nullopt;
  if (n->inputs[0]->rank() != 2 || n->inputs[1]->rank() != 2 || !n->attrs.empty()) return std::nullopt;
  return std::pair(n->inputs[0], n->inputs[1]);
}

}  // namespace weft
