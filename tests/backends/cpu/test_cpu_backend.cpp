// Tests of the CPU backend through its C table alone. Run with "bench" for a few timings.
#include "test_contract.h"
#include "test_loop.h"
#include "test_math.h"
#include "test_other.h"
#include "bench.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "bench") == 0) {
    bench_all();
    return 0;
  }
  for (int threads : {1, 2}) {
    backend()->threads(threads);
    test_math();
    test_loops();
    test_contractions();
    test_others();
  }
  if (failures) std::fprintf(stderr, "%d failures\n", failures);
  else std::printf("all good\n");
  return failures != 0;
}
