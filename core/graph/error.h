// Errors of the core; bindings turn each kind into the Python exception a user expects.
#pragma once

#include <sstream>
#include <stdexcept>
#include <string>

namespace weft {

struct Error : std::runtime_error {
  enum Kind { value, type, index, runtime, memory, backend, unsupported } kind;
  Error(Kind k, const std::string& what) : std::runtime_error(what), kind(k) {}
};

// raise(Error::value, "matmul: ", shape, " has ...")
template <class... Parts>
[[noreturn]] void raise(Error::Kind kind, const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  throw Error(kind, out.str());
}

}  // namespace weft
