#include "diffusion/observation_space.hpp"

#include <numeric>

#include "foehn/device/waiting.hpp"

namespace foehn::diffusion {

using observation::Observations;
using observation::SlabObservations;

Linearisation::Linearisation(const observation::FieldMap* map, const Observations& observations,
                             const at::Tensor& noisy, const at::Tensor& eps, const NoiseLevel& level)
    : map_(map), noisy_(noisy), eps_(eps), level_(level) {
  if (map == nullptr) return;
  const at::Tensor estimate = (noisy - eps * level.sigma) / level.mu;
  const double noise = level.sigma / level.mu;
  line_ = map->line_at(estimate, noise);
  take_secant(observations, estimate, noise);
}

void Linearisation::take_secant(const Observations& observations, const at::Tensor& estimate, double noise) {
  constexpr int kSteps = 6;
  constexpr double kLongest = 1.5, kSame = 1e-3, kLeast = 1e-12;
  at::Tensor seen = at::zeros_like(estimate);  // A^T 1
  for (const SlabObservations& set : observations) set.add_adjoint(at::ones_like(set.values()), seen);
  const at::Tensor left = share_left(observations, seen, noise), driest = map_->driest(estimate, noise);
  at::Tensor point = estimate;
  const at::Tensor longest = map_->deviations(estimate) * kLongest;
  observation::FieldMap::Line there = map_->line_at(point, noise, left);
  for (int i = 0; i < kSteps; ++i) {
    // As ErrorWeight: so weighted, no step leads beyond the observations but for the map's curvature.
    const at::Tensor weighted = seen * there.slope.square();
    at::Tensor step = at::zeros_like(estimate);
    for (const SlabObservations& set : observations)
      set.add_adjoint((set.values() - set.apply(there.mean)) / set.apply(weighted).clamp_min(kLeast), step);
    // A dry value is only known to be below the edge: there, no further down than it is in the mean.
    point = at::maximum(point + at::clamp(step.mul_(there.slope), -longest, longest), driest);
    there = map_->line_at(point, noise, left.masked_fill(point <= driest, 0));
  }
  const at::Tensor distance = point - estimate;
  const at::Tensor is_same = distance.abs() < kSame;
  const at::Tensor secant =
      (map_->line_at(point, noise).mean - line_.mean) / distance.masked_fill(is_same, 1);
  line_.slope = at::where(is_same, line_.slope, secant);
  line_.mean = there.mean - line_.slope * distance;
}

at::Tensor Linearisation::share_left(const Observations& observations, const at::Tensor& seen,
                                     double noise) const {
  constexpr double kLeast = 1e-12;
  const at::Tensor clean = map_->deviations(seen).square();
  const at::Tensor variance = clean * (noise * noise) / (clean + noise * noise);
  const at::Tensor weighted = seen * line_.slope.square() * variance;
  at::Tensor known = at::zeros_like(seen);
  for (const SlabObservations& set : observations) {
    const at::Tensor sum = set.apply(weighted);
    const at::Tensor part = sum / (set.apply(line_.slope).square() * variance).clamp_min(kLeast);
    set.add_adjoint(part * sum / (sum + set.variance()), known);
  }
  return (1 - known / seen.clamp_min(kLeast)).clamp_(0, 1).sqrt_();
}

at::Tensor Linearisation::misfit(const SlabObservations& set) const {
  if (map_ != nullptr) return set.values() - set.apply(line_.mean);
  // A is linear: A x_hat = (A x - sigma A eps)/mu, so that the clean slab is never made.
  const at::Tensor observed = (set.apply(noisy_) - set.apply(eps_) * level_.sigma) / level_.mu;
  return set.values() - observed;
}

at::Tensor Linearisation::seen(const at::Tensor& change) const {
  return map_ != nullptr ? change * line_.slope : change;
}

void Linearisation::add_adjoint(const Observations& observations, const std::vector<at::Tensor>& cotangents,
                                at::Tensor& slab) const {
  at::Tensor sum = map_ != nullptr ? at::zeros_like(slab) : slab;
  for (std::size_t s = 0; s < observations.size(); ++s) observations[s].add_adjoint(cotangents[s], sum);
  if (map_ != nullptr) slab.addcmul_(sum, line_.slope);
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
