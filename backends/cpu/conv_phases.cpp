#include "conv_phases.h"

#include <algorithm>
#include <numeric>

namespace weft::cpu {

bool Phases::plan(const LaunchContext& context, int64_t* words) {
  const Program& p = *context.program;
  context_ = &context;
  words_ = words;
  const int rank = p.rank(), first_n = p.contraction.batch + p.contraction.m;
  // A coordinate that the epilogue reads, or another access with steps, would have to change as well.
  for (const Instr& in : p.instrs)
    if (in.op == Op::index) return false;
  for (const Access& a : p.accesses)
    if (a.dilated && &a != &p.accesses[1]) return false;
  const Access& image = p.accesses[1];
  for (int b = 0; b < image.bounds; ++b) {
    const int64_t at = image.params + 1 + rank + b * (4 + rank);
    const int64_t *bound = context.words + at, *coefficients = bound + 4;
    if (bound[2] == 1) continue;
    Bound& found = bound_[bounds_++] = Bound{-1, -1, at};
    for (int d = 0; d < rank; ++d) {
      if (coefficients[d] == 0) continue;
      int& dim = d < p.outer_rank ? found.n_dim : found.k_dim;
      if (d < first_n || dim >= 0) return false;
      dim = d;
    }
    for (int other = 0; other + 1 < bounds_; ++other)
      if ((found.n_dim >= 0 && bound_[other].n_dim == found.n_dim) || (found.k_dim >= 0 && bound_[other].k_dim == found.k_dim)) return false;
    if (found.n_dim >= 0) found.n_phases = bound[2] / std::gcd(bound[2], coefficients[found.n_dim]);
    if (found.k_dim >= 0) found.k_phases = bound[2] / std::gcd(bound[2], coefficients[found.k_dim]);
    count_ *= found.n_phases;
  }
  return true;
}

bool Phases::select(int64_t index, LaunchContext& out) const {
  const Program& p = *context_->program;
  std::copy(context_->words, context_->words + p.param_words, words_);
  for (int b = 0; b < bounds_; ++b) {
    const Bound& bound = bound_[b];
    int64_t* words = words_ + bound.words;
    const int64_t n = index % bound.n_phases, step = words[2];
    index /= bound.n_phases;
    if (bound.n_dim >= 0) {
      if (n >= words_[bound.n_dim]) return false;
      narrow(bound.n_dim, n, bound.n_phases);
    }
    // The first tap that counts for these places; words[0] is now the position of the first place at tap 0.
    int64_t k = 0;
    const int64_t move = bound.k_dim >= 0 ? words[4 + bound.k_dim] : 0;
    while (k < bound.k_phases && (words[0] + k * move) % step != 0) ++k;
    const bool none = k == bound.k_phases || (bound.k_dim >= 0 && k >= words_[bound.k_dim]);
    if (none) {
      words_[p.outer_rank] = 0;  // no taps at all: the sum is zero
      words[0] = 0;
    } else if (bound.k_dim >= 0) {
      narrow(bound.k_dim, k, bound.k_phases);
    }
    // Every position left is a multiple of the step.
    words[0] /= step;
    words[2] = 1;
    for (int d = 0; d < p.rank(); ++d) words[4 + d] /= step;
  }
  out.words = words_;
  return true;
}

void Phases::narrow(int dim, int64_t first, int64_t step) const {
  const Program& p = *context_->program;
  const int rank = p.rank();
  words_[dim] = (words_[dim] - first + step - 1) / step;
  for (const Access& a : p.accesses) {
    int64_t* words = words_ + a.params;
    words[0] += first * words[1 + dim];
    words[1 + dim] *= step;
    for (int b = 0; b < a.bounds; ++b) {
      int64_t* bound = words + 1 + rank + b * (4 + rank);
      bound[0] += first * bound[4 + dim];
      bound[4 + dim] *= step;
    }
  }
}

}  // namespace weft::cpu
