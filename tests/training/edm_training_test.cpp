// What networks on the schedule edm are trained on, and for.
#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>

#include "diffusion/at_hour_zero.hpp"
#include "foehn/model/edm_denoiser.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/training/noise_distribution.hpp"
#include "foehn/training/trainer.hpp"
#include "training/toy_fields.hpp"

namespace foehn::training::edm_training_test {
namespace {

using diffusion::at_hour_zero;

TEST(NoiseDistribution, OfEdmIsLogNormalOrReachesToTheNoisiestLevel) {
  const diffusion::Schedule schedule = diffusion::Edm{.sigma_min = 0.02, .sigma_max = 1e5};
  const NoiseDistribution log_normal{NoiseKind::log_normal, -1.2, 1.3};
  EXPECT_NEAR(log_normal.quantile(schedule, 0.5).sigma, std::exp(-1.2), 1e-12);
  EXPECT_NEAR(log_normal.quantile(schedule, 0.97724986805182079).sigma, std::exp(-1.2 + 2 * 1.3), 1e-9);
  const NoiseDistribution high{NoiseKind::high};
  EXPECT_NEAR(high.quantile(schedule, 0).sigma, 0.02, 1e-12);
  EXPECT_NEAR(high.quantile(schedule, 1).sigma, 1e5, 1e-6);
  const double middle = (std::pow(0.02, 1 / 7.0) + std::pow(1e5, 1 / 7.0)) / 2;
  EXPECT_NEAR(high.quantile(schedule, 0.5).sigma / std::pow(middle, 7), 1, 1e-12);
  EXPECT_EQ(NoiseDistribution{}.quantile({}, 0.3).t, 0.3);
}

TEST(ScoredLevels, AreTheMiddlesOfBandsEvenInT) {
  const auto cosine = scored_levels({});
  ASSERT_EQ(cosine.size(), 8U);
  EXPECT_EQ(cosine[0].t, 0.0625);
  EXPECT_EQ(cosine[7].t, 0.9375);
  const auto edm = scored_levels(diffusion::Edm{.sigma_min = 0.01, .sigma_max = 1e6});
  EXPECT_NEAR(edm[0].sigma, 0.01 * std::sqrt(10), 1e-6);
  EXPECT_NEAR(edm[7].sigma / (1e6 / std::sqrt(10)), 1, 1e-9);
}

TEST(EdmObjective, HasTheWeightedErrorOfTheDenoiserAsItsLoss) {
  const auto architecture = foehn::testing::toy_fields_architecture();
  const auto tensors = initial_tensors(architecture, 5);
  const at::TensorOptions exact(at::kDouble);
  const double s = 0.6;
  EdmObjective objective(std::make_unique<model::ScoreUnet>(architecture, tensors, exact), s);
  model::EdmDenoiser denoiser(std::make_unique<model::ScoreUnet>(architecture, tensors, exact), s);
  at::manual_seed(8);
  const at::Tensor clean = s * at::randn({4, 6, foehn::testing::kToyNy, foehn::testing::kToyNx}, at::kDouble);
  const at::Tensor noise = at::randn_like(clean);
  std::vector<diffusion::NoiseLevel> levels;
  for (const double sigma : {0.01, 0.6, 20.0, 1e5})
    levels.push_back(diffusion::Edm{}.at_log_ratio(-std::log(sigma)));
  const Lesson lesson = objective.lesson(at_hour_zero(clean), noise, levels, {});
  const at::Tensor error = objective.network().forward(lesson.inputs, lesson.t) - lesson.targets;
  for (std::int64_t i = 0; i < 4; ++i) {
    const auto& level = levels[static_cast<std::size_t>(i)];
    const double sigma = level.sigma, weight = (sigma * sigma + s * s) / (sigma * sigma * s * s);
    const at::Tensor x = clean.narrow(0, i, 1) + sigma * noise.narrow(0, i, 1);
    const at::Tensor x_hat = x - sigma * denoiser.noise_estimate(at_hour_zero(x), level);
    const auto expected = weight * (x_hat - clean[i]).square().mean().item<double>();
    EXPECT_NEAR(error[i].square().mean().item<double>(), expected, 1e-5 * expected) << sigma;
  }
  // A network that answers 0 has the same loss at every level, of fields as large as they are said to be.
  EXPECT_NEAR(lesson.targets.square().mean().item<double>(), 1, 0.1);
}

TEST(CorrectionObjective, IsAsPreciseAtNoiseOf1e5) {
  at::Tensor covariance = at::zeros({3, foehn::testing::kToyVariables, foehn::testing::kToyVariables,
                                     foehn::testing::kToyNy, foehn::testing::kToyNx},
                                    at::kDouble);
  for (std::int64_t v = 0; v < foehn::testing::kToyVariables; ++v)
    for (std::int64_t lag = 0; lag < 3; ++lag) covariance[lag][v][v].fill_(std::pow(0.6, lag));
  const auto architecture = foehn::testing::toy_fields_architecture(2);
  const auto lesson_in = [&](at::ScalarType type) {
    CorrectionObjective objective(std::make_unique<model::GaussianPreconditioned>(
        model::GaussianPrior(covariance, type),
        std::make_unique<model::ScoreUnet>(architecture, initial_tensors(architecture, 1),
                                           at::TensorOptions(type))));
    at::manual_seed(41);
    const at::Tensor clean =
        at::randn({1, 6, foehn::testing::kToyNy, foehn::testing::kToyNx}, at::kFloat).to(type);
    const at::Tensor noise = at::randn(clean.sizes(), at::kFloat).to(type);
    return objective.lesson(at_hour_zero(clean), noise, {diffusion::Edm{}.at(std::log(1e5) / 4)}, {});
  };
  const Lesson exact = lesson_in(at::kDouble), found = lesson_in(at::kFloat);
  EXPECT_EQ(found.targets.scalar_type(), at::kFloat);
  EXPECT_TRUE(at::allclose(found.targets.to(at::kDouble), exact.targets, 1e-5, 1e-5));
  EXPECT_TRUE(at::allclose(found.inputs.to(at::kDouble), exact.inputs, 1e-5, 1e-5));
}

TEST(LearningRate, RisesAndFallsWithinItsStage) {
  const Stage stage{.steps = 100, .learning_rate = 2};
  TrainingOptions options;
  EXPECT_EQ(learning_rate(options, stage, 1), 2);
  EXPECT_DOUBLE_EQ(learning_rate(options, stage, 51), 1);
  EXPECT_NEAR(learning_rate(options, stage, 100), 0.02, 1e-12);
  options.decay = Decay::cosine;
  EXPECT_EQ(learning_rate(options, stage, 1), 2);
  EXPECT_DOUBLE_EQ(learning_rate(options, stage, 51), 1);
  EXPECT_NEAR(learning_rate(options, stage, 26), 1 + std::cos(std::acos(-1) / 4), 1e-12);
  options.warm_up = 4;
  EXPECT_NEAR(learning_rate(options, stage, 1), 0.5, 1e-12);
  EXPECT_DOUBLE_EQ(learning_rate(options, stage, 51), 1);
}

}  // namespace
}  // namespace foehn::training::edm_training_test
