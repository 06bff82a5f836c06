// The schedule of Karras et al. 2022 and the sampler that goes with it.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "diffusion/independent_normal.hpp"
#include "diffusion/sample_whole.hpp"

namespace foehn::diffusion::edm_test {
namespace {

TEST(Edm, AddsNoiseOfAnySizeToFieldsAsTheyAre) {
  const Schedule schedule = Edm{.sigma_min = 0.03, .sigma_max = 1e5};
  EXPECT_EQ(schedule.noisiest().sigma, 1e5);
  EXPECT_EQ(schedule.clearest().sigma, 0.03);
  EXPECT_EQ(schedule.noisiest().mu, 1);
  EXPECT_DOUBLE_EQ(schedule.at(0.25 * std::log(7)).sigma, 7);
  EXPECT_DOUBLE_EQ(schedule.at_log_ratio(-std::log(7)).sigma, 7);
  EXPECT_EQ(describe(schedule), "edm, sigma 0.03 to 100000, data 1");
  EXPECT_EQ(describe(Schedule()), "vp-cosine, eta 0.001");
}

TEST(NoiseLevels, OfEdmAreThePublishedOnesAndEndWithoutNoise) {
  const Edm schedule{.sigma_min = 0.002, .sigma_max = 80};
  const std::int64_t steps = 18;
  const auto levels = noise_levels(schedule, Spacing::power, steps);
  ASSERT_EQ(levels.size(), 19U);
  EXPECT_EQ(levels[0].sigma, 80);
  EXPECT_EQ(levels[17].sigma, 0.002);
  EXPECT_EQ(levels[18].sigma, 0);
  EXPECT_EQ(levels[18].mu, 1);
  const double first = std::pow(80, 1 / 7.0), last = std::pow(0.002, 1 / 7.0);
  for (std::size_t i = 0; i < 18; ++i)
    EXPECT_NEAR(levels[i].sigma / std::pow(first + static_cast<double>(i) / 17 * (last - first), 7), 1,
                1e-12);
  const auto in_ratio = noise_levels(schedule, Spacing::log_ratio, 5);
  EXPECT_NEAR(in_ratio[1].sigma / in_ratio[2].sigma, std::pow(80 / 0.002, 0.25), 1e-9);
  EXPECT_EQ(in_ratio[5].sigma, 0);
  const auto one = noise_levels(schedule, Spacing::power, 1);
  ASSERT_EQ(one.size(), 2U);
  EXPECT_EQ(one[0].sigma, 80);
  EXPECT_EQ(one[1].sigma, 0);
}

TEST(NoiseLevels, AreEvenInTheSeventhRootOfNoiseOverSignalOnTheCosineToo) {
  const auto root = [](const NoiseLevel& level) { return std::pow(level.sigma / level.mu, 1 / 7.0); };
  const auto levels = noise_levels({}, Spacing::power, 6, 0.97);
  EXPECT_EQ(levels.back().t, 0);
  for (std::size_t i = 0; i < 6; ++i)
    EXPECT_NEAR(root(levels[i + 1]) - root(levels[i]), (root(levels[6]) - root(levels[0])) / 6, 1e-7);
}

/// Of every method, and what its steps are even in.
class EachMethodOnEdm : public ::testing::TestWithParam<Method> {};

TEST_P(EachMethodOnEdm, LeavesNoNoise) {
  at::manual_seed(2);
  const std::vector<at::Tensor> draws(19, at::randn({3, 2, 4, 5}, at::kDouble));
  // Fields that are certain: all that a sample has beside them is noise that was left, of sigma_min = 0.1 if
  // the last step were missing.
  IndependentNormal prior(2.5, 0);
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(prior, Edm{.sigma_min = 0.1}, {.method = GetParam(), .steps = 18, .spacing = Spacing::power},
               alone(draws), slab);
  EXPECT_TRUE(at::allclose(slab, at::full_like(slab, 2.5), 0, 1e-12));
}

TEST_P(EachMethodOnEdm, TurnsNoiseIntoThePriorsValues) {
  at::manual_seed(3);
  const std::vector<at::Tensor> draws{at::randn({3, 2, 4, 5}, at::kDouble)};
  IndependentNormal prior(2.5, 0.7);
  for (const double sigma_max : {80.0, 1e5}) {
    at::Tensor slab = at::empty_like(draws[0]);
    sample_whole(prior, Edm{.sigma_max = sigma_max},
                 {.method = GetParam(), .steps = 1600, .spacing = Spacing::power}, alone(draws), slab);
    EXPECT_TRUE(at::allclose(slab, 2.5 + 0.7 * draws[0], 0, 0.04)) << sigma_max;
  }
}

TEST_P(EachMethodOnEdm, IsAsGoodInFloat32FromSigma1e5) {
  at::manual_seed(4);
  const std::vector<at::Tensor> exact{at::randn({3, 2, 4, 5}, at::kDouble)};
  const std::vector<at::Tensor> rounded{exact[0].to(at::kFloat)};
  IndependentNormal prior(2.5, 0.7);
  const SamplerOptions options{.method = GetParam(), .steps = 80, .spacing = Spacing::power};
  const auto draw = [&](const std::vector<at::Tensor>& draws) {
    at::Tensor slab = at::empty_like(draws[0]);
    sample_whole(prior, Edm{.sigma_max = 1e5}, options, alone(draws), slab);
    return slab;
  };
  EXPECT_TRUE(at::allclose(draw(rounded).to(at::kDouble), draw(exact), 0, 1e-5));
}

INSTANTIATE_TEST_SUITE_P(Methods, EachMethodOnEdm,
                         ::testing::Values(Method::ddim, Method::dpmpp_2m, Method::heun),
                         [](const auto& tested) {
                           return tested.param == Method::ddim       ? "Ddim"
                                  : tested.param == Method::dpmpp_2m ? "Dpmpp2m"
                                                                     : "Heun";
                         });

TEST(Sampler, GivesTheDenoiserFloat64WhereNoiseIsHigh) {
  class Watching : public IndependentNormal {
   public:
    Watching() : IndependentNormal(0, 1) {}
    at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override {
      EXPECT_EQ(noisy.scalar_type(), level.sigma > 100 ? at::kDouble : at::kFloat) << level.sigma;
      ++(level.sigma > 100 ? high : low);
      return IndependentNormal::noise_estimate(noisy, level);
    }
    int high = 0, low = 0;
  } prior;
  const std::vector<at::Tensor> draws(8, at::ones({1, 1, 1, 1}, at::kFloat));
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(prior, Edm{.sigma_max = 1e5},
               {.method = Method::heun, .steps = 6, .spacing = Spacing::power, .corrections = 1},
               alone(draws), slab);
  EXPECT_EQ(slab.scalar_type(), at::kFloat);
  EXPECT_GT(prior.high, 3);
  EXPECT_GT(prior.low, 3);
}

TEST(Heun, IsOfSecondOrder) {
  const std::vector<at::Tensor> draws{at::ones({1, 1, 1, 1}, at::kDouble)};
  const auto error = [&](const Schedule& schedule, std::int64_t steps) {
    IndependentNormal prior(2.5, 0.7);
    at::Tensor slab = at::empty_like(draws[0]);
    sample_whole(prior, schedule, {.method = Method::heun, .steps = steps, .spacing = Spacing::power},
                 alone(draws), slab);
    return slab.item<double>();
  };
  for (const Schedule& schedule : {Schedule(Edm{.sigma_max = 20}), Schedule(VpCosine{})}) {
    const double end = error(schedule, 4096);
    const double of_64 = std::abs(error(schedule, 64) - end), of_128 = std::abs(error(schedule, 128) - end);
    EXPECT_LT(of_64, 1e-2) << describe(schedule);
    EXPECT_NEAR(of_128 / of_64, 0.25, 0.05) << describe(schedule);
  }
}

TEST(Heun, StepsWithChurnAreTheFormulasByHand) {
  at::manual_seed(5);
  std::vector<at::Tensor> draws;
  for (int i = 0; i < 3; ++i) draws.push_back(at::randn({2, 1, 2, 3}, at::kDouble));
  IndependentNormal prior(0.3, 0.8);
  const Edm schedule{.sigma_min = 0.5, .sigma_max = 8};
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(prior, schedule,
               {.method = Method::heun,
                .steps = 3,
                .spacing = Spacing::power,
                .churn = {.amount = 0.6, .least = 0.6, .most = 8, .inflation = 1.05}},
               alone(draws), slab);

  const auto levels = noise_levels(schedule, Spacing::power, 3);
  const auto slope = [&](const at::Tensor& x, double sigma) {
    return (x - (0.3 + 0.64 / (0.64 + sigma * sigma) * (x - 0.3))) / sigma;  // (x - x_hat)/sigma
  };
  at::Tensor x = draws[0] * 8;
  for (std::size_t i = 0; i < 3; ++i) {
    const bool is_churned = i < 2;  // sigma_min is below S_min
    const double gamma = is_churned ? 0.2 : 0, sigma = levels[i].sigma, raised = sigma * (1 + gamma),
                 next = levels[i + 1].sigma;
    if (is_churned) x = x + std::sqrt(raised * raised - sigma * sigma) * 1.05 * draws[i + 1];
    const at::Tensor first = slope(x, raised), euler = x + (next - raised) * first;
    x = next > 0 ? x + (next - raised) * (first + slope(euler, next)) / 2 : euler;
  }
  EXPECT_TRUE(at::allclose(slab, x, 1e-10, 1e-10));
}

TEST(Heun, ChurnStaysWithinTheNoiseThatTheCosineHas) {
  class Watching : public IndependentNormal {
   public:
    Watching() : IndependentNormal(0, 1) {}
    at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel& level) override {
      EXPECT_LE(level.t, 1 + 1e-12);
      EXPECT_NEAR(level.mu * level.mu + level.sigma * level.sigma, 1 + 1e-6, 1e-9);
      most = std::max(most, level.t);
      return IndependentNormal::noise_estimate(noisy, level);
    }
    double most = 0;
  } prior;
  const std::vector<at::Tensor> draws(9, at::ones({1, 1, 1, 1}, at::kDouble));
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(prior, {},
               {.method = Method::heun,
                .steps = 8,
                .spacing = Spacing::power,
                .t_first = 0.99,
                .churn = {.amount = 40}},
               alone(draws), slab);
  EXPECT_GT(prior.most, 0.99);
}

}  // namespace
}  // namespace foehn::diffusion::edm_test
