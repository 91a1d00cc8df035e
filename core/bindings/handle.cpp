// Tensor itself: which node a handle names, and which handle a leaf belongs to.
#include <unordered_map>

#include "autodiff/backward.h"
#include "bindings/tracer.h"
#include "graph/ops.h"
#include "runtime/gil.h"
#include "runtime/state.h"

namespace weft {

namespace {
std::unordered_map<const Node*, Tensor*>& leaves() {
  static auto* table = new std::unordered_map<const Node*, Tensor*>();  // outlives every handle
  return *table;
}
}  // namespace

PyTypeObject* tensor_type = nullptr;

Tensor::Tensor(Tensor&& other) noexcept : node_(other.node_), grad_(std::move(other.grad_)), leaf_(other.leaf_) {
  if (leaf_) {
    leaves()[node_.get()] = this;
    other.leaf_ = false;
  }
  other.node_ = nullptr;
}

Tensor::~Tensor() { drop_leaf(); }

Tensor* Tensor::of_leaf(const Node* leaf) {
  auto found = leaves().find(leaf);
  return found == leaves().end() ? nullptr : found->second;
}

void Tensor::make_leaf(const NodeRef& value) {
  {
    WithoutGil nogil;  // it takes the graph's lock
    node_ = requires_grad_leaf(value);
  }
  leaf_ = true;
  leaves()[node_.get()] = this;
}

void Tensor::drop_leaf() {
  if (!leaf_) return;
  leaves().erase(node_.get());
  leaf_ = false;
}

void Tensor::set_grad(nb::object grad) {
  if (tracing()) trace_grad(*this);
  grad_ = std::move(grad);
}

void Tensor::restore(NodeRef node) {
  if (leaf_) leaves().erase(node_.get());
  node_ = std::move(node);
  if (leaf_) leaves()[node_.get()] = this;
}

void Tensor::rebind(NodeRef node) {
  NodeRef previous = node_;
  if (tracing()) trace_rebind(*this);
  if (!leaf_) {
    node_ = std::move(node);
    if (!node_->requires_grad) remember_update(previous, node_);
    return;
  }
  if (node->requires_grad)
    raise(Error::runtime, "in-place operation on a tensor that collects a gradient: its .grad would be lost; ",
          "put it in `with weft.no_grad():`, use assign(), or work on a new tensor");
  drop_leaf();
  make_leaf(node);
  remember_update(previous, node_);
}

void Tensor::set_requires_grad(bool on) {
  if (on == node_->requires_grad) return;
  if (on) {
    if (!is_inexact(node_->dtype)) raise(Error::type, "requires_grad: only floating-point and complex tensors have gradients, not ", name(node_->dtype));
    make_leaf(node_);
  } else {
    if (!leaf_) raise(Error::runtime, "requires_grad: this tensor is computed from others that require a gradient; use detach()");
    drop_leaf();
    node_ = ops::stop_gradient(node_);
  }
}

}  // namespace weft
