// What a kernel must keep to, whoever made it: the rules of weft/backend.h, checked.
#pragma once

#include "fuse/kernel.h"
#include "runtime/backend.h"

namespace weft::test {

// Counts a failure for each rule the kernel breaks.
void verify_kernel(const Kernel& kernel, const Capabilities& capabilities);
// Every access of a launch stays inside its buffers, whatever the index registers hold.
void verify_launch(const Kernel& kernel, const int64_t* words, const std::vector<int64_t>& sizes);

}  // namespace weft::test
