// Values in and out: host memory, other devices.
#include <cstring>

#include "graph/ops.h"
#include "primitives/primitive.h"
#include "runtime/evaluate.h"
#include "runtime/execute.h"
#include "runtime/gil.h"
#include "runtime/trace.h"

namespace weft {

static const Primitive kValue{.name = "value", .kind = Primitive::leaf};

NodeRef leaf(Dims shape, DType dtype, Device* device, BufferRef buffer, Dims strides, int64_t offset) {
  NodeRef node(new Node);
  node->prim = &kValue;
  node->dtype = dtype;
  node->device = device;
  if (strides.size() != shape.size()) strides = contiguous_strides(shape);
  node->shape = std::move(shape);
  node->trace = trace_id();
  node->set_value(std::move(buffer), std::move(strides), offset);
  return node;
}

NodeRef from_host(const void* data, const Dims& shape, DType dtype, Device* device) {
  int64_t nbytes = product(shape) * size_of(dtype);
  if (!device->backend->capabilities.has(real_of(dtype)))
    raise(Error::type, device->name, ": the device has no ", name(dtype), "; use another dtype or device");
  BufferRef buffer = device->pool.alloc(nbytes);
  {
    WithoutGil nogil;
    if (nbytes) device->backend->copy_in(device->index, buffer->handle, 0, data, nbytes);
  }
  return leaf(shape, dtype, device, std::move(buffer));
}

NodeRef contiguous(const NodeRef& node) {
  evaluate({node});
  if (node->strides == contiguous_strides(node->shape)) return node;
  // A sum with nothing is a copy; a select keeps every bit.
  NodeRef copy = ops::where(ops::full(node->shape, Scalar::of(true), DType::b1, node->device), node, node);
  evaluate({copy});
  return copy;
}

void to_host(const NodeRef& node, void* out) {
  int64_t nbytes = node->numel() * size_of(node->dtype);
  NodeRef dense = contiguous(node);
  record_sync("copy to the host");
  WithoutGil nogil;
  std::lock_guard lock(graph_lock());
  Device* device = dense->device;
  if (nbytes) device->backend->copy_out(device->index, out, dense->buffer->handle, dense->offset * size_of(dense->dtype), nbytes);
  raise_late(device);
}

static Grads transfer_vjp(const NodeRef& node, const NodeRef& g) { return {to_device(g, node->inputs[0]->device)}; }

// Computed when it is made; the input stays for the gradient alone.
static const Primitive kTransfer{.name = "to", .kind = Primitive::opaque, .vjp = transfer_vjp};

NodeRef to_device(const NodeRef& node, Device* device) {
  if (node->device == device) return node;
  std::vector<char> host(size_t(node->numel() * size_of(node->dtype)));
  to_host(node, host.data());
  NodeRef moved = from_host(host.data(), node->shape, node->dtype, device);
  if (!(node->requires_grad && grad_enabled())) return moved;
  NodeRef out(new Node);
  out->prim = &kTransfer;
  out->shape = node->shape;
  out->dtype = node->dtype;
  out->device = device;
  out->inputs.push_back(node);
  out->requires_grad = true;
  out->set_value(moved->buffer, moved->strides);
  return out;
}

}  // namespace weft
