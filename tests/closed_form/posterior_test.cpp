// Samples of a Gaussian prior on a grid, given coarse observations, against the posterior that dense linear
// algebra gives.
#include "closed_form/posterior.hpp"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>

#include "closed_form/case_sizes.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/observation/block_mean_operator.hpp"

namespace foehn::posterior_test {
namespace {

constexpr std::int64_t kHours = testing::kSmallCases ? 25 : 49, kVariables = 2, kSide = 16, kBlock = 4,
                       kEvery = 6;
constexpr std::int64_t kCells = kSide * kSide, kCoarse = kSide / kBlock, kBlocks = kCoarse * kCoarse;
constexpr double kStd = 0.1;

/// Variance of the spatial modes [y, x], large scales having most of it, and their time scales in hours.
at::Tensor wavenumber_square() {
  const at::Tensor k = at::arange(kSide, at::kDouble);
  return k.square().unsqueeze(1) + k.square();
}
at::Tensor mode_variance() {
  const at::Tensor spectrum = (1 + wavenumber_square() / 4).pow(-1.5);
  return spectrum * (static_cast<double>(kCells) / spectrum.sum());
}
at::Tensor mode_hours() {
  return 4 + 20 / (1 + wavenumber_square().sqrt());
}

/// Correlation of the two variables.
at::Tensor between_variables() {
  return at::tensor({1.0, 0.5, 0.5, 1.0}, at::kDouble).reshape({2, 2});
}

/// Covariance of a mode's variance 1 and time scale at a distance in hours (Matern 3/2), [y, x].
at::Tensor time_covariance(std::int64_t lag) {
  const at::Tensor r = std::sqrt(3.0) * static_cast<double>(lag) / mode_hours();
  return (1 + r) * (-r).exp();
}

/// [lag, variable, variable, y, x]
at::Tensor lag_covariance() {
  std::vector<at::Tensor> lags;
  for (std::int64_t lag = 0; lag < kHours; ++lag)
    lags.push_back(between_variables().reshape({2, 2, 1, 1}) * (mode_variance() * time_covariance(lag)));
  return at::stack(lags);
}

/// What is observed: hours of variables, by blocks.
struct Seen {
  std::vector<std::int64_t> variables;
  std::vector<observation::Interval> intervals;
  at::Tensor is_missing = {};  // bool, [observation, variable, Y, X]; undefined: nothing

  std::int64_t size() const { return static_cast<std::int64_t>(intervals.size()); }
};

/// A sum of matrices by lag over the hours of intervals: [lag, ...] to [hour, observation, ...].
at::Tensor mean_over(const std::vector<observation::Interval>& intervals, const at::Tensor& by_lag) {
  std::vector<at::Tensor> observations;
  for (const observation::Interval& interval : intervals) {
    at::Tensor sum;
    for (std::int64_t h = interval.first; h < interval.last; ++h) {
      const at::Tensor lags = (at::arange(kHours) - h).abs();
      sum = sum.defined() ? sum + by_lag.index_select(0, lags) : by_lag.index_select(0, lags);
    }
    observations.push_back(sum / static_cast<double>(interval.hours()));
  }
  return at::stack(observations, 1);
}

/// Which values the posterior is given, ordered by variable, observation, block.
at::Tensor indices_of_known(const std::vector<Seen>& sets) {
  std::vector<at::Tensor> known;
  for (const auto& set : sets)
    known.push_back(
        set.is_missing.defined()
            ? at::logical_not(set.is_missing).transpose(0, 1).flatten()
            : at::ones({static_cast<std::int64_t>(set.variables.size()) * set.size() * kBlocks}, at::kBool));
  return at::cat(known).nonzero().flatten();
}

/// A deviation that varies tenfold over the cells, otherwise for either variable, [variable, y, x].
at::Tensor tenfold_deviation() {
  const at::Tensor phase = at::arange(kSide, at::kDouble) * (2 * M_PI / kSide);
  const at::Tensor first = phase.sin().unsqueeze(1) * phase.cos(),
                   second = (2 * phase).cos().unsqueeze(1) * phase.sin();
  return at::stack({first, second}).mul_(std::log(10.0) / 2).exp_();
}

/// Observations of a field drawn from the prior, and the posterior given those that are not missing.
/// @param sets       in order of variables
/// @param deviation  by which what is observed is larger than the prior's values, [variable, y, x];
/// undefined: 1
Posterior exact_posterior(const std::vector<Seen>& sets, const at::Tensor& deviation = {}) {
  const at::Tensor y_modes = model::cosine_transform(kSide);
  // A mode's field, [mode, cell], and its block means, [mode, block].
  const at::Tensor fields = at::einsum("ay,bx->abyx", {y_modes, y_modes}).reshape({kCells, kCells});
  std::vector<at::Tensor> means;  // of each variable
  for (std::int64_t variable = 0; variable < kVariables; ++variable)
    means.push_back((deviation.defined() ? fields * deviation[variable].reshape({1, kCells}) : fields)
                        .reshape({kCells, kCoarse, kBlock, kCoarse, kBlock})
                        .mean(at::IntArrayRef{2, 4})
                        .reshape({kCells, kBlocks}));
  // Covariance at some lag with blocks of a variable, [lag, ..., block]; the variables' part is a factor.
  const auto with_blocks = [&](const at::Tensor& of, std::int64_t variable) {
    std::vector<at::Tensor> lags;
    for (std::int64_t lag = 0; lag < kHours; ++lag)
      lags.push_back(at::matmul(of.t(), (mode_variance() * time_covariance(lag)).reshape({kCells, 1}) *
                                            means[static_cast<std::size_t>(variable)]));
    return at::stack(lags);
  };
  // Covariance of the fields with the observations, [variable, hour, cell, value], and of the observations
  // with one another: values are ordered by variable, observation, block.
  const at::Tensor b = between_variables();
  std::vector<at::Tensor> cross, signal;
  for (const auto& set : sets) {
    for (const std::int64_t variable : set.variables) {
      const at::Tensor cells =  // [hour, obs., cell, block]
          mean_over(set.intervals, with_blocks(fields, variable));
      cross.push_back(
          at::einsum("a,hocb->ahcob", {b[variable], cells}).reshape({kVariables, kHours, kCells, -1}));
      std::vector<at::Tensor> rows;
      for (const auto& other : sets) {
        for (const std::int64_t u : other.variables) {
          const at::Tensor blocks =  // [hour, obs., block of u, block]
              mean_over(set.intervals, with_blocks(means[static_cast<std::size_t>(u)], variable));
          std::vector<at::Tensor> over_hours;
          for (const observation::Interval& interval : other.intervals)
            over_hours.push_back(blocks.narrow(0, interval.first, interval.hours()).mean(0));
          const at::Tensor matrix =  // [other's value, this one's value]
              at::stack(over_hours).transpose(1, 2).reshape({other.size() * kBlocks, set.size() * kBlocks});
          rows.push_back(b[u][variable] * matrix);
        }
      }
      signal.push_back(at::cat(rows));
    }
  }
  const at::Tensor of_all = at::cat(signal, 1);
  const std::int64_t size = of_all.size(0);
  const at::Tensor total_of_all = of_all + kStd * kStd * at::eye(size, at::kDouble);
  at::manual_seed(11);
  const at::Tensor all = at::matmul(at::linalg_cholesky(total_of_all), at::randn({size}, at::kDouble));
  // The posterior knows nothing of what is missing: neither rows nor columns of it are left.
  const at::Tensor known = indices_of_known(sets);
  const at::Tensor y = all.index_select(0, known);
  const at::Tensor total = total_of_all.index_select(0, known).index_select(1, known);
  const at::Tensor gain_input =
      at::cat(cross, 3).reshape({kVariables * kHours * kCells, -1}).index_select(1, known);
  const at::Tensor solved = at::linalg_solve(total, gain_input.t());
  const at::Tensor cell_variance = (fields.square() * mode_variance().reshape({kCells, 1})).sum(0);  // [cell]
  const at::Tensor reduction = (gain_input * solved.t()).sum(1);
  const auto shape = [](const at::Tensor& values) {  // [variable, hour, cell] -> [hour, variable, y, x]
    return values.reshape({kVariables, kHours, kSide, kSide}).transpose(0, 1).contiguous();
  };
  std::int64_t first = 0;
  Posterior posterior;
  for (const Seen& set : sets) {
    const auto variables = static_cast<std::int64_t>(set.variables.size());
    at::Tensor values = all.narrow(0, first, variables * set.size() * kBlocks)
                            .reshape({variables, set.size(), kCoarse, kCoarse})
                            .transpose(0, 1)
                            .contiguous()
                            .to(at::kFloat);
    if (set.is_missing.defined()) values.masked_fill_(set.is_missing, NAN);
    observation::BlockMeanOperator::Layout layout{set.variables, observation::BlockMean(kBlock),
                                                  set.intervals};
    if (deviation.defined())
      layout.deviation =
          deviation.index_select(0, at::tensor(set.variables, at::kLong)).unsqueeze(0).to(at::kFloat);
    posterior.observations.emplace_back(std::make_shared<observation::BlockMeanOperator>(layout), values,
                                        at::full({variables, 1, 1}, kStd * kStd));
    first += variables * set.size() * kBlocks;
  }
  posterior.mean = shape(at::matmul(gain_input, at::linalg_solve(total, y)));
  posterior.sd = shape(cell_variance.repeat({kVariables * kHours}) - reduction).sqrt();
  return posterior;
}

const Case kDefaults{"the defaults of foehn sample", {.t_first = 0.97}, {.steps = 8, .tolerance = {}}, 48};

/// Intervals of some hours that begin every 6 hours.
std::vector<observation::Interval> every_six_hours(std::int64_t hours) {
  std::vector<observation::Interval> intervals;
  for (std::int64_t first = 0; first + hours <= kHours; first += kEvery)
    intervals.push_back({first, first + hours});
  return intervals;
}

TEST(GridPosterior, SamplesHaveItsMeanAndStandardDeviation) {
  const Posterior posterior = exact_posterior({{{0, 1}, every_six_hours(1)}});
  for (const Case& c : {kSolved, kDefaults}) expect_posterior(posterior, lag_covariance(), c);
}

TEST(GridPosterior, OfADeviationThatVariesTenfoldIsSampledToo) {
  const Posterior posterior = exact_posterior({{{0, 1}, every_six_hours(1)}}, tenfold_deviation());
  for (const Case& c : {kSolved, kDefaults}) expect_posterior(posterior, lag_covariance(), c);
}

TEST(GridPosterior, OfSnapshotsAndMeansOverTimeIsSampledToo) {
  const Posterior posterior = exact_posterior({{{0}, every_six_hours(1)}, {{1}, every_six_hours(kEvery)}});
  expect_posterior(posterior, lag_covariance(), kSolved);
}

TEST(GridPosterior, OfObservationsOfWhichSomeAreMissingIsSampledToo) {
  Seen set{{0, 1}, every_six_hours(1)};
  at::manual_seed(12);
  set.is_missing = at::rand({set.size(), kVariables, kCoarse, kCoarse}) < 0.3;
  set.is_missing.select(0, 4).fill_(true);  // nothing at hour 24
  set.is_missing.select(1, 0).select(1, 1).select(1, 2).fill_(
      true);  // never this block of the first variable
  expect_posterior(exact_posterior({set}), lag_covariance(), kSolved);
}

}  // namespace
}  // namespace foehn::posterior_test
