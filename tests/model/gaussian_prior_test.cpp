#include "foehn/model/gaussian_prior.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <utility>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/core/error.hpp"

namespace foehn::model::gaussian_prior_test {
namespace {

using diffusion::at_hour_zero;

constexpr std::int64_t kHours = 3, kVariables = 2, kNy = 3, kNx = 5, kModes = kNy * kNx;
constexpr std::int64_t kChannels = kHours * kVariables;

/// The covariance by lag of a vector moving average, different in every mode: positive by construction.
at::Tensor random_lag_covariance() {
  at::manual_seed(8);
  const std::int64_t order = 4;
  const at::Tensor weights = at::randn({order, kVariables, kVariables, kModes}, at::kDouble);
  at::Tensor covariance = at::zeros({kHours, kVariables, kVariables, kModes}, at::kDouble);
  for (std::int64_t lag = 0; lag < kHours; ++lag)
    for (std::int64_t i = 0; i + lag < order; ++i)  // x(h) = sum_i W_i e(h - i)
      covariance[lag] += at::einsum("acm,bcm->abm", {weights[i], weights[i + lag]});
  return covariance.reshape({kHours, kVariables, kVariables, kNy, kNx});
}

/// The covariance between all values of a window, by the definition, value by value.
at::Tensor dense_covariance(const at::Tensor& lag_covariance) {
  const at::Tensor ty = cosine_transform(kNy), tx = cosine_transform(kNx);
  const at::Tensor transform = at::kron(ty, tx);  // [mode, cell]
  const at::Tensor by_mode = window_covariance(lag_covariance.flatten(3));
  at::Tensor covariance = at::zeros({kChannels, kModes, kChannels, kModes}, at::kDouble);
  for (std::int64_t i = 0; i < kChannels; ++i)
    for (std::int64_t j = 0; j < kChannels; ++j)
      covariance.select(2, j).select(0, i).copy_(
          at::matmul(transform.t() * by_mode.select(1, i).select(1, j), transform));
  return covariance.reshape({kChannels * kModes, kChannels * kModes});
}

TEST(CosineTransform, IsOrthonormal) {
  for (const std::int64_t size : {1, 2, 7, 16}) {
    const at::Tensor transform = cosine_transform(size);
    EXPECT_TRUE(at::allclose(at::matmul(transform, transform.t()), at::eye(size, at::kDouble), 1e-13, 1e-13));
  }
}

TEST(WindowCovariance, PlacesEveryLagAndItsTranspose) {
  const at::Tensor lags = random_lag_covariance().flatten(3);
  const at::Tensor window = window_covariance(lags).reshape({kModes, kHours, kVariables, kHours, kVariables});
  EXPECT_TRUE(at::equal(window[4][0][0][2][1], lags[2][0][1][4]));  // Cov(a at h, b at h + 2)
  EXPECT_TRUE(at::equal(window[4][2][1][0][0], lags[2][0][1][4]));
  EXPECT_TRUE(at::equal(window[4][1][0][2][1], window[4][0][0][1][1]));  // stationary
}

TEST(GaussianPrior, EstimatesNoiseAsTheDenseFormulaDoes) {
  const at::Tensor lags = random_lag_covariance();
  GaussianPrior prior(lags, at::kDouble);
  const at::Tensor covariance = dense_covariance(lags);
  const at::Tensor windows = at::randn({4, kChannels, kNy, kNx}, at::kDouble);
  for (const double t : {0.0, 0.3, 0.9, 1.0}) {
    const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(t);
    const at::Tensor eps = prior.noise_estimate(at_hour_zero(windows), level).flatten(1).t();
    // x_hat = mu S (mu^2 S + sigma^2 I)^-1 x, eps = (x - mu x_hat)/sigma
    const at::Tensor noisy = windows.flatten(1).t();
    const at::Tensor seen = level.mu * level.mu * covariance +
                            level.sigma * level.sigma * at::eye(covariance.size(0), at::kDouble);
    const at::Tensor clean = level.mu * at::matmul(covariance, at::linalg_solve(seen, noisy));
    const at::Tensor expected = (noisy - level.mu * clean) / level.sigma;
    EXPECT_TRUE(at::allclose(eps, expected, 1e-6, 1e-6)) << "t = " << t;
  }
}

TEST(GaussianPrior, GivesAWindowTheSameBitsInAnySlotAndBatch) {
  GaussianPrior prior(random_lag_covariance(), at::kFloat);  // 3 x 5 cells: vectorised loops have tails
  const at::Tensor windows = at::randn({5, kChannels, kNy, kNx}, at::kFloat);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.5);
  const at::Tensor eps = prior.noise_estimate(at_hour_zero(windows), level);
  const at::Tensor order = at::tensor({3, 0, 4, 1, 2}, at::kLong);
  EXPECT_TRUE(at::equal(prior.noise_estimate(at_hour_zero(windows.index_select(0, order)), level),
                        eps.index_select(0, order)));
  for (std::int64_t i = 0; i < 5; ++i)
    EXPECT_TRUE(
        at::equal(prior.noise_estimate(at_hour_zero(windows.narrow(0, i, 1).clone()), level)[0], eps[i]));
}

TEST(GaussianPrior, GivesAProductTheSameBitsWhateverItsNeighboursSee) {
  GaussianPrior prior(random_lag_covariance(), at::kFloat);
  at::Tensor cotangents = at::zeros({4, kChannels, kNy, kNx}, at::kFloat);
  for (const auto& [window, channel] :
       {std::pair{0, 2}, {0, 3}, {1, 5}, {2, 0}, {2, 2}})  // the last sees none
    cotangents[window][channel] = at::randn({kNy, kNx}, at::kFloat);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.5);
  const at::Tensor products = prior.noise_vjp({}, level, cotangents);
  for (std::int64_t i = 0; i < 4; ++i)
    EXPECT_TRUE(at::equal(prior.noise_vjp({}, level, cotangents.narrow(0, i, 1).clone())[0], products[i]));
  EXPECT_TRUE(at::allclose(products, prior.noise_estimate(at_hour_zero(cotangents), level), 1e-6, 1e-6));
}

TEST(GaussianPrior, EstimatesTheSameWithManyWindowsInAProduct) {
  const at::Tensor lags = random_lag_covariance();
  GaussianPrior one_by_one(lags, at::kDouble, false), together(lags, at::kDouble, true);
  EXPECT_FALSE(one_by_one.needs_full_batches());
  EXPECT_TRUE(together.needs_full_batches());
  const at::Tensor windows = at::randn({5, kChannels, kNy, kNx}, at::kDouble);
  const diffusion::NoiseLevel level = diffusion::VpCosine{}.at(0.6);
  EXPECT_TRUE(at::allclose(together.noise_estimate(at_hour_zero(windows), level),
                           one_by_one.noise_estimate(at_hour_zero(windows), level), 0, 1e-12));
}

TEST(GaussianPrior, RefusesWindowsOfAnotherShape) {
  GaussianPrior prior(random_lag_covariance(), at::kFloat);
  EXPECT_THROW(prior.noise_estimate(at_hour_zero(at::zeros({1, kChannels, kNy, kNx + 1})), {0.5, 0.5, 0.5}),
               core::Error);
}

}  // namespace
}  // namespace foehn::model::gaussian_prior_test
