#include "plan/programs.h"

#include <list>
#include <mutex>
#include <unordered_map>

#include "graph/error.h"

namespace weft {

namespace {
struct Entry {
  std::shared_ptr<void> program;  // null: unsupported
  std::list<std::string>::iterator age;
};
std::mutex g_mutex;
auto& g_programs = *new std::unordered_map<std::string, Entry>;
auto& g_ages = *new std::list<std::string>;  // most recent first

std::shared_ptr<void> find_or_compile(Device* device, const Kernel& kernel) {
  std::string key = device->name + '\n' + kernel.text;
  {
    std::lock_guard lock(g_mutex);
    auto it = g_programs.find(key);
    if (it != g_programs.end()) {
      g_ages.splice(g_ages.begin(), g_ages, it->second.age);
      return it->second.program;
    }
  }
  auto backend = device->backend;
  void* raw = backend->compile(device->index, kernel);
  std::shared_ptr<void> program;
  if (raw) program = std::shared_ptr<void>(raw, [backend](void* p) { backend->free_program(p); });
  std::lock_guard lock(g_mutex);
  g_ages.push_front(key);
  g_programs[key] = {program, g_ages.begin()};
  while (int64_t(g_ages.size()) > kProgramLimit) {
    g_programs.erase(g_ages.back());
    g_ages.pop_back();
  }
  return program;
}
}  // namespace

std::shared_ptr<void> program_for(Device* device, Kernel& kernel) {
  if (auto program = find_or_compile(device, kernel)) return program;
  if (kernel.kind != "loop" && !kernel.instrs.empty()) {  // a contraction is a valid loop too
    kernel.kind = "loop";
    kernel.attrs.clear();
    kernel.text = kernel_text(kernel);
    if (auto program = find_or_compile(device, kernel)) return program;
  }
  raise(Error::unsupported, device->name, ": the backend has no code for a kernel of kind ", kernel.kind, "; it must support every loop\n", kernel.text);
}

int64_t cached_programs() {
  std::lock_guard lock(g_mutex);
  return int64_t(g_programs.size());
}

void clear_programs() {
  std::lock_guard lock(g_mutex);
  g_programs.clear();
  g_ages.clear();
}

}  // namespace weft
