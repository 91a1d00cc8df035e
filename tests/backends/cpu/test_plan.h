// Whole plans: launches that follow one another, checks that stop them, threads and forks.
#pragma once

#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "kernel_builder.h"

// y = x + 1, ten times over, with a check in the middle that x stays below a limit.
inline void test_chain(int64_t n, float limit) {
  Buf<float> x(n), y(n);
  Kernel k("loop", {n});
  const int v = k.load(x.handle, WEFT_F32, WEFT_F32, {{1}});
  k.op("check", WEFT_BOOL, k.op("lt", WEFT_BOOL, v, k.immf(limit)), -1, -1, 7);
  k.store(k.op("add", WEFT_F32, v, k.immf(1)), y.handle, WEFT_F32, {{1}});
  expect(k.compile(), "compile");
  // Launches alternate: x to y, y to x. Slots tell which.
  const int32_t there[] = {0, 1}, back[] = {1, 0};
  std::vector<weft_launch> launches;
  for (int i = 0; i < 10; ++i) launches.push_back({k.program(), i % 2 ? back : there, 0});
  weft_plan plan = {{WEFT_ABI_MAJOR, sizeof plan}, 2, int32_t(k.words().size()), {launches.data(), 10, sizeof(weft_launch)}};
  weft_executable executable = backend()->load(0, &plan);
  expect(executable != nullptr, "load");
  const weft_buffer buffers[] = {x.handle, y.handle};
  double seconds[10] = {};
  expect(backend()->run(executable, buffers, k.words().data(), seconds) == 0, "run");
  expect(seconds[0] > 0, "seconds of a launch");
  const bool fails = limit <= 9;
  expect(backend()->status(0) == (fails ? 7 : 0), "status of a chain");
  // The launch that saw x == limit fails; it may write, later ones may not.
  const float last = fails ? limit : 9;
  for (int64_t i = 0; i < n; ++i) expect(std::max(x[i], y[i]) <= last + 1 && std::max(x[i], y[i]) >= last, "chain");
  backend()->unload(executable);
}

inline void test_threads_and_forks() {
  const int64_t n = 1 << 20;
  const auto add = [] {
    Buf<float> x(n);
    for (int64_t i = 0; i < n; ++i) x[i] = float(i & 1023);
    Kernel k("loop", {n});
    k.store(k.op("add", WEFT_F32, k.load(x.handle, WEFT_F32, WEFT_F32, {{1}}), k.immf(1)), x.handle, WEFT_F32, {{1}});
    k.run();
    bool good = true;
    for (int64_t i = 0; i < n; ++i) good &= x[i] == float((i & 1023) + 1);
    return good;
  };
  bool other = false;
  std::thread thread([&] {
    for (int i = 0; i < 5; ++i) other = add();
  });
  for (int i = 0; i < 5; ++i) expect(add(), "two threads at once");
  thread.join();
  expect(other, "two threads at once");
  const pid_t child = fork();
  if (child == 0) _exit(add() ? 0 : 1);
  int status = -1;
  waitpid(child, &status, 0);
  expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a forked child works");
}

inline void test_plans() {
  test_chain(100, 1000);
  test_chain(200000, 1000);
  test_chain(100, 4);
  test_chain(200000, 4);
  test_threads_and_forks();
}
