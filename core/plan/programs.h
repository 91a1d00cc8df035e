// Compiled kernels of a device, by their canonical text; least recently used ones go when there are too many.
#pragma once

#include <string>

#include "fuse/kernel.h"
#include "runtime/device.h"

namespace weft {

// Raises Error::unsupported where the backend refuses even the loop form.
std::shared_ptr<void> program_for(Device* device, Kernel& kernel);
int64_t cached_programs();
inline constexpr int64_t kProgramLimit = 4096;
void clear_programs();

}  // namespace weft
