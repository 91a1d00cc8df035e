// To whole numbers; integers are whole already.
#include "primitives/helpers.h"

namespace weft::ops {

static NodeRef rounded(const Map& prim, const NodeRef& x) { return is_inexact(x->dtype) ? map_numeric(prim, {x}) : x; }

static const Map kFloor("floor", 1, flat, [](Ex a) { return floor(a); });
NodeRef floor(const NodeRef& x) { return rounded(kFloor, x); }

static const Map kCeil("ceil", 1, flat, [](Ex a) { return call("ceil", a); });
NodeRef ceil(const NodeRef& x) { return rounded(kCeil, x); }

static const Map kTrunc("trunc", 1, flat, [](Ex a) { return call("trunc", a); });
NodeRef trunc(const NodeRef& x) { return rounded(kTrunc, x); }

static const Map kRound("round", 1, flat, [](auto a) { return rint(a); });
NodeRef round(const NodeRef& x) { return rounded(kRound, x); }

}  // namespace weft::ops
