// A test is a function; a failed check is counted and the test goes on.
#pragma once

#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "graph/error.h"

namespace weft::test {

struct Test {
  const char* name;
  void (*run)();
};
std::vector<Test>& all_tests();
struct Register {
  Register(const char* name, void (*run)()) { all_tests().push_back({name, run}); }
};
void failed(const char* file, int line, const std::string& what);

#define TEST(name)                                                 \
  static void name();                                              \
  static const weft::test::Register register_##name(#name, &name); \
  static void name()

#define CHECK(condition)                                                  \
  do {                                                                    \
    if (!(condition)) weft::test::failed(__FILE__, __LINE__, #condition); \
  } while (0)

// Says both values.
#define CHECK_EQ(a, b)                                                                               \
  do {                                                                                               \
    auto a_ = (a);                                                                                   \
    auto b_ = (b);                                                                                   \
    if (!(a_ == b_)) {                                                                               \
      std::ostringstream out_;                                                                       \
      out_ << #a << " == " << #b << ": " << weft::test::text(a_) << " and " << weft::test::text(b_); \
      weft::test::failed(__FILE__, __LINE__, out_.str());                                            \
    }                                                                                                \
  } while (0)

// The statement raises this kind of error, and its message has this in it.
#define CHECK_RAISES(statement, error_kind, part)                                                       \
  do {                                                                                                  \
    bool raised_ = false;                                                                               \
    try {                                                                                               \
      statement;                                                                                        \
    } catch (const weft::Error& e_) {                                                                   \
      raised_ = true;                                                                                   \
      if (e_.kind != weft::Error::error_kind || std::string(e_.what()).find(part) == std::string::npos) \
        weft::test::failed(__FILE__, __LINE__, std::string(#statement " raised: ") + e_.what());        \
    }                                                                                                   \
    if (!raised_) weft::test::failed(__FILE__, __LINE__, #statement " raised nothing");                 \
  } while (0)

template <class T>
std::string text(const T& value) {
  std::ostringstream out;
  out.precision(17);
  if constexpr (requires { out << value; }) {
    out << value;
  } else {
    out << '[';
    size_t i = 0;
    for (const auto& v : value) {
      out << (i ? ", " : "") << text(v);
      if (++i == 24) break;
    }
    out << (i == 24 ? ", ...]" : "]");
  }
  return out.str();
}

}  // namespace weft::test
