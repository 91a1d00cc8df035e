// Instructions beyond the base set, written out for backends that do not list them.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "fuse/tape.h"

namespace weft {

// The same tape without instructions outside `extra` and the base set. renamed[r] is where old register r went.
Tape expand_extra(const Tape& tape, const std::set<std::string>& extra, std::vector<Reg>& renamed);

}  // namespace weft
