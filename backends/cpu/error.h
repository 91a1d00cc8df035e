// Errors: thrown inside the backend, turned into last_error() at the C boundary.
#pragma once

#include <stdexcept>
#include <string>

namespace weft::cpu {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void set_error(const char* message) noexcept;  // of the calling thread
const char* last_error() noexcept;

// Runs f for a function of the C table; whatever it throws becomes last_error() and the result `failed`.
template <class R, class F>
R guarded(R failed, F f) noexcept {
  try {
    set_error("");
    return f();
  } catch (const std::bad_alloc&) {
    set_error("out of memory");
  } catch (const std::exception& e) {
    set_error(e.what());
  }
  return failed;
}

}  // namespace weft::cpu
