// From expressions to a tape: walks a member's inputs through the nodes that are not stored, composing index maps on the way.
#pragma once

#include <map>

#include "fuse/lower.h"

namespace weft {

// An access as the tape sees it, before dimensions are collapsed and words assigned.
struct TapeAccess {
  const Node* node = nullptr;
  DType dtype = DType::f32;
  bool store = false;
  int64_t offset = 0;
  Dims strides;  // over the loop
  std::vector<Bound> bounds;
  Dims bound_strides;  // of the quotient, 0 where the row stays affine
  struct Index {
    Reg reg;
    int64_t stride, limit;
  };
  std::vector<Index> indices;
  const Node* fill_node = nullptr;  // whose scalar is the fill; null: zero
  bool fill_imaginary = false;
  int operand = 0;  // of a contraction: 1 is A, 2 is B; they never share an access
  friend bool operator==(const TapeAccess&, const TapeAccess&);
};

class Emitter {
 public:
  Emitter(const Group& group, const Decisions& decisions) : group_(group), decisions_(decisions) {}

  void member(const Member& m);  // compute it, and remember its registers
  void store(const Member& m);
  Val value(const Member& m) const { return values_.at(m.node); }
  bool same_place(const std::vector<Row>& a, const std::vector<Row>& b) const;

  Tape tape;
  std::vector<TapeAccess> accesses;
  struct Slot {
    const Node* node;  // its scalar, or, without a node, a number that follows from shapes
    int64_t value;
  };
  std::vector<Slot> slots;  // "param" names slot * 2, or slot * 2 + 1 for the imaginary part

 private:
  Val emit(const Node* n, IndexMap map);
  Val emit_leaf(const Node* n, const IndexMap& map);
  Val emit_map(const Node* n, const IndexMap& map);
  Val emit_view(const Node* n, IndexMap map);
  Val emit_gather(const Node* n, const IndexMap& map);
  Val emit_reduce(const Member& m);
  Val emit_contraction(const Member& m);
  Val load(const Node* n, const IndexMap& map, const Node* fill);
  Val load_flat(const Node* n, const Dims& shape, const IndexMap& map, const Node* fill);
  Val load_at(const Node* n, const IndexMap& map, const Dims& strides, int64_t offset, const Node* fill);
  bool in_memory(const Node* n) const;  // to be read by a load
  Reg coordinate(const Row& row, const IndexMap& map);
  Reg inside(const Bound& bound);
  Reg affine(const Dims& coef, int64_t base);
  Reg scalar(const Node* n, DType reg, bool imaginary);
  Reg size(int64_t value);  // a number that follows from shapes: a parameter, so that no kernel depends on it
  Reg slot(DType type, Slot s, bool imaginary);
  int access(const TapeAccess& a);
  Val narrowed(Val v, DType dtype);
  IndexMap frame() const;

  int operand_ = 0;
  const Group& group_;
  const Decisions& decisions_;
  std::map<std::pair<const Node*, std::string>, Val> memo_;
  std::unordered_map<const Node*, Val> values_;
};

}  // namespace weft
