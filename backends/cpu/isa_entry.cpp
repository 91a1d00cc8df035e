// The table of one instruction-set build.
#include "isa_unit.h"

#define WEFT_TEXT_(x) #x
#define WEFT_TEXT(x) WEFT_TEXT_(x)

WEFT_ISA_BEGIN

static TileFn find(const FindArgs& q) {
  if (q.first != Op::count) return find_pair(q);
  if (TileFn f = find_arith(q)) return f;
  if (TileFn f = find_logic(q)) return f;
  if (TileFn f = find_cast(q)) return f;
  return find_math(q);
}

extern const IsaTable table;
const IsaTable table = {WEFT_TEXT(WEFT_ISA), find,      find_load,       find_gather, find_gather_rows, find_store, stream,        find_scatter,
                        find_transpose,      find_fold, find_arg_reduce, find_scan,   find_pack,        find_micro, find_winograd, find_depthwise};

WEFT_ISA_END
