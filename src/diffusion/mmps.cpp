#include <ATen/ATen.h>
#include <fmt/format.h>

#include <memory>
#include <utility>

#include "diffusion/minimal_residual.hpp"
#include "diffusion/observation_space.hpp"
#include "diffusion/sda.hpp"
#include "foehn/core/error.hpp"
#include "foehn/diffusion/guidance.hpp"

namespace foehn::diffusion {

namespace {

using observation::Observations;
using observation::SlabObservations;

constexpr SolverOptions kPreconditioner{.steps = 8, .tolerance = {}};

/// R + (sigma^2/mu) A J^T A^T at a noisy slab, J = d x_hat/dx = (1 - sigma d eps/dx)/mu being a denoiser's;
/// with a scale S, S (R + (sigma^2/mu) A J^T A^T) S.
class ObservedCovariance {
 public:
  /// All outlive this. @param scale  of each value of observation space; undefined: 1
  ObservedCovariance(DifferentiableTrajectoryDenoiser& denoiser, const Observations& observations,
                     const Linearisation& linear, const at::Tensor& scale, const at::Tensor& noisy,
                     const NoiseLevel& level)
      : denoiser_(denoiser),
        observations_(observations),
        linear_(linear),
        scale_(scale),
        noisy_(noisy),
        level_(level),
        variance_(vector_of(observations, noisy.device(),
                            [&](const SlabObservations& set) { return set.variance(); })) {}

  /// mu J^T A^T S v, as the slab.
  at::Tensor gradient(const at::Tensor& v) const {
    at::Tensor gradient = at::zeros_like(noisy_);
    std::vector<at::Tensor> parts = parts_of(scaled(v), observations_);
    for (at::Tensor& part : parts) part = part.to(noisy_.scalar_type());
    linear_.add_adjoint(observations_, parts, gradient);
    at::Tensor through_denoiser = denoiser_.noise_vjp(noisy_, level_, gradient);
    return gradient.sub_(through_denoiser.mul_(level_.sigma));
  }
  /// The product with v.
  /// @param gradient  of v
  at::Tensor product(const at::Tensor& v, const at::Tensor& gradient) const {
    const double ratio = level_.sigma / level_.mu;
    const at::Tensor seen = linear_.seen(gradient);
    at::Tensor product = vector_of(observations_, noisy_.device(),
                                   [&](const SlabObservations& set) { return set.apply(seen); });
    return scaled(product.mul_(ratio * ratio).add_(errors(scaled(v))));
  }

 private:
  /// R v.
  at::Tensor errors(const at::Tensor& v) const {
    at::Tensor product = v * variance_;
    const std::vector<at::Tensor> parts = parts_of(product, observations_), of_v = parts_of(v, observations_);
    for (std::size_t s = 0; s < parts.size(); ++s)
      if (const auto* correlated = observations_[s].correlated_errors())
        parts[s].copy_(correlated->product(of_v[s]));
    return product;
  }

  DifferentiableTrajectoryDenoiser& denoiser_;
  const Observations& observations_;
  at::Tensor scaled(const at::Tensor& v) const { return scale_.defined() ? v * scale_ : v; }

  const Linearisation& linear_;
  const at::Tensor& scale_;
  const at::Tensor& noisy_;
  const NoiseLevel& level_;
  at::Tensor variance_;
};

}  // namespace

MmpsGuidance::MmpsGuidance(DifferentiableTrajectoryDenoiser& prior, Observations observations,
                           Options options)
    : prior_(prior),
      observations_(std::move(observations)),
      options_(std::move(options)),
      fallback_weight_(std::make_unique<ErrorWeight>(options_.gamma)) {}

MmpsGuidance::~MmpsGuidance() = default;

at::Tensor MmpsGuidance::noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) {
  at::Tensor eps = prior_.noise_estimate(noisy, level);
  const Linearisation linear(options_.map.get(), observations_, noisy, eps, level);
  at::Tensor misfits =
      vector_of(observations_, eps.device(), [&](const SlabObservations& set) { return linear.misfit(set); });
  at::Tensor scale;
  if (!linear.is_exact()) {
    // A wet cell's slope is many times a dry one's, and its error may be: in units of what is expected of
    // each value, the system is solved in few steps.
    std::size_t s = 0;
    const double ratio = level.sigma / level.mu;
    const std::vector<at::Tensor>& weights = fallback_weight_->of(observations_, eps, linear);
    scale = vector_of(observations_, eps.device(), [&](const SlabObservations& set) {
              return set.variance() + weights[s++] * (ratio * ratio);
            }).rsqrt();
    misfits = misfits * scale;
  }
  const ObservedCovariance covariance(options_.covariance != nullptr ? *options_.covariance : prior_,
                                      observations_, linear, scale, noisy, level);
  const bool keeps_gradients = options_.solver.steps <= kMostSlabsKept;
  std::vector<at::Tensor> gradients;
  LinearSystem system;
  system.inner_product = [&](const at::Tensor& x, const at::Tensor& y) {
    return inner_product(x, y, observations_, options_.ordered_sum);
  };
  system.product = [&](const at::Tensor& v) {
    const at::Tensor gradient = covariance.gradient(v);
    if (keeps_gradients) gradients.push_back(gradient);
    return covariance.product(v, gradient);
  };
  if (options_.preconditioner != nullptr) {
    const ObservedCovariance approximate(*options_.preconditioner, observations_, linear, scale, noisy,
                                         level);
    LinearSystem inner{
        [approximate](const at::Tensor& v) { return approximate.product(v, approximate.gradient(v)); },
        system.inner_product};
    system.precondition = [inner = std::move(inner)](const at::Tensor& x) {
      const Solution found = minimal_residual(inner, x, kPreconditioner);
      return found.report.is_indefinite ? x : found.v;
    };
  }
  Solution solution = core::with_context(fmt::format("guidance mmps at noise level t = {:.4f}", level.t),
                                         [&] { return minimal_residual(system, misfits, options_.solver); });

  // eps - sigma J^T A^T v
  const double ratio = level.sigma / level.mu;
  if (solution.report.is_indefinite)
    add_sda(observations_, linear, level, *fallback_weight_, eps);
  else if (keeps_gradients)
    for (std::size_t i = 0; i < solution.weights.size(); ++i)
      eps.add_(gradients[i].mul_(-ratio * solution.weights[i]));
  else if (solution.report.steps > 0)
    eps.add_(covariance.gradient(solution.v).mul_(-ratio));
  solution.report.level = level;
  options_.report(solution.report);
  return eps;
}

}  // namespace foehn::diffusion
