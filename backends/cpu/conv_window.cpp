#include "conv_window.h"

#include <algorithm>
#include <cstdlib>
#include <numeric>

namespace weft::cpu {

namespace {

// The only dimension of [first, end) along which a bound moves: -1 for none, -2 for several.
int moving(const int64_t* coefficients, int first, int end) {
  int found = -1;
  for (int d = first; d < end; ++d)
    if (coefficients[d] != 0) found = found == -1 ? d : -2;
  return found;
}

// Steps and stride of an axis without a bound, from the strides of its dimensions.
void measure(Axis& a, int64_t n_stride, int64_t k_stride) {
  const bool n_moves = a.n_size > 1, k_moves = a.k_size > 1;
  a.stride = std::gcd(n_moves ? n_stride : 0, k_moves ? k_stride : 0);
  if (n_moves && a.stride != 0) a.n_step = n_stride / a.stride;
  if (k_moves && a.stride != 0) a.k_step = k_stride / a.stride;
  a.base = -Axis::low(a.n_step, a.n_size) - Axis::low(a.k_step, a.k_size);
  a.limit = Axis::reach(a.n_step, a.n_size) + Axis::reach(a.k_step, a.k_size) + 1;
}

// The same for an axis whose steps a bound gives: the stride has to agree.
bool agree(Axis& a, int64_t n_stride, int64_t k_stride) {
  if (a.n_size > 1) a.stride = n_stride / a.n_step;
  else if (a.k_size > 1) a.stride = k_stride / a.k_step;
  return (a.n_size == 1 || n_stride == a.n_step * a.stride) && (a.k_size == 1 || k_stride == a.k_step * a.stride);
}

}  // namespace

bool find_window(const ContractPlan& plan, const Operand& o, Window& w) {
  const int dims = plan.rank - plan.first_n;
  if (dims > max_axes || o.dilated) return false;
  int k_partner[max_axes], bound_of[max_axes];
  std::fill_n(k_partner, dims, -1);  // of an n dimension, from first_n on
  std::fill_n(bound_of, dims, -1);
  bool taken[max_axes] = {};
  for (int b = 0; b < o.access->bounds; ++b) {
    const int64_t* coefficients = bound_words(o, b) + 4;
    const int n = moving(coefficients, plan.first_n, plan.first_k), k = moving(coefficients, plan.first_k, plan.rank);
    if (moving(coefficients, 0, plan.first_n) != -1 || n == -2 || k == -2 || (n == -1 && k == -1)) return false;
    const int at = (n >= 0 ? n : k) - plan.first_n;
    if (bound_of[at] >= 0) return false;
    bound_of[at] = b;
    if (n < 0 || k < 0) continue;
    if (taken[k - plan.first_n]) return false;
    taken[k - plan.first_n] = true;
    k_partner[at] = k;
  }
  // Without bounds, dimensions whose reaches interleave move in one direction.
  for (int n = plan.first_n; n < plan.first_k; ++n) {
    if (bound_of[n - plan.first_n] >= 0) continue;
    const int64_t s = o.strides[n], size = plan.sizes[n];
    for (int k = plan.first_k; k < plan.rank && s > 0 && size > 1; ++k) {
      const int64_t t = std::abs(o.strides[k]);
      if (taken[k - plan.first_n] || bound_of[k - plan.first_n] >= 0 || t == 0 || t >= s * size || s >= t * plan.sizes[k]) continue;
      taken[k - plan.first_n] = true;
      k_partner[n - plan.first_n] = k;
      break;
    }
  }
  w.axes = 0;
  w.origin = o.offset;
  for (int d = plan.first_n; d < plan.rank; ++d) {
    const int at = d - plan.first_n;
    if (d == plan.first_k) w.n_axes = w.axes;
    if (d >= plan.first_k && taken[at]) continue;
    Axis& a = w.axis[w.axes++];
    a = Axis();
    if (d < plan.first_k) a.n_dim = d, a.k_dim = k_partner[at];
    else a.k_dim = d;
    if (a.n_dim >= 0) a.n_size = plan.sizes[a.n_dim];
    if (a.k_dim >= 0) a.k_size = plan.sizes[a.k_dim];
    const int64_t n_stride = a.n_dim >= 0 ? o.strides[a.n_dim] : 0, k_stride = a.k_dim >= 0 ? o.strides[a.k_dim] : 0;
    if (bound_of[at] < 0) {
      measure(a, n_stride, k_stride);
    } else {
      const int64_t* bound = bound_words(o, bound_of[at]);
      a.base = bound[0];
      a.limit = bound[1];
      if (a.n_dim >= 0) a.n_step = bound[4 + a.n_dim];
      if (a.k_dim >= 0) a.k_step = bound[4 + a.k_dim];
      if (!agree(a, n_stride, k_stride)) return false;
    }
    w.origin -= a.base * a.stride;
  }
  if (plan.first_k == plan.rank) w.n_axes = w.axes;
  return w.n_axes > 0;
}

int64_t batch_offset(const ContractPlan& plan, const Operand& o, const int64_t* batch_point) {
  int64_t offset = 0;
  for (int d = 0; d < plan.first_m; ++d) offset += o.strides[d] * batch_point[d];
  return offset;
}

void inside(const Axis& a, int64_t first, int64_t step, int64_t count, int64_t& low, int64_t& high) {
  low = first >= 0 ? 0 : std::min(count, ceil_div(-first, step));
  high = first >= a.limit ? 0 : std::min(count, ceil_div(a.limit - first, step));
  high = std::max(low, high);
}

}  // namespace weft::cpu
