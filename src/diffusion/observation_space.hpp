#pragma once

#include <ATen/ATen.h>

#include <cstdint>
#include <vector>

#include "foehn/diffusion/noise_level.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/observation/field_map.hpp"
#include "foehn/observation/slab_observations.hpp"

namespace foehn::diffusion {

/// /// How observations depend on the clean slab near an estimate of it, x_hat = (x - sigma eps)/mu: A alone
/// where operators see what the prior sees, else A times a slope of the map f between the two.
///
/// /// The line that stands for f leads through a point near x_hat that agrees with the observations, found
/// by a few Newton steps in each observation's own cells; its slope is that of the secant from x_hat to
/// there. A tangent at x_hat would be flat where that is dry and rain was observed, and lead too far where
/// the curve rises. f is taken in the mean over what is not known of u (FieldMap::line_at): at x_hat, over
/// what the noise leaves unknown; at the point, over what an observation leaves of that, nothing if it is of
/// a single value and nearly all if it is a mean of many. Where the point is dry it is the mean of what is
/// dry (FieldMap::driest). As the noise falls and x_hat comes to agree, the line becomes the tangent
/// (Gauss-Newton).
class Linearisation {
 public:
  /// All outlive this. @param map  null: operators see what the prior sees
  Linearisation(const observation::FieldMap* map, const observation::Observations& observations,
                const at::Tensor& noisy, const at::Tensor& eps, const NoiseLevel& level);

  /// y - A x_hat, or y - A f(x_hat).
  at::Tensor misfit(const observation::SlabObservations& set) const;
  /// A change of the slab as operators see it.
  at::Tensor seen(const at::Tensor& change) const;
  /// Adds the transposed operators of all sets, of a tensor each.
  void add_adjoint(const observation::Observations& observations, const std::vector<at::Tensor>& cotangents,
                   at::Tensor& slab) const;
  bool is_exact() const { return map_ == nullptr; }
  /// The square of the slope; only where there is a map.
  at::Tensor squared_slope() const { return line_.slope.square(); }

 private:
  /// What observations leave unknown, as a share of the deviations, if values are independent: the variance
  /// of one that is seen falls by the part that it has in that of the observation, whose error is the rest.
  /// @param seen  A^T 1 @param noise  sigma/mu
  at::Tensor share_left(const observation::Observations& observations, const at::Tensor& seen,
                        double noise) const;
  /// Takes the line at the estimate to the secant. @param noise  sigma/mu
  void take_secant(const observation::Observations& observations, const at::Tensor& estimate, double noise);

  const observation::FieldMap* map_;
  const at::Tensor &noisy_, &eps_;
  const NoiseLevel& level_;
  observation::FieldMap::Line line_;
};

/// The sets' parts of a vector of observation space, [value], each [observation, variable, Y, X].
std::vector<at::Tensor> parts_of(const at::Tensor& vector, const observation::Observations& observations);

/// A vector of observation space, float64, from what each set gives: [observation, variable, Y, X], or what
/// can be expanded to it.
template <class Give>
at::Tensor vector_of(const observation::Observations& observations, const at::Device& device, Give&& give) {
  std::int64_t size = 0;
  for (const observation::SlabObservations& set : observations) size += set.values().numel();
  at::Tensor vector = at::empty({size}, at::TensorOptions(at::kDouble).device(device));
  std::vector<at::Tensor> parts = parts_of(vector, observations);
  for (std::size_t s = 0; s < parts.size(); ++s) parts[s].copy_(give(observations[s]));
  return vector;
}

/// The inner product of two vectors of observation space: of each observation in order of its values, then in
/// order of sets and observations, so that its bits depend on neither ranks nor device.
/// @note Collective over the team.
double inner_product(const at::Tensor& x, const at::Tensor& y, const observation::Observations& observations,
                     const OrderedSum& ordered_sum);

}  // namespace foehn::diffusion
