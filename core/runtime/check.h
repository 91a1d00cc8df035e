// Codes of late checks: what a kernel's `check` instruction reports, and what it means.
#pragma once

#include <string>

#include "graph/node.h"

namespace weft {

int check_code(const Node& node);  // for this operation (and its line, with WEFT_DEBUG=trace)
std::string check_message(int code);

// A string that lives as long as the process, so that instructions compare and copy cheaply.
const char* intern(const std::string& text);

}  // namespace weft
