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

/// Every n-th mode, where there are too many to try every shrinkage on all.
at::Tensor some_modes(const at::Tensor& by_mode) {
  const std::int64_t step = std::max<std::int64_t>(1, by_mode.size(3) / kModesThatChoose);
  return by_mode.slice(3, 0, by_mode.size(3), step);
}

GaussianFitQuality choose_shrinkage(const at::Tensor& covariance, const LagCovarianceEstimator& held_out,
                                    const at::Tensor& scale_product) {
  const at::Tensor observed = some_modes(held_out.unbiased_estimate() / scale_product);
  const at::Tensor estimate = some_modes(covariance.flatten(3));
  const at::Tensor target = some_modes(isotropic_mean(covariance).flatten(3));
  GaussianFitQuality quality;
  quality.held_out_hours = held_out.count();
  quality.held_out_log_likelihood = -std::numeric_limits<double>::infinity();
  for (const double weight : kShrinkages) {
    const GaussianLikelihood likelihood =
        gaussian_likelihood(estimate * (1 - weight) + target * weight, observed);
    if (likelihood.log_likelihood > quality.held_out_log_likelihood) {
      quality.shrinkage = weight;
      quality.held_out_log_likelihood = likelihood.log_likelihood;
      quality.normalised_square = likelihood.normalised_square;
    }
  }
  // Independent values of unit variance: what knowing the climatology and the spread alone gives.
  at::Tensor independent = at::zeros_like(estimate);
  independent.select(0, 0).copy_(
      at::eye(estimate.size(1), estimate.options()).unsqueeze(2).expand_as(estimate[0]));
  quality.climatology_log_likelihood = gaussian_likelihood(independent, observed).log_likelihood;
  return quality;
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
  if (held_out < window || fitted < 2 * window)
    throw core::Error(fmt::format(
        "too few hours for windows of {}: found {} to fit and {} held out, expected at least {} and {}",
        window, fitted, held_out, 2 * window, window));
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

  ClimatologyEstimator climatology_estimator(
      harmonics_for(reader.step_seconds(), period.size() * reader.step_seconds()), shape);
  at::Tensor minimum = at::full({variables}, std::numeric_limits<double>::infinity(), at::kDouble);
  at::Tensor maximum = -minimum;
  for_each_hour(reader, period, advanced, [&](const at::Tensor& fields, std::int64_t seconds, std::int64_t) {
    climatology_estimator.add(fields, seconds, calendar);
    minimum = at::minimum(minimum, fields.flatten(1).amin(1).to(at::kDouble));
    maximum = at::maximum(maximum, fields.flatten(1).amax(1).to(at::kDouble));
  });
  const Climatology climatology = climatology_estimator.estimate();
  for (std::int64_t i = 0; i < variables; ++i)
    if (minimum[i].item<double>() == maximum[i].item<double>())
      throw core::Error(fmt::format("variable '{}' does not vary: every value is {}",
                                    reader.variables()[static_cast<std::size_t>(i)].name,
                                    minimum[i].item<double>()));

  QuantileEstimator quantiles(minimum, maximum);
  at::Tensor squares = at::zeros({variables}, at::kDouble);
  LagCovarianceEstimator fitted(window, variables, grid.cells()), held_out(window, variables, grid.cells());
  const at::Tensor transform_y = cosine_transform(grid.ny()), transform_x = cosine_transform(grid.nx());
  for_each_hour(
      reader, period, advanced, [&](const at::Tensor& fields, std::int64_t seconds, std::int64_t hour) {
        quantiles.add(fields);
        const at::Tensor anomaly = fields.to(at::kDouble) - climatology.at(seconds, calendar);
        squares.add_(anomaly.square().sum(at::IntArrayRef{1, 2}));
        const at::Tensor spectrum = at::matmul(transform_y, at::matmul(anomaly, transform_x.t())).flatten(1);
        (hour < first_held_out ? fitted : held_out).add(spectrum);
      });
  const at::Tensor scale = (squares / static_cast<double>(period.size() * grid.cells())).sqrt();
  const at::Tensor scale_product = at::outer(scale, scale).reshape({1, variables, variables, 1});

  const std::vector<std::int64_t> covariance_shape{window, variables, variables, grid.ny(), grid.nx()};
  GaussianFitQuality quality = choose_shrinkage((fitted.estimate() / scale_product).reshape(covariance_shape),
                                                held_out, scale_product);
  fitted.merge(held_out);
  const at::Tensor covariance = (fitted.estimate() / scale_product).reshape(covariance_shape);
  const at::Tensor shrunk =
      covariance * (1 - quality.shrinkage) + isotropic_mean(covariance) * quality.shrinkage;

  return {Domain{reader.variables(), grid, calendar, reader.step_seconds(),
                 Normalisation::anomaly(climatology, scale), quantiles.quantiles()},
          shrunk, quality};
}

}  // namespace foehn::model
