#include "foehn/model/gaussian_preconditioned.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/score_unet.hpp"
#include "model/decaying_covariance.hpp"

namespace foehn::model::gaussian_preconditioned_test {
namespace {

using diffusion::at_hour_zero;

constexpr std::int64_t kHours = 3, kVariables = 2, kNy = 4, kNx = 6, kChannels = kHours * kVariables;

ScoreUnetArchitecture small_architecture() {
  return {.window = kHours,
          .variables = kVariables,
          .hidden = {4, 6},
          .blocks = {1, 1},
          .attention = {1},
          .embedding = 8,
          .inputs = 2};
}

at::Tensor lag_covariance() {
  return decaying_covariance(kHours, kVariables, kNy, kNx);
}

GaussianPreconditioned make(at::ScalarType type, double size) {
  auto tensors = random_tensors(small_architecture(), 3);
  for (auto& [name, tensor] : tensors) tensor.mul_(size);
  return {GaussianPrior(lag_covariance(), type),
          std::make_unique<ScoreUnet>(small_architecture(), tensors, at::TensorOptions(type))};
}

const diffusion::NoiseLevel kLevel = diffusion::VpCosine{}.at(0.4);

TEST(GaussianPreconditioned, IsTheGaussianPriorWhereTheNetworkIsZero) {
  GaussianPreconditioned denoiser = make(at::kDouble, 0);
  GaussianPrior prior(lag_covariance(), at::kDouble);
  at::manual_seed(21);
  const at::Tensor x = at::randn({3, kChannels, kNy, kNx}, at::kDouble), u = at::randn_like(x);
  EXPECT_TRUE(at::equal(denoiser.noise_estimate(at_hour_zero(x), kLevel),
                        prior.noise_estimate(at_hour_zero(x), kLevel)));
  EXPECT_TRUE(
      at::equal(denoiser.noise_vjp(at_hour_zero(x), kLevel, u), prior.noise_vjp(at_hour_zero(x), kLevel, u)));
}

TEST(GaussianPreconditioned, CorrectsTheCleanEstimateAsTheFormulaSays) {
  GaussianPreconditioned denoiser = make(at::kDouble, 1);
  GaussianPrior prior(lag_covariance(), at::kDouble);
  at::manual_seed(22);
  const at::Tensor x = at::randn({2, kChannels, kNy, kNx}, at::kDouble);
  const auto clean = [&](const at::Tensor& eps) { return (x - kLevel.sigma * eps) / kLevel.mu; };
  const at::Tensor of_prior = clean(prior.noise_estimate(at_hour_zero(x), kLevel));
  const double norm = std::sqrt(kLevel.mu * kLevel.mu + kLevel.sigma * kLevel.sigma);
  // Window by window, as it is evaluated.
  const at::Tensor t = at::full({1}, kLevel.t, at::kDouble);
  for (std::int64_t i = 0; i < 2; ++i) {
    const at::Tensor inputs = at::cat({x.narrow(0, i, 1) / norm, of_prior.narrow(0, i, 1)}, 1);
    const at::Tensor expected =
        of_prior.narrow(0, i, 1) + prior.posterior_deviation(kLevel) * denoiser.network().forward(inputs, t);
    const at::Tensor found = clean(denoiser.noise_estimate(at_hour_zero(x), kLevel)).narrow(0, i, 1);
    EXPECT_TRUE(at::allclose(found, expected, 1e-10, 1e-10));
    EXPECT_GT((expected - of_prior.narrow(0, i, 1)).abs().max().item<double>(), 0.01);
  }
}

TEST(GaussianPreconditioned, KnowsWhatThePriorLeavesOpen) {
  GaussianPrior prior(lag_covariance(), at::kDouble);
  // The mean variance of windows drawn from the prior at first, nothing in the end.
  EXPECT_NEAR(prior.posterior_deviation(diffusion::VpCosine{}.at(1)),
              std::sqrt(lag_covariance()[0][0][0].mean().item<double>()), 1e-4);
  EXPECT_LT(prior.posterior_deviation(diffusion::VpCosine{}.at(0)), 1.1e-3);
}

TEST(GaussianPreconditioned, RefusesANetworkOfAnotherKind) {
  ScoreUnetArchitecture architecture = small_architecture();
  architecture.inputs = 1;
  EXPECT_THROW(
      GaussianPreconditioned(GaussianPrior(lag_covariance(), at::kFloat),
                             std::make_unique<ScoreUnet>(architecture, random_tensors(architecture, 1),
                                                         at::TensorOptions(at::kFloat))),
      core::Error);
}

}  // namespace
}  // namespace foehn::model::gaussian_preconditioned_test
