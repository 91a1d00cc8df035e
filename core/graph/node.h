// A node of the lazy graph: an immutable value, pending until it is computed.
#pragma once

#include <atomic>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "graph/dtype.h"
#include "graph/error.h"
#include "graph/ref.h"
#include "graph/small_vector.h"

namespace weft {

using Dims = SmallVector<int64_t, 6>;
std::ostream& operator<<(std::ostream&, const Dims&);  // (2, 3)
int64_t product(const Dims&);
Dims contiguous_strides(const Dims& shape);  // in elements, row-major

struct Primitive;
class Device;
class Buffer;
struct Node;
using NodeRef = Ref<Node>;

struct Node : Counted {
  // What it is: fixed when it is made.
  const Primitive* prim = nullptr;
  Dims shape;
  DType dtype = DType::f32;
  Device* device = nullptr;
  Dims attrs;                      // structural: part of every key; each primitive says what they mean
  Scalar scalar;                   // a slot: its value is no part of a key
  SmallVector<NodeRef, 3> inputs;  // dropped once computed, unless a gradient needs them
  bool requires_grad = false;
  std::atomic<bool> released{false};  // backward() is done with it: inputs go once it is computed
  std::shared_ptr<void> payload;      // of a custom vjp
  uint32_t depth = 0;                 // longest chain of pending nodes below, while it is pending; bounds laziness
  uint32_t site = 0;                  // where it was made, with WEFT_DEBUG=trace
  uint32_t trace = 0;                 // of which trace of compile() it is part, 0: none

  // Its value, once computed; written once, by set_value.
  Ref<Buffer> buffer;
  Dims strides;        // in elements
  int64_t offset = 0;  // in elements

  // Scratch of whoever holds the graph lock.
  mutable int32_t mark = -1;
  uint64_t visit = 0;  // see graph/order.h

  bool computed() const { return ready_.load(std::memory_order_acquire); }
  void set_value(Ref<Buffer> buffer, Dims strides, int64_t offset = 0);
  int64_t numel() const { return product(shape); }
  int rank() const { return int(shape.size()); }
  ~Node();

 private:
  std::atomic<bool> ready_{false};
};
void destroy(Node*);  // without recursion: chains are long

// The one way a node comes to be: applies requires_grad, depth and the site.
NodeRef make_node(const Primitive& prim, Dims shape, DType dtype, SmallVector<NodeRef, 3> inputs, Dims attrs = {}, Scalar scalar = {},
                  Device* device = nullptr);

// Whether operations record what a gradient needs (thread-local).
bool grad_enabled();
struct GradMode {
  explicit GradMode(bool on);
  ~GradMode();
  bool before;
};

int normalize_axis(const char* op, int64_t axis, int rank);       // raises IndexError
Dims normalize_axes(const char* op, const Dims& axes, int rank);  // sorted, unique; raises

}  // namespace weft
