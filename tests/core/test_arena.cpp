// Placement of temporaries: two that live at once never share a byte.
#include "plan/plan.h"
#include "test.h"
#include "values.h"

using namespace weft;
using namespace weft::test;

TEST(arena_lives_never_overlap) {
  Dice dice(5);
  for (int round = 0; round < 200; ++round) {
    int64_t limit = round % 2 ? 1 << 14 : 0;
    std::vector<Lifetime> all;
    for (int i = dice.below(40); i >= 0; --i) {
      int first = dice.below(20);
      all.push_back({dice.below(6) ? dice.below(9000) : 0, first, first + dice.below(6)});
    }
    std::vector<int64_t> blocks;
    std::vector<Placement> placed = place_temporaries(all, limit, blocks);
    CHECK_EQ(placed.size(), all.size());
    for (size_t i = 0; i < all.size(); ++i) {
      CHECK(placed[i].block >= 0 && placed[i].block < int(blocks.size()));
      CHECK(placed[i].offset >= 0 && placed[i].offset % 256 == 0);
      CHECK(placed[i].offset + all[i].nbytes <= blocks[size_t(placed[i].block)]);
      for (size_t j = 0; j < i; ++j) {
        bool together = all[i].first <= all[j].last && all[j].first <= all[i].last;
        bool apart =
            placed[i].block != placed[j].block || placed[i].offset + all[i].nbytes <= placed[j].offset || placed[j].offset + all[j].nbytes <= placed[i].offset;
        CHECK(!together || apart || !all[i].nbytes || !all[j].nbytes);
      }
    }
    if (limit)
      for (int64_t b : blocks) CHECK(b <= limit);
  }
}

TEST(arena_reuses_what_is_done) {
  std::vector<Lifetime> chain;
  for (int i = 0; i < 50; ++i) chain.push_back({1 << 20, i, i + 1});
  std::vector<int64_t> blocks;
  place_temporaries(chain, 0, blocks);
  CHECK_EQ(blocks.size(), 1u);
  CHECK_EQ(blocks[0], int64_t(2) << 20);
}

// A plan whose intermediates pass through memory: the arena holds few of them at once, and the values are right.
TEST(arena_of_a_plan_is_small) {
  set_fuse(false);
  Dice dice(6);
  const int n = 512;
  std::vector<float> host = dice.many(n);
  NodeRef x = tensor(host, {n}), y = x;
  for (int i = 0; i < 60; ++i) {
    y = ops::add(ops::mul(y, number(0.5)), x);
    for (int j = 0; j < 1; ++j) (void)j;
  }
  std::vector<float> want = host;
  for (int i = 0; i < 60; ++i)
    for (int k = 0; k < n; ++k) want[size_t(k)] = float(want[size_t(k)] * 0.5f) + host[size_t(k)];
  std::string plan = plan_text({y});
  int64_t arena = 0;
  for (size_t at = plan.find("  arena "); at != std::string::npos; at = plan.find("  arena ", at + 1)) arena += std::stoll(plan.substr(at + 8));
  set_fuse(true);
  CHECK(arena <= 4 * n * int(sizeof(float)));
  set_fuse(false);
  CHECK_EQ(read<float>(y), want);
  set_fuse(true);
}
