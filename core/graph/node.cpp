#include "graph/node.h"

#include <algorithm>

#include "graph/order.h"
#include "primitives/primitive.h"
#include "runtime/device.h"
#include "runtime/evaluate.h"
#include "runtime/trace.h"

namespace weft {

std::ostream& operator<<(std::ostream& out, const Dims& dims) {
  out << '(';
  for (size_t i = 0; i < dims.size(); ++i) out << (i ? ", " : "") << dims[i];
  return out << (dims.size() == 1 ? ",)" : ")");
}

int64_t product(const Dims& dims) {
  int64_t n = 1;
  for (int64_t d : dims) n *= d;
  return n;
}

Dims contiguous_strides(const Dims& shape) {
  Dims strides(shape.size(), 1);
  for (int d = int(shape.size()) - 2; d >= 0; --d) strides[d] = strides[d + 1] * std::max<int64_t>(shape[d + 1], 1);
  return strides;
}

Node::~Node() = default;

void Node::set_value(Ref<Buffer> b, Dims s, int64_t o) {
  buffer = std::move(b);
  strides = std::move(s);
  offset = o;
  ready_.store(true, std::memory_order_release);
}

void destroy(Node* node) {
  // Inputs whose last reference this was are queued here instead of being destroyed from within.
  thread_local std::vector<Node*>* queue = nullptr;
  if (queue) {
    queue->push_back(node);
    return;
  }
  std::vector<Node*> pending{node};
  queue = &pending;
  while (!pending.empty()) {
    Node* n = pending.back();
    pending.pop_back();
    delete n;
  }
  queue = nullptr;
}

uint64_t next_visit() {
  static uint64_t visit = 0;
  return visit += 2;
}

static thread_local bool t_grad = true;
bool grad_enabled() { return t_grad; }
GradMode::GradMode(bool on) : before(t_grad) { t_grad = on; }
GradMode::~GradMode() { t_grad = before; }

// A chain of pending nodes longer than this is evaluated: laziness is bounded.
static constexpr uint32_t kMaxDepth = 2000;

NodeRef make_node(const Primitive& prim, Dims shape, DType dtype, SmallVector<NodeRef, 3> inputs, Dims attrs, Scalar scalar, Device* device) {
  for (int64_t d : shape)
    if (d < 0) raise(Error::value, prim.name, ": negative dimension in shape ", shape, "; every size must be 0 or more");
  NodeRef node(new Node);
  node->prim = &prim;
  node->dtype = dtype;
  node->attrs = std::move(attrs);
  node->scalar = scalar;
  node->device = device;
  for (const NodeRef& in : inputs) {
    if (!node->device) node->device = in->device;
    if (in->device && in->device != node->device)
      raise(Error::value, prim.name, ": tensors are on ", node->device->name, " and ", in->device->name, "; move one with .to(device)");
    if (in->requires_grad && prim.vjp && is_inexact(dtype) && t_grad) node->requires_grad = true;
    if (!in->computed()) node->depth = std::max(node->depth, in->depth + 1);
  }
  node->shape = std::move(shape);
  node->inputs = std::move(inputs);
  node->site = trace_site();
  node->trace = trace_id();
  if (node->depth > kMaxDepth && !tracing() && !evaluating()) {
    evaluate({node});
    node->depth = 0;
  }
  return node;
}

int normalize_axis(const char* op, int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) raise(Error::index, op, ": axis ", axis, " is out of range for ", rank, " dimension", rank == 1 ? "" : "s");
  return int(axis < 0 ? axis + rank : axis);
}

Dims normalize_axes(const char* op, const Dims& axes, int rank) {
  Dims out;
  for (int64_t a : axes) out.push_back(normalize_axis(op, a, rank));
  std::sort(out.begin(), out.end());
  if (std::adjacent_find(out.begin(), out.end()) != out.end()) raise(Error::value, op, ": an axis is given twice in ", axes);
  return out;
}

}  // namespace weft
