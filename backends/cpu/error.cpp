#include "error.h"

#include <cstdio>

namespace weft::cpu {

namespace {
thread_local char text[512] = "";
}

void set_error(const char* message) noexcept {
  std::snprintf(text, sizeof text, "%s", message);
  for (char* c = text; *c; ++c)
    if (*c == '\n') *c = ' ';
}

const char* last_error() noexcept { return text; }

}  // namespace weft::cpu
