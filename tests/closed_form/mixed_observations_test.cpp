// Samples given stations, cells of a coarse grid and accumulations together, against the posterior that dense
// linear algebra gives.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "closed_form/posterior.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/observation/sparse_operator.hpp"

namespace foehn::mixed_observations_test {
namespace {

constexpr std::int64_t kHours = 19, kVariables = 2, kSide = 8, kCells = kSide * kSide;

/// [lag, variable, variable, y, x]: modes of which the large ones vary most and longest.
at::Tensor covariance_of_modes() {
  const at::Tensor k = at::arange(kSide, at::kDouble).square();
  const at::Tensor square = k.unsqueeze(1) + k, hours = 4 + 20 / (1 + square.sqrt());
  at::Tensor variance = (1 + square / 2).pow(-1.5);
  variance.mul_(static_cast<double>(kCells) / variance.sum().item<double>());
  const at::Tensor between = at::tensor({1.0, 0.5, 0.5, 1.0}, at::kDouble).reshape({2, 2, 1, 1});
  std::vector<at::Tensor> lags;
  for (std::int64_t lag = 0; lag < kHours; ++lag) {
    const at::Tensor r = std::sqrt(3.0) * static_cast<double>(lag) / hours;
    lags.push_back(between * (variance * (1 + r) * (-r).exp()));
  }
  return at::stack(lags);
}

/// Of all values with one another, [hour, variable, cell] twice.
at::Tensor covariance_of_fields(const at::Tensor& of_modes) {
  const at::Tensor modes = model::cosine_transform(kSide);
  const at::Tensor fields = at::einsum("ay,bx->abyx", {modes, modes}).reshape({kCells, kCells});
  std::vector<at::Tensor> by_lag;  // [variable, cell, variable, cell]
  for (std::int64_t lag = 0; lag < kHours; ++lag)
    by_lag.push_back(at::einsum("uvm,mc,md->ucvd", {of_modes[lag].flatten(2), fields, fields}));
  std::vector<at::Tensor> rows;
  for (std::int64_t hour = 0; hour < kHours; ++hour) {
    std::vector<at::Tensor> row;
    for (std::int64_t other = 0; other < kHours; ++other)
      row.push_back(by_lag[static_cast<std::size_t>(std::abs(hour - other))]);
    rows.push_back(at::stack(row, 2));  // [variable, cell, hour, variable, cell]
  }
  const std::int64_t size = kHours * kVariables * kCells;
  return at::stack(rows).reshape({size, size});
}

/// Observations of one variable, whose targets are the same at all times.
struct Set {
  std::int64_t variable;
  std::vector<observation::Interval> intervals;
  at::Tensor cells, weights;  // [link, target]; of the latter, of each hour
  double std;
  double bias_std = 0, correlation_hours = 0;  // of each target's errors

  std::int64_t targets() const { return cells.size(1); }
  std::int64_t values() const { return targets() * static_cast<std::int64_t>(intervals.size()); }
  /// A, [observation and target, hour and variable and cell].
  at::Tensor matrix() const {
    at::Tensor rows = at::zeros({values(), kHours, kVariables, kCells}, at::kDouble);
    std::int64_t row = 0;
    for (const observation::Interval& hours : intervals)
      for (std::int64_t target = 0; target < targets(); ++target, ++row)
        for (std::int64_t hour = hours.first; hour < hours.last; ++hour)
          for (std::int64_t link = 0; link < cells.size(0); ++link)
            rows[row][hour][variable][cells[link][target].item<std::int64_t>()] +=
                weights[link][target].item<double>();
    return rows.reshape({values(), -1});
  }
  /// R, [observation and target] twice.
  at::Tensor errors() const {
    const std::int64_t size = values();
    at::Tensor r = at::zeros({size, size}, at::kDouble);
    for (std::int64_t i = 0; i < size; ++i)
      for (std::int64_t j = i % targets(); j < size; j += targets()) {  // of the same target
        const auto apart = static_cast<double>(std::abs(hour_of(i) - hour_of(j)));
        const double in_time = i == j ? 1 : correlation_hours > 0 ? std::exp(-apart / correlation_hours) : 0;
        r[i][j] = in_time * std * std + bias_std * bias_std;
      }
    return r;
  }
  observation::SlabObservations observed(const at::Tensor& y) const {
    const at::Tensor values_of = y.to(at::kFloat).reshape({observations(), 1, 1, targets()});
    const double total = std * std + bias_std * bias_std;
    std::shared_ptr<const observation::CorrelatedErrors> correlated;
    if (bias_std > 0 || correlation_hours > 0) {
      observation::CorrelatedErrors::Layout layout;
      for (const observation::Interval& hours : intervals) layout.hours.push_back(hours.first);
      for (std::int64_t i = 0; i < values(); ++i) layout.stations.push_back(i % targets());
      layout.variance.assign(layout.stations.size(), std * std);
      layout.bias_variance = bias_std * bias_std;
      layout.correlation_hours = correlation_hours;
      layout.count = observations();
      correlated = std::make_shared<observation::CorrelatedErrors>(
          layout, [](std::span<const double> all) { return std::vector<double>(all.begin(), all.end()); });
    }
    return {model(), values_of, at::full({1, 1, 1}, total), correlated};
  }
  std::int64_t observations() const { return static_cast<std::int64_t>(intervals.size()); }
  std::int64_t hour_of(std::int64_t value) const {
    return intervals[static_cast<std::size_t>(value / targets())].first;
  }
  std::shared_ptr<const observation::Operator> model() const {
    return std::make_shared<observation::SparseOperator>(observation::SparseOperator::Layout{
        {variable},
        intervals,
        cells.unsqueeze(1),
        weights.to(at::kFloat).reshape({1, cells.size(0), 1, 1, targets()})});
  }
};

/// A deviation that varies threefold over the cells.
at::Tensor deviation() {
  const at::Tensor phase = at::arange(kSide, at::kDouble) * (2 * M_PI / kSide);
  return (phase.sin().unsqueeze(1) * phase.cos() * (std::log(3.0) / 2)).exp().flatten();
}

/// Between four cells each, every three hours; what they err by lasts, and part of it is a bias.
Set stations() {
  const at::Tensor corner = at::tensor({0, 11, 25, 45, 50}, at::kLong);  // none in the last row or column
  const at::Tensor cells = at::stack({corner, corner + 1, corner + kSide, corner + kSide + 1});
  const at::Tensor between = at::tensor({0.42, 0.28, 0.18, 0.12}, at::kDouble).unsqueeze(1);
  Set set{0, {}, cells, between * deviation().take(cells), 0.15, 0.2, 5};
  for (std::int64_t hour = 0; hour < kHours; hour += 3) set.intervals.push_back({hour, hour + 1});
  return set;
}

/// Means over cells of 2.5 x 3.5 of the fields' cells, every six hours.
Set native_cells() {
  const auto axis = [](const char* name, double first, double step, std::int64_t size) {
    grid::Axis made{name, name, "degrees", {}};
    for (std::int64_t i = 0; i < size; ++i) made.values.push_back(first + step * static_cast<double>(i));
    return made;
  };
  const grid::CellsWithin within =
      grid::cells_within({axis("lat", 45.5, 1, kSide), axis("lon", 0.5, 1, kSide), std::nullopt},
                         {axis("lat", 43.75, 2.5, 5), axis("lon", -1.25, 3.5, 4), std::nullopt});
  const grid::RegriddingWeights& means = within.means;
  const auto targets = static_cast<std::int64_t>(within.cells.size());
  constexpr std::int64_t kLinks = 16;
  Set set{1, {}, at::zeros({kLinks, targets}, at::kLong), at::zeros({kLinks, targets}, at::kDouble), 0.1};
  for (std::int64_t target = 0; target < targets; ++target) {
    const auto first = means.first_link[static_cast<std::size_t>(target)];
    for (auto link = first; link < means.first_link[static_cast<std::size_t>(target) + 1]; ++link) {
      set.cells[link - first][target] = means.source_cell[static_cast<std::size_t>(link)];
      set.weights[link - first][target] = means.weight[static_cast<std::size_t>(link)];
    }
  }
  set.weights.mul_(deviation().take(set.cells));
  for (std::int64_t hour = 0; hour < kHours; hour += 6) set.intervals.push_back({hour, hour + 1});
  return set;
}

/// Sums over six hours at cells, which overlap by two hours.
Set accumulations() {
  const at::Tensor cells = at::tensor({3, 30, 60}, at::kLong).unsqueeze(0);
  Set set{0, {}, cells, deviation().take(cells), 0.6};
  for (std::int64_t hour = 0; hour + 6 <= kHours; hour += 4) set.intervals.push_back({hour, hour + 6});
  return set;
}

TEST(MixedObservations, OfStationsCoarseCellsAndAccumulationsGiveTheirPosterior) {
  const std::vector<Set> sets{stations(), native_cells(), accumulations()};
  ASSERT_EQ(sets[1].targets(), 6);
  const at::Tensor of_modes = covariance_of_modes(), prior = covariance_of_fields(of_modes);
  std::vector<at::Tensor> matrices, errors;
  for (const Set& set : sets) {
    matrices.push_back(set.matrix());
    errors.push_back(set.errors());
  }
  const at::Tensor a = at::cat(matrices), cross = at::matmul(prior, a.t());
  const at::Tensor total = at::matmul(a, cross) + at::block_diag(errors);
  at::manual_seed(13);
  const at::Tensor y = at::matmul(at::linalg_cholesky(total), at::randn({total.size(0)}, at::kDouble));
  const at::Tensor gain = at::linalg_solve(total, cross.t()).t();
  Posterior posterior;
  const std::vector<std::int64_t> shape{kHours, kVariables, kSide, kSide};
  posterior.mean = at::matmul(gain, y).reshape(shape);
  posterior.sd = (at::diag(prior) - (gain * cross).sum(1)).sqrt().reshape(shape);
  std::int64_t first = 0;
  for (const Set& set : sets) {
    posterior.observations.push_back(set.observed(y.narrow(0, first, set.values())));
    first += set.values();
  }
  Case many = kSolved;  // a small trajectory has few values to estimate a deviation from
  many.members = 24;
  expect_posterior(posterior, of_modes, many);
}

}  // namespace
}  // namespace foehn::mixed_observations_test
