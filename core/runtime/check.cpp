#include "runtime/check.h"

#include <mutex>
#include <set>
#include <vector>

#include "primitives/primitive.h"
#include "runtime/trace.h"

namespace weft {

static std::mutex g_mutex;

static std::vector<std::string>& messages() {
  static auto& all = *new std::vector<std::string>;
  return all;
}

int check_code(const Node& node) {
  std::string text = std::string(node.prim->name) + ": an index is out of bounds";
  if (node.site) text += ", at " + site_text(node.site);
  std::lock_guard lock(g_mutex);
  auto& known = messages();
  for (size_t i = 0; i < known.size(); ++i)
    if (known[i] == text) return int(i) + 1;
  known.push_back(text);
  return int(known.size());
}

std::string check_message(int code) {
  std::lock_guard lock(g_mutex);
  auto& known = messages();
  return code > 0 && code <= int(known.size()) ? known[code - 1] : "a check failed";
}

const char* intern(const std::string& text) {
  static std::set<std::string>& known = *new std::set<std::string>;
  std::lock_guard lock(g_mutex);
  return known.insert(text).first->c_str();
}

}  // namespace weft
