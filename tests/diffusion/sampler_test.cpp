#include "foehn/diffusion/sampler.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <cmath>
#include <numeric>

#include "diffusion/independent_normal.hpp"
#include "diffusion/sample_whole.hpp"
#include "foehn/core/error.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/observation/sparse_operator.hpp"
#include "observation/snapshots.hpp"

namespace foehn::diffusion::sampler_test {
namespace {

TEST(Ddim, TurnsNoiseIntoThePriorsValues) {
  at::manual_seed(4);
  const std::vector<at::Tensor> draws{at::randn({3, 2, 4, 5}, at::kDouble)};
  IndependentNormal prior(2.5, 0.7);
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(prior, {}, {.method = Method::ddim, .steps = 1000, .spacing = Spacing::time}, alone(draws),
               slab);
  // The flow of a normal prior takes a quantile of the noise to the same quantile of the values.
  EXPECT_TRUE(at::allclose(slab, 2.5 + 0.7 * draws[0], 0, 0.02));
}

TEST(Sampler, GoesOnWhereItWasStoppedToTheSameBits) {
  at::manual_seed(6);
  std::vector<at::Tensor> draws;
  for (int i = 0; i < 24; ++i) draws.push_back(at::randn({2, 1, 2, 3}, at::kFloat));
  IndependentNormal prior(0.3, 0.8);
  for (const Method method : {Method::ddim, Method::dpmpp_2m, Method::heun}) {
    const SamplerOptions options{
        .method = method, .steps = 7, .corrections = 2, .churn = {.amount = 4, .inflation = 1.02}};
    at::Tensor whole = at::empty_like(draws[0]);
    sample_whole(prior, {}, options, alone(draws), whole);
    const std::int64_t passes = passes_per_step(options);
    for (std::int64_t stop = 1; stop < options.steps * passes; ++stop) {
      SamplerState state{.slab = at::empty_like(draws[0])};
      Surroundings surroundings = alone(draws);
      surroundings.pass_done = [&](const SamplerState& now) { return now.step * passes + now.pass != stop; };
      EXPECT_FALSE(sample(prior, {}, options, surroundings, state));
      EXPECT_EQ(state.step, stop / passes);
      EXPECT_EQ(state.pass, stop % passes);
      // All that is kept of it.
      SamplerState kept{.slab = state.slab.clone(),
                        .step = state.step,
                        .pass = state.pass,
                        .draw = state.draw,
                        .previous = state.previous.defined() ? state.previous.clone() : at::Tensor(),
                        .previous_h = state.previous_h};
      EXPECT_TRUE(sample(prior, {}, options, surroundings, kept));
      EXPECT_TRUE(at::equal(kept.slab, whole));
    }
  }
}

TEST(Ddim, StepAndCorrectionAreTheFormulasByHand) {
  at::manual_seed(5);
  const std::vector<at::Tensor> draws{at::randn({2, 1, 2, 3}, at::kDouble),
                                      at::randn({2, 1, 2, 3}, at::kDouble)};
  IndependentNormal prior(0.3, 0.8);
  const VpCosine schedule;
  const double tau = 0.4;
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(prior, schedule,
               {.method = Method::ddim, .steps = 1, .spacing = Spacing::time, .corrections = 1, .tau = tau},
               alone(draws), slab);

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
  sample_whole(prior, {}, {.method = Method::ddim, .steps = 3, .spacing = Spacing::time, .corrections = 2},
               surroundings, slab);
  EXPECT_EQ(asked, (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
}

TEST(NoiseLevels, AreEvenInTimeOrInTheLogarithmOfSignalOverNoise) {
  const VpCosine schedule;
  const auto lambda = [](const NoiseLevel& level) { return std::log(level.mu / level.sigma); };
  const auto in_time = noise_levels(schedule, Spacing::time, 8);
  const auto in_ratio = noise_levels(schedule, Spacing::log_ratio, 8);
  const double first = lambda(schedule.at(1)), last = lambda(schedule.at(0));
  for (int i = 0; i <= 8; ++i) {
    const auto step = static_cast<std::size_t>(i);
    EXPECT_NEAR(in_time[step].t, 1 - i / 8.0, 1e-15);
    EXPECT_NEAR(lambda(in_ratio[step]), first + i / 8.0 * (last - first), 1e-7);
    EXPECT_EQ(in_ratio[step].mu, schedule.at(in_ratio[step].t).mu);
  }
  EXPECT_EQ(in_ratio.front().t, 1);
  EXPECT_EQ(in_ratio.back().t, 0);
}

TEST(NoiseLevels, AreEvenFromTheFirstAskedFor) {
  const VpCosine schedule;
  for (const Spacing spacing : {Spacing::time, Spacing::log_ratio}) {
    const auto measure = [&](const NoiseLevel& level) {
      return spacing == Spacing::time ? level.t : std::log(level.mu / level.sigma);
    };
    const auto levels = noise_levels(schedule, spacing, 5, 0.97);
    ASSERT_EQ(levels.size(), 6U);
    EXPECT_EQ(levels.front().t, 0.97);
    EXPECT_EQ(levels.back().t, 0);
    for (std::size_t i = 0; i < 5; ++i)
      EXPECT_NEAR(measure(levels[i + 1]) - measure(levels[i]), (measure(levels[5]) - measure(levels[0])) / 5,
                  1e-7);
  }
}

TEST(Dpmpp2m, KeepsTheSpreadOfFineAndCoarseScalesInFewSteps) {
  const std::vector<at::Tensor> draws{at::ones({1, 1, 1, 1}, at::kDouble)};
  // A sample's distance from the mean is the noise it began as, times the standard deviation.
  const auto ratio = [&](double sd, const SamplerOptions& options) {
    IndependentNormal prior(0, sd);
    at::Tensor slab = at::empty_like(draws[0]);
    sample_whole(prior, {}, options, alone(draws), slab);
    return slab.item<double>() / sd;
  };
  for (const double sd : {0.01, 0.02, 0.05, 0.1, 0.3, 0.7, 2.0, 8.0, 30.0}) {
    EXPECT_NEAR(ratio(sd, {.t_first = 0.97}), 1, 0.04) << sd;              // as calibrated.ini
    EXPECT_NEAR(ratio(sd, {.steps = 9, .t_first = 0.97}), 1, 0.06) << sd;  // as fast.ini
  }
}

TEST(Dpmpp2m, LosesLittleOfTheMeanWhereItBeginsBelowTheTop) {
  const std::vector<at::Tensor> draws{at::ones({1, 1, 1, 1}, at::kDouble)};
  const auto sample_of = [&](double t_first) {
    IndependentNormal prior(2.5, 0.7);
    at::Tensor slab = at::empty_like(draws[0]);
    sample_whole(prior, {}, {.steps = 200, .t_first = t_first}, alone(draws), slab);
    return slab.item<double>();
  };
  EXPECT_NEAR(sample_of(0.97), 3.2, 0.02 * 0.7);
  EXPECT_NEAR(sample_of(1), 3.2, 0.01 * 0.7);
}

TEST(Dpmpp2m, TurnsNoiseIntoThePriorsValuesInFewSteps) {
  at::manual_seed(8);
  const std::vector<at::Tensor> draws{at::randn({3, 2, 4, 5}, at::kDouble)};
  IndependentNormal prior(2.5, 0.7);
  const at::Tensor expected = 2.5 + 0.7 * draws[0];
  const auto error = [&](const SamplerOptions& options) {
    at::Tensor slab = at::empty_like(draws[0]);
    sample_whole(prior, {}, options, alone(draws), slab);
    return (slab - expected).abs().max().item<double>();
  };
  const double of_32 = error({.steps = 32});
  EXPECT_LT(of_32, 0.05);
  // Of second order: a quarter of the error in twice the steps, where ddim has half of it.
  EXPECT_NEAR(error({.steps = 64}) / of_32, 0.25, 0.08);
  const double ddim = error({.method = Method::ddim, .steps = 64, .spacing = Spacing::log_ratio});
  EXPECT_GT(ddim / error({.steps = 64}), 5);
}

TEST(Dpmpp2m, StepsAreTheFormulasByHand) {
  at::manual_seed(9);
  const std::vector<at::Tensor> draws{at::randn({2, 1, 2, 3}, at::kDouble)};
  IndependentNormal prior(0.3, 0.8);
  const VpCosine schedule;
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(prior, schedule, {.steps = 2}, alone(draws), slab);

  const auto levels = noise_levels(schedule, Spacing::log_ratio, 2);
  const auto clean = [&](const at::Tensor& x, const NoiseLevel& level) {
    return (x - level.sigma * prior.noise_estimate(x, level)) / level.mu;
  };
  const double h = std::log(levels[1].mu / levels[1].sigma) - std::log(levels[0].mu / levels[0].sigma);
  at::Tensor x = draws[0] * levels[0].sigma;
  const at::Tensor first = clean(x, levels[0]);
  x = levels[1].sigma / levels[0].sigma * x + levels[1].mu * (1 - std::exp(-h)) * first;
  const at::Tensor second = clean(x, levels[1]);
  x = levels[2].sigma / levels[1].sigma * x +
      levels[2].mu * (1 - std::exp(-h)) *
          (second + (second - first) / 2);  // steps are even: h/(2 h_before) = 1/2
  EXPECT_TRUE(at::allclose(slab, x, 1e-7, 1e-7));
}

TEST(SdaGuidance, IsTheFormulaByHand) {
  at::manual_seed(6);
  IndependentNormal prior(0.1, 1.2);
  const observation::BlockMean mean(2);
  const double gamma = 0.05;
  const at::Tensor values = at::randn({1, 2, 2, 3}, at::kDouble);
  const at::Tensor variance = at::tensor({0.04, 0.09}, at::kDouble).reshape({2, 1, 1});
  SdaGuidance guided(prior, observation::snapshots(mean, {1}, values, variance), gamma);
  const at::Tensor x = at::randn({3, 2, 4, 6}, at::kDouble);
  const NoiseLevel level = VpCosine{}.at(0.6);

  at::Tensor expected = prior.noise_estimate(x, level);
  const at::Tensor clean = (x[1] - level.sigma * expected[1]) / level.mu;
  const double ratio = level.sigma / level.mu;
  expected[1] -= ratio * mean.adjoint((values[0] - mean.apply(clean)) / (variance + gamma * ratio * ratio));
  EXPECT_TRUE(at::allclose(guided.noise_estimate(x, level), expected, 1e-12, 1e-12));
}

TEST(SdaGuidance, NeverGoesBeyondTheObservationsWithItsDefaultGamma) {
  at::manual_seed(12);
  IndependentNormal prior(0, 1);
  const observation::BlockMean mean(2);
  const at::Tensor values = at::full({1, 1, 1, 1}, 2.0, at::kDouble),
                   variance = at::full({1, 1, 1}, 1e-4, at::kDouble);
  const at::Tensor x = at::randn({1, 1, 2, 2}, at::kDouble);
  const auto misfit_after = [&](double t, double gamma) {  // over the prior's
    const NoiseLevel level = VpCosine{}.at(t);
    SdaGuidance guided(prior, observation::snapshots(mean, {0}, values, variance), gamma);
    const auto misfit = [&](TrajectoryDenoiser& denoiser) {
      return (values[0] - mean.apply((x[0] - level.sigma * denoiser.noise_estimate(x, level)[0]) / level.mu))
          .item<double>();
    };
    return misfit(guided) / misfit(prior);
  };
  for (const double t : {0.02, 0.3, 0.6, 0.9, 1.0}) {
    EXPECT_GE(misfit_after(t, 0.25), -1e-9) << t;  // one over the cells of a block
    EXPECT_LE(misfit_after(t, 0.25), 1) << t;
  }
  EXPECT_LT(misfit_after(0.9, 0.00072), -10);  // Climate2Weather's goes far beyond
}

TEST(SdaGuidance, NeverGoesBeyondObservationsThatOverlapWithItsDefaultGamma) {
  at::manual_seed(13);
  IndependentNormal prior(0, 1);
  const observation::BlockMean mean(2);
  const at::Tensor values = at::full({1, 1, 1, 1}, 2.0, at::kDouble),
                   variance = at::full({1, 1, 1}, 1e-4, at::kDouble);
  observation::Observations observations;  // a block three times, and two of its cells, one of them twice
  for (int i = 0; i < 3; ++i)
    observations.push_back(observation::snapshots(mean, {0}, values, variance).front());
  const observation::SparseOperator::Layout cells{{0},
                                                  {{0, 1}},
                                                  at::tensor({0, 3, 3}, at::kLong).reshape({1, 1, 3}),
                                                  at::ones({1, 1, 1, 1, 3}, at::kDouble)};
  observations.emplace_back(std::make_shared<observation::SparseOperator>(cells),
                            at::full({1, 1, 1, 3}, 2.0, at::kDouble), variance);
  const at::Tensor x = at::randn({1, 1, 2, 2}, at::kDouble);
  at::Tensor seen = at::zeros_like(x);  // A^T 1
  for (const auto& set : observations) set.add_adjoint(at::ones_like(set.values()), seen);
  // The part of the misfit that is left, in the norm in which A A^T D is symmetric: none of it turns round
  // where no eigenvalue is above 1.
  const auto part_left = [&](double t, std::optional<double> gamma) {
    const NoiseLevel level = VpCosine{}.at(t);
    const double ratio = level.sigma / level.mu;
    SdaGuidance guided(prior, observations, gamma);
    const auto clean = [&](TrajectoryDenoiser& denoiser) {
      return (x - level.sigma * denoiser.noise_estimate(x, level)) / level.mu;
    };
    const at::Tensor before = clean(prior), after = clean(guided);
    double left = 0, all = 0;
    for (const auto& set : observations) {
      const at::Tensor weighted =
          (set.values() - set.apply(before)) / (set.variance() + ratio * ratio * set.apply(seen));
      left += (weighted * (set.values() - set.apply(after))).sum().item<double>();
      all += (weighted * (set.values() - set.apply(before))).sum().item<double>();
    }
    return left / all;
  };
  for (const double t : {0.02, 0.3, 0.6, 0.9, 1.0}) {
    EXPECT_GE(part_left(t, std::nullopt), -1e-9) << t;
    EXPECT_LE(part_left(t, std::nullopt), 1) << t;
  }
  EXPECT_LT(part_left(0.9, 0.25), 0);  // the diagonal alone goes beyond
}

/// A linear denoiser, eps = B x over the values of the slab, whose derivative may be anything.
class Linear : public DifferentiableTrajectoryDenoiser {
 public:
  explicit Linear(at::Tensor matrix) : matrix_(std::move(matrix)) {}
  at::Tensor noise_estimate(const at::Tensor& noisy, const NoiseLevel&) override {
    return at::matmul(matrix_, noisy.flatten()).reshape(noisy.sizes());
  }
  at::Tensor noise_vjp(const at::Tensor& noisy, const NoiseLevel&, const at::Tensor& cotangent) override {
    return at::matmul(matrix_.t(), cotangent.flatten()).reshape(noisy.sizes());
  }

 private:
  at::Tensor matrix_;
};

/// Twelve cells in three observed blocks of four, at one hour.
struct MmpsCase {
  explicit MmpsCase(const at::Tensor& matrix) : prior(matrix) {
    at::manual_seed(14);
    x = at::randn({1, 1, 2, 6}, at::kDouble);
    observations =
        observation::snapshots(observation::BlockMean(2), {0}, at::randn({1, 1, 1, 3}, at::kDouble),
                               at::full({1, 1, 1}, 0.3, at::kDouble));
  }
  at::Tensor run(const SolverOptions& solver) {
    MmpsGuidance guided(prior, observations,
                        {.solver = solver,
                         .gamma = 0.25,
                         .ordered_sum =
                             [](std::span<const double> values) {
                               return std::accumulate(values.begin(), values.end(), 0.0);
                             },
                         .report = [this](const SolveReport& done) { report = done; }});
    return guided.noise_estimate(x, level);
  }

  Linear prior;
  NoiseLevel level = VpCosine{}.at(0.5);
  at::Tensor x;
  observation::Observations observations;
  SolveReport report;
};

/// eps = B x of a denoiser whose Jacobian d x_hat/dx = (1 - sigma B)/mu is `jacobian`.
at::Tensor matrix_of(const at::Tensor& jacobian, const NoiseLevel& level) {
  return (at::eye(jacobian.size(0), at::kDouble) - level.mu * jacobian) / level.sigma;
}

/// A of an MmpsCase, [block, cell].
at::Tensor block_mean_matrix() {
  at::Tensor a = at::empty({3, 12}, at::kDouble);
  for (std::int64_t cell = 0; cell < 12; ++cell) {
    at::Tensor unit = at::zeros({12}, at::kDouble);
    unit[cell] = 1;
    a.select(1, cell).copy_(observation::BlockMean(2).apply(unit.reshape({1, 2, 6})).flatten());
  }
  return a;
}

/// The estimate of mmps where its system is solved, given the rows `a` of A and their values `y`.
at::Tensor mmps_by_hand(MmpsCase& c, const at::Tensor& jacobian, const at::Tensor& a, const at::Tensor& y) {
  const at::Tensor eps = c.prior.noise_estimate(c.x, c.level);
  const at::Tensor clean = ((c.x - c.level.sigma * eps) / c.level.mu).flatten();
  const double scale = c.level.sigma * c.level.sigma / c.level.mu;
  const at::Tensor back = at::matmul(jacobian.t(), a.t());
  const at::Tensor v = at::linalg_solve(0.3 * at::eye(a.size(0), at::kDouble) + scale * at::matmul(a, back),
                                        y - at::matmul(a, clean));
  return eps - c.level.sigma * at::matmul(back, v).reshape(eps.sizes());
}

TEST(MmpsGuidance, IsTheFormulaByHandForAJacobianWithoutSymmetry) {
  at::manual_seed(13);
  const at::Tensor jacobian = at::eye(12, at::kDouble) + 0.2 * at::randn({12, 12}, at::kDouble);
  MmpsCase c(matrix_of(jacobian, VpCosine{}.at(0.5)));
  const at::Tensor found = c.run({.steps = 200, .tolerance = 1e-13});
  const at::Tensor expected =
      mmps_by_hand(c, jacobian, block_mean_matrix(), c.observations.front().values().flatten());
  EXPECT_TRUE(at::allclose(found, expected, 1e-10, 1e-10));
  EXPECT_FALSE(c.report.is_indefinite);
}

TEST(Guidance, IsThatOfTheOtherRowsWhereAValueIsMissing) {
  at::manual_seed(13);
  const at::Tensor jacobian = at::eye(12, at::kDouble) + 0.2 * at::randn({12, 12}, at::kDouble);
  MmpsCase c(matrix_of(jacobian, VpCosine{}.at(0.5)));
  at::Tensor values = c.observations.front().values().clone();
  values[0][0][0][1].fill_(NAN);
  c.observations =
      observation::snapshots(observation::BlockMean(2), {0}, values, c.observations.front().variance());
  const at::Tensor known = at::tensor({0, 2}, at::kLong);
  const at::Tensor a = block_mean_matrix().index_select(0, known);
  const at::Tensor y = values.flatten().index_select(0, known);
  EXPECT_TRUE(
      at::allclose(c.run({.steps = 200, .tolerance = 1e-13}), mmps_by_hand(c, jacobian, a, y), 1e-10, 1e-10));

  const double gamma = 0.25, ratio = c.level.sigma / c.level.mu;
  const at::Tensor eps = c.prior.noise_estimate(c.x, c.level);
  const at::Tensor clean = ((c.x - c.level.sigma * eps) / c.level.mu).flatten();
  const at::Tensor gradient =
      at::matmul(a.t(), (y - at::matmul(a, clean)) / (0.3 + gamma * ratio * ratio)).reshape(eps.sizes());
  SdaGuidance sda(c.prior, c.observations, gamma);
  EXPECT_TRUE(at::allclose(sda.noise_estimate(c.x, c.level), eps - ratio * gradient, 1e-12, 1e-12));
  SdaExactGuidance exact(c.prior, c.observations, gamma);
  const at::Tensor through_prior = c.prior.noise_vjp(c.x, c.level, gradient);
  EXPECT_TRUE(at::allclose(exact.noise_estimate(c.x, c.level),
                           eps - ratio * (gradient - c.level.sigma * through_prior), 1e-12, 1e-12));
}

TEST(MmpsGuidance, ReportsAResidualThatFallsWithEveryStep) {
  at::manual_seed(15);
  MmpsCase c(
      matrix_of(at::eye(12, at::kDouble) + 0.3 * at::randn({12, 12}, at::kDouble), VpCosine{}.at(0.5)));
  double before = 1;
  for (const std::int64_t steps : {1, 2, 3}) {
    c.run({.steps = steps, .tolerance = {}});
    EXPECT_EQ(c.report.products, steps);
    EXPECT_LT(c.report.residual, before);
    before = c.report.residual;
  }
  EXPECT_EQ(c.report.level.t, 0.5);
}

TEST(MmpsGuidance, FallsBackOnSdaWhereTheMatrixIsNotPositive) {
  MmpsCase c(matrix_of(-40 * at::eye(12, at::kDouble), VpCosine{}.at(0.5)));
  const at::Tensor found = c.run({});
  EXPECT_TRUE(c.report.is_indefinite);
  EXPECT_EQ(c.report.steps, 0);
  SdaGuidance sda(c.prior, c.observations, 0.25);
  EXPECT_TRUE(at::equal(found, sda.noise_estimate(c.x, c.level)));
}

TEST(MmpsGuidance, RefusesWhatDoesNotConvergeAndWhatIsNotFinite) {
  const auto complaint = [](MmpsCase& c, const SolverOptions& solver) -> std::string {
    try {
      c.run(solver);
    } catch (const core::CollectiveError& error) {
      return error.what();
    }
    return "nothing";
  };
  at::manual_seed(16);
  MmpsCase c(
      matrix_of(at::eye(12, at::kDouble) + 0.3 * at::randn({12, 12}, at::kDouble), VpCosine{}.at(0.5)));
  EXPECT_THAT(
      complaint(c, {.steps = 1, .tolerance = 1e-9}),
      ::testing::AllOf(::testing::HasSubstr("t = 0.5"), ::testing::HasSubstr("did not converge"),
                       ::testing::HasSubstr("after 1 steps"), ::testing::HasSubstr("sampler.solver_steps")));
  c.x[0][0][1][2] = NAN;
  EXPECT_THAT(complaint(c, {}), ::testing::HasSubstr("not finite"));
}

TEST(SdaGuidance, PullsTheSampleToPreciseObservations) {
  at::manual_seed(7);
  const std::vector<at::Tensor> draws{at::randn({1, 1, 4, 4}, at::kDouble)};
  IndependentNormal prior(0, 1);
  const observation::BlockMean mean(4);
  const at::Tensor values = at::full({1, 1, 1, 1}, 0.8, at::kDouble);
  SdaGuidance guided(prior, observation::snapshots(mean, {0}, values, at::full({1, 1, 1}, 1e-4, at::kDouble)),
                     1.0 / 16);
  at::Tensor slab = at::empty_like(draws[0]);
  sample_whole(guided, {}, {.method = Method::ddim, .steps = 256, .spacing = Spacing::time}, alone(draws),
               slab);
  EXPECT_NEAR(mean.apply(slab[0]).item<double>(), 0.8, 0.05);
}

}  // namespace
}  // namespace foehn::diffusion::sampler_test
