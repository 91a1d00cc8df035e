// The core knows no Python, but it must not hold Python's lock while it waits or computes. Bindings set the two hooks.
#pragma once

namespace weft {

struct GilHooks {
  void* (*release)() = nullptr;
  void (*restore)(void*) = nullptr;
};
void set_gil_hooks(GilHooks hooks);

// Nests: only the outermost on a thread releases.
class WithoutGil {
 public:
  WithoutGil();
  ~WithoutGil();
  WithoutGil(const WithoutGil&) = delete;

 private:
  void* state_ = nullptr;
};

}  // namespace weft
