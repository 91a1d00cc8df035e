// Every float32 through every elementary function of the CPU backend, against the C library in double: minutes of work, so a program
// of its own. Usage: exhaustive_math [step [function]], where a step of k takes every k-th bit pattern.
#include <algorithm>
#include <cmath>
#include <thread>

#include "kernel_builder.h"
#include "test_math.h"

namespace {

struct Function {
  const char* name;
  double (*exact)(double);
};

constexpr Function functions[] = {{"exp", std::exp}, {"expm1", std::expm1}, {"log", std::log},   {"log1p", std::log1p}, {"sin", std::sin},   {"cos", std::cos},
                                  {"tan", std::tan}, {"asin", std::asin},   {"acos", std::acos}, {"atan", std::atan},   {"tanh", std::tanh}, {"erf", std::erf}};
constexpr double bound = 2;  // ulp
constexpr int64_t block = 1 << 20;

struct Worst {
  double error = 0;
  float x = 0, got = 0;
};

void judge(const Function& f, const Buf<float>& x, const Buf<float>& y, int64_t first, int64_t end, Worst& worst) {
  for (int64_t i = first; i < end; ++i) {
    const double error = ulps(y.data[i], f.exact(x.data[i]));
    if (error > worst.error) worst = {error, x.data[i], y.data[i]};
  }
}

}  // namespace

int main(int argc, char** argv) {
  const uint64_t step = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1;
  const int64_t threads = std::max(1u, std::thread::hardware_concurrency());
  Buf<float> x(block), y(block);
  for (const Function& f : functions) {
    if (argc > 2 && std::strcmp(argv[2], f.name) != 0) continue;
    Kernel k("loop", {block});
    k.store(k.op(f.name, WEFT_F32, k.load(x.handle, WEFT_F32, WEFT_F32, {{1}})), y.handle, WEFT_F32, {{1}});
    Worst worst;
    for (uint64_t bits = 0; bits < uint64_t(1) << 32; bits += step * block) {
      for (int64_t i = 0; i < block; ++i) x[i] = __builtin_bit_cast(float, uint32_t(std::min<uint64_t>(bits + uint64_t(i) * step, UINT32_MAX)));
      k.run();
      std::vector<Worst> parts(static_cast<size_t>(threads));
      std::vector<std::thread> team;
      for (int64_t t = 0; t < threads; ++t) team.emplace_back([&, t] { judge(f, x, y, block * t / threads, block * (t + 1) / threads, parts[size_t(t)]); });
      for (std::thread& member : team) member.join();
      for (const Worst& part : parts)
        if (part.error > worst.error) worst = part;
    }
    std::printf("%-6s %.4f ulp at %a: %a\n", f.name, worst.error, worst.x, worst.got);
    std::fflush(stdout);
    expect(worst.error <= bound, f.name);
  }
  return failures != 0;
}
