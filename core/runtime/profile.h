// Records for weft.profile() and the texts of WEFT_DEBUG=graph,kernels,plan.
#pragma once

#include <string>
#include <vector>

#include "plan/plan.h"
#include "runtime/evaluate.h"

namespace weft {

void record_kernel(KernelRecord record);
std::string describe(const Plan& plan, bool kernels);
void debug_plan(const std::vector<Node*>& roots, const Plan& plan);  // prints what WEFT_DEBUG asks for, to stderr
bool debug_wants(const char* what);

}  // namespace weft
