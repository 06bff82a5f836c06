// Samples of log-normal and of intermittent fields, given observations of their physical values, against
// linear algebra where log-values are as good as observed, and importance sampling elsewhere.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <iostream>
#include <memory>

#include "diffusion/sample_whole.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/observation/sparse_operator.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"

namespace foehn::log_normal_test {
namespace {

/// Mean and standard deviation of each of a few values of the prior.
struct Moments {
  at::Tensor mean, sd;
};

/// Independent copies of one problem: hours, each a window of its own.
struct Problem {
  at::Tensor lag_covariance;  // [1, 1, 1, y, x]
  observation::Transform transform;
  double offset, unit;  // of the transformed values
  std::int64_t copies;
  observation::Observations observations;

  std::shared_ptr<const observation::FieldMap> map(const model::GaussianPrior& prior) const {
    const auto field = [&](double value) {
      return at::full({1, lag_covariance.size(3), lag_covariance.size(4)}, value);
    };
    return std::make_shared<observation::FieldMap>(
        std::vector<observation::FieldMap::Variable>{{0, transform, field(offset), field(unit), 1, 1}},
        [&prior](double noise, std::int64_t variable) {
          return prior.unknown_of_variables(1, noise)[static_cast<std::size_t>(variable)];
        });
  }
};

enum class By { mmps, sda };

/// @return  [copy, cell]
at::Tensor sample(const Problem& problem, By by, std::int64_t steps) {
  const comm::Communicator alone = comm::Communicator::world().split(comm::Communicator::world().rank());
  model::GaussianPrior prior(problem.lag_covariance, at::kFloat);
  const auto transport = comm::make_transport(alone);
  trajectory::ComposedDenoiser composed(prior, *transport, {problem.copies, 1}, {problem.copies, 0, 1}, 100);
  diffusion::Surroundings surroundings;
  surroundings.ordered_sum = [&](std::span<const double> values) { return alone.ordered_sum(values); };
  surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
  surroundings.fill_noise = [](at::Tensor& noise, std::uint32_t draw) {
    diffusion::fill_noise({5, 0, draw}, 0, noise);
  };
  diffusion::MmpsGuidance mmps(composed, problem.observations,
                               {.solver = {.steps = 20, .tolerance = {}},
                                .ordered_sum = surroundings.ordered_sum,
                                .map = problem.map(prior)});
  diffusion::SdaGuidance sda(composed, problem.observations, {}, problem.map(prior));
  diffusion::TrajectoryDenoiser* const guided =
      by == By::mmps ? static_cast<diffusion::TrajectoryDenoiser*>(&mmps) : &sda;
  at::Tensor slab =
      at::empty({problem.copies, 1, problem.lag_covariance.size(3), problem.lag_covariance.size(4)});
  diffusion::sample_whole(*guided, {}, {.steps = steps}, surroundings, slab);
  return slab.flatten(1).to(at::kDouble);
}

Moments moments_of(const at::Tensor& samples) {
  return {samples.mean(0), samples.std(0)};
}

/// Covariance of the cells of a field, [cell, cell], whose modes have these variances.
at::Tensor covariance_of_cells(const at::Tensor& lag_covariance) {
  const std::int64_t ny = lag_covariance.size(3), nx = lag_covariance.size(4);
  const at::Tensor fields =
      at::einsum("ay,bx->abyx", {model::cosine_transform(ny), model::cosine_transform(nx)})
          .reshape({ny * nx, ny * nx});
  return at::einsum("m,mc,md->cd", {lag_covariance.flatten(), fields, fields});
}

/// Large modes vary most; of unit variance in the mean over cells.
at::Tensor smooth_modes(std::int64_t ny, std::int64_t nx) {
  const at::Tensor ky = at::arange(ny, at::kDouble).square(), kx = at::arange(nx, at::kDouble).square();
  at::Tensor variance = (1 + ky.unsqueeze(1) + kx).pow(-1.5);
  variance.mul_(static_cast<double>(ny * nx) / variance.sum().item<double>());
  return variance.reshape({1, 1, 1, ny, nx});
}

/// Observations of some cells, alike in all copies.
observation::SlabObservations at_cells(const Problem& problem, const at::Tensor& cells, const at::Tensor& y,
                                       const at::Tensor& std) {
  const std::int64_t points = cells.numel();
  observation::SparseOperator::Layout layout{
      {0}, {}, cells.reshape({1, 1, points}), at::ones({1, 1, 1, 1, points})};
  for (std::int64_t copy = 0; copy < problem.copies; ++copy) layout.intervals.push_back({copy, copy + 1});
  const auto whole = [&](const at::Tensor& one) {
    return one.to(at::kFloat).reshape({1, 1, 1, points}).repeat({problem.copies, 1, 1, 1});
  };
  return {std::make_shared<observation::SparseOperator>(std::move(layout)), whole(y), whole(std.square())};
}

/// By importance sampling from the prior. @param observed  of physical values, [draw, cell] to [draw, value]
Moments reference(const Problem& problem, const std::function<at::Tensor(const at::Tensor&)>& observed,
                  const at::Tensor& y, double std) {
  constexpr std::int64_t kDraws = 300'000;
  at::manual_seed(3);
  const at::Tensor root = at::linalg_cholesky(covariance_of_cells(problem.lag_covariance));
  const at::Tensor u = at::matmul(at::randn({kDraws, root.size(0)}, at::kDouble), root.t());
  const at::Tensor x = problem.transform.invert(problem.offset + problem.unit * u);
  const at::Tensor log_weight = -0.5 * ((observed(x) - y) / std).square().sum(1);
  const at::Tensor weight = at::softmax(log_weight, 0).unsqueeze(1);
  EXPECT_GT(1 / weight.square().sum().item<double>(), 1000) << "too few draws count";
  const at::Tensor mean = (weight * u).sum(0);
  return {mean, (weight * (u - mean).square()).sum(0).sqrt()};
}

/// @param mean_off  at most, in standard deviations, root-mean-square over cells
void expect_near(const Moments& found, const Moments& expected, const char* name, double mean_off,
                 double sd_off) {
  const double mean = ((found.mean - expected.mean) / expected.sd).square().mean().sqrt().item<double>();
  const double sd = (found.sd / expected.sd).square().mean().sqrt().item<double>();
  std::cout << name << ": mean off by " << mean << " sd, sd " << sd << " of the posterior's\n";
  EXPECT_LE(mean, mean_off) << name;
  EXPECT_NEAR(sd, 1, sd_off) << name;
}

/// With errors of 3 % an observation of x is one of ln x, with an error of 0.03.
TEST(LogNormal, PointsGiveThePosteriorOfTheLogarithm) {
  Problem problem{smooth_modes(4, 4), observation::Transform::parse("log:1e-6"), -0.5, 1.2, 400, {}};
  const at::Tensor cells = at::tensor({2, 5, 12}, at::kLong);
  const at::Tensor log_y = at::tensor({0.8, 0.2, -2.2}, at::kDouble);
  const double error = 0.03;
  problem.observations.push_back(at_cells(problem, cells, log_y.exp(), error * log_y.exp()));
  const at::Tensor prior = covariance_of_cells(problem.lag_covariance);
  const at::Tensor cross = prior.index_select(1, cells);
  const at::Tensor total =
      cross.index_select(0, cells) + at::eye(3, at::kDouble) * std::pow(error / problem.unit, 2);
  const at::Tensor gain = at::linalg_solve(total, cross.t()).t();
  const Moments expected{at::matmul(gain, (log_y - problem.offset) / problem.unit),
                         (at::diag(prior) - (gain * cross).sum(1)).sqrt()};
  expect_near(moments_of(sample(problem, By::mmps, 32)), expected, "mmps, points", 0.15, 0.1);
}

TEST(LogNormal, AMeanOverABlockGivesThePosteriorOfImportanceSampling) {
  Problem problem{smooth_modes(2, 2), observation::Transform::parse("log:0.01"), -0.5, 1, 400, {}};
  observation::BlockMeanOperator::Layout layout{{0}, observation::BlockMean(2), {}};
  for (std::int64_t copy = 0; copy < problem.copies; ++copy) layout.intervals.push_back({copy, copy + 1});
  for (const double y : {0.3, 5.0}) {
    const double std = 0.1 * y;
    problem.observations = {{std::make_shared<observation::BlockMeanOperator>(layout),
                             at::full({problem.copies, 1, 1, 1}, y), at::full({1, 1, 1}, std * std)}};
    const Moments expected = reference(
        problem, [](const at::Tensor& x) { return x.mean(1, /*keepdim=*/true); }, at::scalar_tensor(y), std);
    expect_near(moments_of(sample(problem, By::mmps, 32)), expected, "mmps, block mean", 0.2, 0.1);
    expect_near(moments_of(sample(problem, By::sda, 32)), expected, "sda, block mean", 0.3, 0.2);
  }
}

TEST(Intermittent, DryAndWetPointsGiveThePosteriorOfImportanceSampling) {
  Problem problem{smooth_modes(1, 4), observation::Transform::parse("power:0.5:0.01"), -0.3, 1, 400, {}};
  const at::Tensor cells = at::tensor({0, 3}, at::kLong), y = at::tensor({0.0, 1.5}, at::kDouble);
  problem.observations.push_back(at_cells(problem, cells, y, at::full({2}, 0.2, at::kDouble)));
  const Moments expected = reference(
      problem, [&](const at::Tensor& x) { return x.index_select(1, cells); }, y, 0.2);
  expect_near(moments_of(sample(problem, By::mmps, 32)), expected, "mmps, dry and wet", 0.2, 0.15);
}

}  // namespace
}  // namespace foehn::log_normal_test
