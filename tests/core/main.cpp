// weft_core_tests LIBRARY [NAME...]: runs the tests whose names contain one of the words (all without words) on a backend.
#include <chrono>
#include <cstdio>
#include <cstring>

#include "test.h"
#include "values.h"

namespace weft::test {

std::vector<Test>& all_tests() {
  static std::vector<Test> tests;
  return tests;
}

static int failures = 0;

void failed(const char* file, int line, const std::string& what) {
  if (++failures < 200) std::fprintf(stderr, "%s:%d: %s\n", std::strrchr(file, '/') ? std::strrchr(file, '/') + 1 : file, line, what.c_str());
}

static bool chosen(const char* name, int words, char** word) {
  for (int i = 0; i < words; ++i)
    if (std::strstr(name, word[i])) return true;
  return !words;
}

static int run(int argc, char** argv) {
  if (argc < 2) return std::fprintf(stderr, "usage: weft_core_tests LIBRARY [NAME...]\n"), 2;
  open_backend(argv[1]);
  int bad = 0, ran = 0;
  for (const Test& t : all_tests()) {
    if (!chosen(t.name, argc - 2, argv + 2)) continue;
    int before = failures;
    auto start = std::chrono::steady_clock::now();
    try {
      t.run();
    } catch (const std::exception& e) {
      failed(t.name, 0, std::string("raised: ") + e.what());
    }
    double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    bool ok = failures == before;
    std::printf("%s %-40s %7.3f s\n", ok ? "ok    " : "FAILED", t.name, seconds);
    std::fflush(stdout);
    ++ran, bad += !ok;
  }
  std::printf("%d tests on %s, %d failed\n", ran, device()->name.c_str(), bad);
  return bad || !ran;
}

}  // namespace weft::test

int main(int argc, char** argv) { return weft::test::run(argc, argv); }
