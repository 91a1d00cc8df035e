#include "primitives/primitive.h"

namespace weft {

static std::vector<const Primitive*>& registry() {
  static std::vector<const Primitive*> all;  // filled by static constructors, in any order
  return all;
}

const std::vector<const Primitive*>& all_primitives() { return registry(); }
Register::Register(const Primitive& p) { registry().push_back(&p); }

}  // namespace weft
