#include "foehn/model/gaussian_fit.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "lag_covariance.hpp"

namespace foehn::model {

namespace {

constexpr std::int64_t kHoursAtOnce = 64;
constexpr std::int64_t kHistogramBins = 1 << 16;
constexpr std::int64_t kModesThatChoose = 4096;  // enough to choose one number by
// Of the cross-validation.
constexpr std::int64_t kFolds = 8;
constexpr std::int64_t kMostFoldSeconds = 10 * calendar::kSecondsPerDay;
constexpr std::array<double, 8> kShrinkages{0, .05, .1, .2, .35, .5, .7, 1};

/// Calls `use(fields, seconds, hour)` for every instant of the period, fields [variable, y, x] in float32.
template <class Use>
void for_each_hour(const io::FieldReader& reader, io::IndexRange period,
                   const std::function<void(std::int64_t)>& advanced, Use&& use) {
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  const auto& grid = reader.grid();
  at::Tensor buffer = at::empty({kHoursAtOnce, variables, grid.ny(), grid.nx()}, at::kFloat);
  for (std::int64_t first = period.first; first < period.last; first += kHoursAtOnce) {
    const std::int64_t count = std::min(kHoursAtOnce, period.last - first);
    reader.read(first, count,
                {buffer.data_ptr<float>(), static_cast<std::size_t>(count * variables * grid.cells())});
    for (std::int64_t i = 0; i < count; ++i)
      use(buffer.select(0, i), reader.times().seconds[static_cast<std::size_t>(first + i)], first + i);
    advanced(count);
  }
}

/// Quantiles of values that come in parts, exact to a 65536th of their range.
class QuantileEstimator {
 public:
  /// @param minimum, maximum  of every variable, [variable]
  QuantileEstimator(at::Tensor minimum, at::Tensor maximum)
      : minimum_(std::move(minimum)),
        maximum_(std::move(maximum)),
        counts_(at::zeros({minimum_.size(0), kHistogramBins}, at::kDouble)) {}

  void add(const at::Tensor& fields) {
    for (std::int64_t i = 0; i < minimum_.size(0); ++i) {
      const double low = minimum_[i].item<double>(), high = maximum_[i].item<double>();
      counts_.select(0, i).add_(at::histc(fields.select(0, i), kHistogramBins, low, high));
    }
  }

  at::Tensor quantiles() const {
    const auto levels = static_cast<std::int64_t>(Domain::kQuantileLevels.size());
    at::Tensor result = at::empty({minimum_.size(0), levels}, at::kDouble);
    for (std::int64_t i = 0; i < minimum_.size(0); ++i) {
      const double low = minimum_[i].item<double>(), high = maximum_[i].item<double>();
      const at::Tensor cumulative = counts_.select(0, i).cumsum(0);
      const double* below = cumulative.data_ptr<double>();
      for (std::int64_t level = 0; level < levels; ++level) {
        const double wanted =
            Domain::kQuantileLevels[static_cast<std::size_t>(level)] * below[kHistogramBins - 1];
        const auto bin = std::min<std::int64_t>(
            std::lower_bound(below, below + kHistogramBins, wanted) - below, kHistogramBins - 1);
        const double before = bin == 0 ? 0 : below[bin - 1];
        const double inside = below[bin] > before ? (wanted - before) / (below[bin] - before) : 0;
        result[i][level] = low + (static_cast<double>(bin) + inside) / kHistogramBins * (high - low);
      }
    }
    return result;
  }

 private:
  at::Tensor minimum_, maximum_;
  at::Tensor counts_;  // [variable, bin]
};

/// Which fold of the cross-validation an hour of the period belongs to.
class Folds {
 public:
  Folds(io::IndexRange period, std::int64_t step_seconds)
      : first_(period.first),
        block_(std::min((period.size() + kFolds - 1) / kFolds, kMostFoldSeconds / step_seconds + 1)) {}
  std::size_t of(std::int64_t hour) const {
    return static_cast<std::size_t>((hour - first_) / block_ % kFolds);
  }

 private:
  std::int64_t first_, block_;
};

/// For each fold, the climatology of all the others.
std::vector<Climatology> climatologies_without(const std::vector<ClimatologyEstimator>& folds,
                                               const std::vector<Harmonic>& harmonics,
                                               const std::vector<std::int64_t>& shape) {
  std::vector<Climatology> result;
  for (std::size_t left_out = 0; left_out < folds.size(); ++left_out) {
    ClimatologyEstimator rest(harmonics, shape);
    for (std::size_t i = 0; i < folds.size(); ++i)
      if (i != left_out) rest.add(folds[i]);
    result.push_back(rest.estimate());
  }
  return result;
}

/// Every n-th mode, where there are too many to try every shrinkage on all.
at::Tensor some_modes(const at::Tensor& by_mode) {
  const std::int64_t step = std::max<std::int64_t>(1, by_mode.size(3) / kModesThatChoose);
  return by_mode.slice(3, 0, by_mode.size(3), step);
}

/// Chooses the shrinkage of a covariance by one part of the hours held out, and scores it by another.
GaussianFitQuality choose_shrinkage(const at::Tensor& covariance, const LagCovarianceEstimator& choosing,
                                    const LagCovarianceEstimator& scoring, const at::Tensor& scale_product) {
  const at::Tensor chosen_by = some_modes(choosing.unbiased_estimate() / scale_product);
  const at::Tensor scored_by = some_modes(scoring.unbiased_estimate() / scale_product);
  const at::Tensor estimate = some_modes(covariance.flatten(3));
  const at::Tensor target = some_modes(isotropic_mean(covariance).flatten(3));
  const auto shrunk = [&](double weight) { return estimate * (1 - weight) + target * weight; };
  GaussianFitQuality quality;
  quality.held_out_hours = scoring.count();
  double best = -std::numeric_limits<double>::infinity();
  for (const double weight : kShrinkages) {
    const double likelihood = gaussian_likelihood(shrunk(weight), chosen_by).log_likelihood;
    if (likelihood <= best) continue;
    best = likelihood;
    quality.shrinkage = weight;
  }
  const GaussianLikelihood score = gaussian_likelihood(shrunk(quality.shrinkage), scored_by);
  quality.held_out_log_likelihood = score.log_likelihood;
  quality.normalised_square = score.normalised_square;
  // Independent values of unit variance: what knowing the climatology and the spread alone gives.
  at::Tensor independent = at::zeros_like(estimate);
  independent.select(0, 0).copy_(
      at::eye(estimate.size(1), estimate.options()).unsqueeze(2).expand_as(estimate[0]));
  quality.climatology_log_likelihood = gaussian_likelihood(independent, scored_by).log_likelihood;
  return quality;
}

/// The products of two variables' scales, to divide covariances [lag, variable, variable, mode] by.
at::Tensor products(const at::Tensor& scale) {
  return at::outer(scale, scale).reshape({1, scale.size(0), scale.size(0), 1});
}

std::int64_t window_of(const GaussianFitOptions& options) {
  return 2 * options.markov_order + 1;
}

std::int64_t held_out_hours(io::IndexRange period, const GaussianFitOptions& options) {
  return std::llround(options.held_out_fraction * static_cast<double>(period.size()));
}

}  // namespace

void check_fit(io::IndexRange period, const GaussianFitOptions& options) {
  const std::int64_t window = window_of(options), held_out = held_out_hours(period, options);
  const std::int64_t fitted = period.size() - held_out;
  if (held_out < 2 * window || fitted < 2 * window)
    throw core::Error(fmt::format(
        "too few steps for windows of {}: found {} to fit and {} held out, expected at least {} and {}",
        window, fitted, held_out, 2 * window, 2 * window));
}

GaussianFit fit_gaussian_prior(const io::FieldReader& reader, io::IndexRange period,
                               const GaussianFitOptions& options,
                               const std::function<void(std::int64_t)>& advanced) {
  check_fit(period, options);
  const std::int64_t window = window_of(options);
  const std::int64_t first_held_out = period.last - held_out_hours(period, options);
  const auto variables = static_cast<std::int64_t>(reader.variables().size());
  const grid::Grid& grid = reader.grid();
  const calendar::Calendar calendar = reader.times().calendar;
  const std::vector<std::int64_t> shape{variables, grid.ny(), grid.nx()};

  // For the score, nothing may be known of the hours held out; the prior itself is fitted to all of them
  // after that.
  const std::int64_t step = reader.step_seconds();
  ClimatologyEstimator fitted_climatology(harmonics_for(step, (first_held_out - period.first) * step), shape);
  const std::vector<Harmonic> harmonics = harmonics_for(step, period.size() * step);
  const Folds folds(period, step);
  std::vector<ClimatologyEstimator> of_folds;
  for (std::int64_t i = 0; i < kFolds; ++i) of_folds.emplace_back(harmonics, shape);
  at::Tensor minimum = at::full({variables}, std::numeric_limits<double>::infinity(), at::kDouble);
  at::Tensor maximum = -minimum;
  for_each_hour(reader, period, advanced,
                [&](const at::Tensor& fields, std::int64_t seconds, std::int64_t hour) {
                  if (hour < first_held_out) fitted_climatology.add(fields, seconds, calendar);
                  of_folds[folds.of(hour)].add(fields, seconds, calendar);
                  minimum = at::minimum(minimum, fields.flatten(1).amin(1).to(at::kDouble));
                  maximum = at::maximum(maximum, fields.flatten(1).amax(1).to(at::kDouble));
                });
  ClimatologyEstimator whole_climatology(harmonics, shape);
  for (const ClimatologyEstimator& fold : of_folds) whole_climatology.add(fold);
  const Climatology of_fitted = fitted_climatology.estimate(), climatology = whole_climatology.estimate();
  for (std::int64_t i = 0; i < variables; ++i)
    if (minimum[i].item<double>() == maximum[i].item<double>())
      throw core::Error(fmt::format("variable '{}' does not vary: every value is {}",
                                    reader.variables()[static_cast<std::size_t>(i)].name,
                                    minimum[i].item<double>()));

  const std::vector<Climatology> without_fold = climatologies_without(of_folds, harmonics, shape);
  at::Tensor unknown_square = at::zeros({variables}, at::kDouble);  // of cross-validated anomalies

  QuantileEstimator quantiles(minimum, maximum);
  const auto estimator = [&] { return LagCovarianceEstimator(window, variables, grid.cells()); };
  LagCovarianceEstimator whole = estimator(), fitted = estimator(), choosing = estimator(),
                         scoring = estimator();
  const std::int64_t first_scored = (first_held_out + period.last) / 2;
  const at::Tensor transform_y = cosine_transform(grid.ny()), transform_x = cosine_transform(grid.nx());
  for_each_hour(
      reader, period, advanced, [&](const at::Tensor& fields, std::int64_t seconds, std::int64_t hour) {
        quantiles.add(fields);
        unknown_square +=
            (fields - without_fold[folds.of(hour)].at(seconds, calendar)).square().flatten(1).mean(1);
        const auto spectrum = [&](const Climatology& expected) {
          const at::Tensor anomaly = fields.to(at::kDouble) - expected.at(seconds, calendar);
          return at::matmul(transform_y, at::matmul(anomaly, transform_x.t())).flatten(1);
        };
        whole.add(spectrum(climatology));
        (hour < first_held_out ? fitted : hour < first_scored ? choosing : scoring).add(spectrum(of_fitted));
      });

  const std::vector<std::int64_t> covariance_shape{window, variables, variables, grid.ny(), grid.nx()};
  const auto normalised = [&](const LagCovarianceEstimator& record, const at::Tensor& scale) {
    return (record.estimate() / products(scale)).reshape(covariance_shape);
  };
  const at::Tensor scale_of_fitted = fitted.root_mean_square(), scale = whole.root_mean_square();
  const GaussianFitQuality quality =
      choose_shrinkage(normalised(fitted, scale_of_fitted), choosing, scoring, products(scale_of_fitted));
  const at::Tensor covariance = normalised(whole, scale);
  const at::Tensor shrunk =
      covariance * (1 - quality.shrinkage) + isotropic_mean(covariance) * quality.shrinkage;

  const at::Tensor unknown_scale = (unknown_square / static_cast<double>(period.size())).sqrt();
  return {Domain{reader.variables(), grid, calendar, reader.step_seconds(),
                 Normalisation::anomaly(climatology, unknown_scale), quantiles.quantiles()},
          shrunk, unknown_scale / scale, quality};
}

}  // namespace foehn::model
