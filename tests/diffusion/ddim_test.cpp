#include "foehn/diffusion/ddim.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "foehn/diffusion/guidance.hpp"

namespace foehn::diffusion {
namespace {

/// The exact denoiser of independent normal values of one mean and standard deviation.
class IndependentNormal : public Denoiser {
 public:
  IndependentNormal(double mean, double std) : mean_(mean), variance_(std * std) {}
  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override {
    return (noisy - level.mu * mean_) *
           (level.sigma / (level.mu * level.mu * variance_ + level.sigma * level.sigma));
  }

 private:
  double mean_, variance_;
};

Surroundings alone(const std::vector<at::Tensor>& draws) {
  Surroundings surroundings;
  surroundings.fill_noise = [&draws](at::Tensor& slab, std::uint32_t draw) { slab.copy_(draws.at(draw)); };
  surroundings.ordered_sum = [](std::span<const double> values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
  };
  surroundings.trajectory_values = draws[0].numel();
  surroundings.step_done = [] {};
  return surroundings;
}

TEST(Ddim, TurnsNoiseIntoThePriorsValues) {
  at::manual_seed(4);
  const std::vector<at::Tensor> draws{at::randn({3, 2, 4, 5}, at::kDouble)};
  IndependentNormal prior(2.5, 0.7);
  at::Tensor slab = at::empty_like(draws[0]);
  sample_ddim(prior, {}, {.steps = 1000}, alone(draws), slab);
  // The flow of a normal prior takes a quantile of the noise to the same quantile of the values.
  EXPECT_TRUE(at::allclose(slab, 2.5 + 0.7 * draws[0], 0, 0.02));
}

TEST(Ddim, StepAndCorrectionAreTheFormulasByHand) {
  at::manual_seed(5);
  const std::vector<at::Tensor> draws{at::randn({2, 1, 2, 3}, at::kDouble),
                                      at::randn({2, 1, 2, 3}, at::kDouble)};
  IndependentNormal prior(0.3, 0.8);
  const VpCosine schedule;
  const double tau = 0.4;
  at::Tensor slab = at::empty_like(draws[0]);
  sample_ddim(prior, schedule, {.steps = 1, .corrections = 1, .tau = tau}, alone(draws), slab);

  const NoiseLevel from = schedule.at(1), to = schedule.at(0);
  at::Tensor x = draws[0] * from.sigma;
  const at::Tensor eps = prior.noise_estimate(x, from);
  x = to.mu * (x - from.sigma * eps) / from.mu + to.sigma * eps;
  const at::Tensor corrected = prior.noise_estimate(x, to);
  const double delta = tau / corrected.square().mean().item<double>();
  x = x - (delta * corrected + std::sqrt(2 * delta) * draws[1]) * to.sigma;
  // At t = 0 eps is small and delta some 1e5, which the rounding of eps is multiplied by.
  EXPECT_LT((slab - x).abs().max().item<double>(), 1e-6 * x.abs().max().item<double>());
}

TEST(Ddim, DrawsFreshNoiseForEveryCorrection) {
  const std::vector<at::Tensor> draws(7, at::ones({1, 1, 1, 1}, at::kDouble));
  std::vector<std::uint32_t> asked;
  Surroundings surroundings = alone(draws);
  surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t draw) {
    asked.push_back(draw);
    slab.copy_(draws[draw]);
  };
  IndependentNormal prior(0, 1);
  at::Tensor slab = at::empty_like(draws[0]);
  sample_ddim(prior, {}, {.steps = 3, .corrections = 2}, surroundings, slab);
  EXPECT_EQ(asked, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(SdaGuidance, IsTheFormulaByHand) {
  at::manual_seed(6);
  IndependentNormal prior(0.1, 1.2);
  const observation::BlockMean mean(2);
  const double gamma = 0.05;
  const at::Tensor values = at::randn({1, 2, 2, 3}, at::kDouble);
  const at::Tensor variance = at::tensor({0.04, 0.09}, at::kDouble).reshape({2, 1, 1});
  SdaGuidance guided(prior, {{mean, {1}}, values, variance}, gamma);
  const at::Tensor x = at::randn({3, 2, 4, 6}, at::kDouble);
  const NoiseLevel level = VpCosine{}.at(0.6);

  at::Tensor expected = prior.noise_estimate(x, level);
  const at::Tensor clean = (x[1] - level.sigma * expected[1]) / level.mu;
  const double ratio = level.sigma / level.mu;
  expected[1] -= ratio * mean.adjoint((values[0] - mean.apply(clean)) / (variance + gamma * ratio * ratio));
  EXPECT_TRUE(at::allclose(guided.noise_estimate(x, level), expected, 1e-12, 1e-12));
}

TEST(SdaGuidance, PullsTheSampleToPreciseObservations) {
  at::manual_seed(7);
  const std::vector<at::Tensor> draws{at::randn({1, 1, 4, 4}, at::kDouble)};
  IndependentNormal prior(0, 1);
  const observation::BlockMean mean(4);
  const at::Tensor values = at::full({1, 1, 1, 1}, 0.8, at::kDouble);
  SdaGuidance guided(prior, {{mean, {0}}, values, at::full({1, 1, 1}, 1e-4, at::kDouble)}, 1.0 / 16);
  at::Tensor slab = at::empty_like(draws[0]);
  sample_ddim(guided, {}, {.steps = 256}, alone(draws), slab);
  EXPECT_NEAR(mean.apply(slab[0]).item<double>(), 0.8, 0.05);
}

}  // namespace
}  // namespace foehn::diffusion
