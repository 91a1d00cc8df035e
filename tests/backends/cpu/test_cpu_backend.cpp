// Tests of the CPU backend through its C table alone. Run with "bench [map | gemm | conv]" for a few timings.
#include "bench.h"
#include "test_contract.h"
#include "test_conv.h"
#include "test_loop.h"
#include "test_math.h"
#include "test_other.h"
#include "test_plan.h"
#include "test_rows.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::strcmp(argv[1], "bench") == 0) {
    const std::string which = argc > 2 ? argv[2] : "all";
    if (which == "all" || which == "map") bench_elementwise();
    if (which == "all" || which == "gemm") bench_gemms();
    if (which == "all" || which == "conv") bench_convs();
    return 0;
  }
  for (int threads : {1, 2}) {
    backend()->threads(threads);
    test_math();
    test_loops();
    test_rows();
    test_contractions();
    test_convolutions();
    test_others();
    test_plans();
  }
  if (failures) std::fprintf(stderr, "%d failures\n", failures);
  else std::printf("all good\n");
  return failures != 0;
}
