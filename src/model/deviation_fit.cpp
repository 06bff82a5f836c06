#include "deviation_fit.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include "foehn/model/gaussian_prior.hpp"

namespace foehn::model {

namespace {

constexpr double kAllCells = std::numeric_limits<double>::infinity();
// What is tried, from what has fewest numbers to estimate on.
constexpr std::array<double, 7> kMeanWidths{kAllCells, 8, 4, 2, 1, 0.5, 0};
constexpr std::array<double, 3> kCycleWidths{kAllCells, 8, 2};
constexpr double kLeastPart = 0.1;      // of the mean variance of a cell, at any instant
constexpr double kLeastOfScale = 0.01;  // of a variable's mean variance, in any cell

/// 1, then exp(-(k pi/n)^2 width^2/2), for the wavenumbers k of a side of n cells.
at::Tensor smoothing_weights(std::int64_t cells, double width) {
  const at::Tensor k = at::arange(cells, at::kDouble) * (std::numbers::pi / static_cast<double>(cells));
  return (k.square() * (-0.5 * width * width)).exp();
}

/// The variance that a choice makes of the coefficients fitted to the squares of one variable.
/// @param raw  [harmonic, y, x]
/// @return     the same, its first harmonic, the mean, positive
at::Tensor shaped(const at::Tensor& raw, const std::vector<Harmonic>& harmonics,
                  const DeviationChoice& choice) {
  at::Tensor variance = at::zeros_like(raw);
  const at::Tensor overall = raw[0].mean();
  variance[0] = at::maximum(smoothed(raw[0], choice.mean_width), overall * kLeastOfScale);
  for (std::size_t i = 1; i < harmonics.size(); ++i) {
    const auto& width = harmonics[i].cycle == Harmonic::Cycle::day ? choice.day_width : choice.year_width;
    if (!width) continue;
    const auto row = static_cast<std::int64_t>(i);
    const at::Tensor part =
        smoothed(raw[row], *width) / at::maximum(smoothed(raw[0], *width), overall * kLeastOfScale);
    variance[row] = part * variance[0];
  }
  return variance;
}

/// The same of all variables, [harmonic, variable, y, x].
at::Tensor shaped(const Climatology& raw, const std::vector<DeviationChoice>& choices) {
  std::vector<at::Tensor> variances;
  for (std::size_t i = 0; i < choices.size(); ++i)
    variances.push_back(
        shaped(raw.coefficients().select(1, static_cast<std::int64_t>(i)), raw.harmonics(), choices[i]));
  return at::stack(variances, 1);
}

}  // namespace

at::Tensor smoothed(const at::Tensor& fields, double width) {
  if (width == 0) return fields.clone();
  if (std::isinf(width)) return fields.mean(at::IntArrayRef{-2, -1}, true).expand_as(fields).clone();
  const std::int64_t ny = fields.size(-2), nx = fields.size(-1);
  const at::Tensor y = cosine_transform(ny), x = cosine_transform(nx);
  const at::Tensor spectrum = at::matmul(y, at::matmul(fields, x.t())) *
                              at::outer(smoothing_weights(ny, width), smoothing_weights(nx, width));
  return at::matmul(y.t(), at::matmul(spectrum, x));
}

DeviationEstimator::DeviationEstimator(const std::vector<Harmonic>& harmonics,
                                       const std::vector<std::int64_t>& shape, std::int64_t folds,
                                       bool has_rows)
    : harmonics_(harmonics), shape_(shape), has_rows_(has_rows), sum_(at::zeros({shape[0]}, at::kDouble)) {
  for (std::int64_t i = 0; i < folds; ++i) squares_.emplace_back(harmonics, shape);
}

void DeviationEstimator::add(const at::Tensor& anomaly, std::int64_t seconds, calendar::Calendar calendar,
                             std::size_t fold, bool keeps) {
  const at::Tensor squares = anomaly.square();
  squares_[fold].add(squares, seconds, calendar);
  sum_ += squares.flatten(1).mean(1);
  ++count_;
  if (keeps) kept_.push_back({anomaly.to(at::kFloat), seconds, calendar, fold});
}

at::Tensor DeviationEstimator::scale() const {
  return (sum_ / static_cast<double>(count_)).sqrt();
}

at::Tensor DeviationEstimator::likelihood(const std::vector<Climatology>& without_fold,
                                          const std::vector<DeviationChoice>& choices) const {
  std::vector<Deviation> deviations;
  for (const Climatology& raw : without_fold)
    deviations.emplace_back(Climatology(harmonics_, shaped(raw, choices)), kLeastPart);
  at::Tensor sum = at::zeros({shape_[0]}, at::kDouble);
  for (const Kept& kept : kept_) {
    const at::Tensor deviation = deviations[kept.fold].at(kept.seconds, kept.calendar);
    sum -= (deviation.log() + (kept.anomaly / deviation).square() / 2).flatten(1).mean(1);
  }
  return sum / static_cast<double>(kept_.size()) - std::log(2 * std::numbers::pi) / 2;
}

std::vector<DeviationChoice> DeviationEstimator::choose() const {
  std::vector<Climatology> without_fold;
  for (std::size_t left_out = 0; left_out < squares_.size(); ++left_out)
    without_fold.push_back(ClimatologyEstimator::estimate_without(squares_, left_out));
  std::vector<DeviationChoice> best(static_cast<std::size_t>(shape_[0]));
  at::Tensor likelihood_of_best = likelihood(without_fold, best);
  const at::Tensor of_one_for_all = likelihood_of_best;
  const auto try_change = [&](auto&& change) {
    std::vector<DeviationChoice> candidates = best;
    for (DeviationChoice& candidate : candidates) change(candidate);
    const at::Tensor found = likelihood(without_fold, candidates);
    for (std::size_t i = 0; i < best.size(); ++i) {
      const auto variable = static_cast<std::int64_t>(i);
      if (!(found[variable] > likelihood_of_best[variable]).item<bool>()) continue;
      best[i] = candidates[i];
      best[i].gain = (found[variable] - of_one_for_all[variable]).item<double>();
    }
    likelihood_of_best = at::maximum(likelihood_of_best, found);
  };
  const double side = static_cast<double>(std::max(shape_[1], shape_[2]));
  // The neighbours of a cell without rows are not those beside it in the list.
  const auto may_smooth = [&](double width) {
    return width == 0 || std::isinf(width) || (has_rows_ && width < side);
  };
  for (const double width : kMeanWidths)
    if (may_smooth(width)) try_change([&](DeviationChoice& choice) { choice.mean_width = width; });
  for (const auto& of_cycle : {std::pair{Harmonic::Cycle::day, &DeviationChoice::day_width},
                               std::pair{Harmonic::Cycle::year, &DeviationChoice::year_width}}) {
    const Harmonic::Cycle cycle = of_cycle.first;
    const auto member = of_cycle.second;
    if (std::ranges::none_of(harmonics_, [&](const Harmonic& harmonic) { return harmonic.cycle == cycle; }))
      continue;
    for (const double width : kCycleWidths)
      if (may_smooth(width)) try_change([&](DeviationChoice& choice) { choice.*member = width; });
  }
  return best;
}

std::optional<Deviation> DeviationEstimator::estimate(const std::vector<DeviationChoice>& choices,
                                                      const at::Tensor& scale) const {
  if (std::ranges::all_of(choices, &DeviationChoice::is_one_for_all)) return {};
  const Climatology raw = ClimatologyEstimator::estimate_without(squares_, squares_.size());
  const at::Tensor variance = shaped(raw, choices);
  return Deviation(Climatology(harmonics_, variance / scale.square().reshape({1, -1, 1, 1})), kLeastPart);
}

}  // namespace foehn::model
