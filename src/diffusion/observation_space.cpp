#include "diffusion/observation_space.hpp"

#include <numeric>

#include "foehn/device/waiting.hpp"

namespace foehn::diffusion {

using observation::Observations;
using observation::SlabObservations;

at::Tensor misfit(const SlabObservations& set, const at::Tensor& noisy, const at::Tensor& eps,
                  const NoiseLevel& level) {
  // A is linear: A x_hat = (A x - sigma A eps)/mu, so that the clean slab is never made.
  const at::Tensor observed = (set.apply(noisy) - set.apply(eps) * level.sigma) / level.mu;
  return set.values() - observed;
}

std::vector<at::Tensor> parts_of(const at::Tensor& vector, const Observations& observations) {
  std::vector<at::Tensor> parts;
  std::int64_t first = 0;
  for (const SlabObservations& set : observations) {
    parts.push_back(vector.narrow(0, first, set.values().numel()).view(set.values().sizes()));
    first += set.values().numel();
  }
  return parts;
}

double inner_product(const at::Tensor& x, const at::Tensor& y, const Observations& observations,
                     const OrderedSum& ordered_sum) {
  const at::Tensor x_here = device::to_host(x), y_here = device::to_host(y);
  const double *a = x_here.data_ptr<double>(), *b = y_here.data_ptr<double>();
  double sum = 0;
  for (const SlabObservations& set : observations) {
    std::vector<double> sums(static_cast<std::size_t>(set.size()));
    const std::int64_t values = sums.empty() ? 0 : set.values().numel() / set.size();
    for (double& of_one : sums) {
      of_one = std::inner_product(a, a + values, b, 0.0);
      a += values;
      b += values;
    }
    sum += ordered_sum(sums);
  }
  return sum;
}

}  // namespace foehn::diffusion
