#include <algorithm>
#include <numeric>

#include "plan/plan.h"

namespace weft {

static constexpr int64_t kAlign = 256;

std::vector<Placement> place_temporaries(const std::vector<Lifetime>& temporaries, int64_t max_block, std::vector<int64_t>& blocks) {
  std::vector<Placement> placed(temporaries.size(), {-1, 0});
  std::vector<int> by_size(temporaries.size());
  std::iota(by_size.begin(), by_size.end(), 0);
  std::stable_sort(by_size.begin(), by_size.end(), [&](int a, int b) { return temporaries[a].nbytes > temporaries[b].nbytes; });
  auto aligned = [](int64_t n) { return (std::max<int64_t>(n, 1) + kAlign - 1) / kAlign * kAlign; };
  for (int t : by_size) {
    int64_t size = aligned(temporaries[t].nbytes);
    for (int block = 0; placed[t].block < 0; ++block) {
      if (block == int(blocks.size())) blocks.push_back(0);
      // What lies in this block while t lives, by offset; t goes into the first gap.
      std::vector<std::pair<int64_t, int64_t>> taken;
      for (size_t o = 0; o < placed.size(); ++o) {
        bool overlap = placed[o].block == block && temporaries[o].first <= temporaries[t].last && temporaries[t].first <= temporaries[o].last;
        if (overlap) taken.emplace_back(placed[o].offset, placed[o].offset + aligned(temporaries[o].nbytes));
      }
      std::sort(taken.begin(), taken.end());
      int64_t at = 0;
      for (auto [begin, end] : taken) {
        if (begin - at >= size) break;
        at = std::max(at, end);
      }
      if (max_block && at + size > max_block && at > 0) continue;
      placed[t] = {block, at};
      blocks[block] = std::max(blocks[block], at + size);
    }
  }
  return placed;
}

}  // namespace weft
