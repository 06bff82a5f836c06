#include "foehn/model/gaussian_fit.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <vector>

#include "deviation_fit.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/model/gaussian_prior.hpp"
#include "foehn/model/transformed_fields.hpp"
#include "held_out_choice.hpp"
#include "lag_covariance.hpp"

namespace foehn::model {

namespace {

constexpr std::int64_t kHoursAtOnce = 64;
constexpr std::int64_t kHistogramBins = 1 << 16;
constexpr std::int64_t kValuesThatChoose = 1 << 23;
// Of the cross-validation.
constexpr std::int64_t kFolds = 8;
constexpr std::int64_t kMostFoldSeconds = 10 * calendar::kSecondsPerDay;
constexpr std::int64_t kWindowsThatChoose = 8;  // one after the other, of hours held out
constexpr std::array<std::int64_t, 8> kMarkovOrders{1, 2, 3, 4, 6, 8, 10, 12};

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

/// The products of two variables' scales, to divide covariances [lag, variable, variable, mode] by.
at::Tensor products(const at::Tensor& scale) {
  return at::outer(scale, scale).reshape({1, scale.size(0), scale.size(0), 1});
}

std::int64_t held_out_hours(io::IndexRange period, const GaussianFitOptions& options) {
  return std::llround(options.held_out_fraction * static_cast<double>(period.size()));
}

/// Does a period have enough hours for windows of an order?
bool suffices(io::IndexRange period, const GaussianFitOptions& options, std::int64_t markov_order) {
  const std::int64_t held_out = held_out_hours(period, options);
  return std::min(held_out, period.size() - held_out) >= 2 * (2 * markov_order + 1);
}

/// The Markov orders to choose from, rising: the one that is given, or those that the period suffices for,
/// with windows enough to choose by.
std::vector<std::int64_t> orders_to_try(io::IndexRange period, const GaussianFitOptions& options) {
  if (options.markov_order) return {*options.markov_order};
  std::vector<std::int64_t> orders(kMarkovOrders.begin(), kMarkovOrders.end());
  const std::int64_t longest = held_out_hours(period, options) / kWindowsThatChoose;
  std::erase_if(orders,
                [&](std::int64_t order) { return order > kMarkovOrders.front() && 2 * order + 1 > longest; });
  return orders;
}

/// A record to fit to.
struct Record {
  const io::FieldReader& reader;
  io::IndexRange period;
  std::int64_t first_held_out;
  const TransformedFields& transformed;
  const std::function<void(std::int64_t)>& advanced;

  std::vector<std::int64_t> shape() const {
    return {static_cast<std::int64_t>(reader.variables().size()), reader.grid().ny(), reader.grid().nx()};
  }
  calendar::Calendar calendar() const { return reader.times().calendar; }
  Folds folds() const { return {period, reader.step_seconds()}; }
  /// That a climatology of the hours up to one can tell apart.
  std::vector<Harmonic> harmonics(std::int64_t last) const {
    return harmonics_for(reader.step_seconds(), (last - period.first) * reader.step_seconds());
  }
  /// Calls `use(fields, seconds, hour)` for every instant of the period, fields [variable, y, x],
  /// transformed.
  template <class Use>
  void for_each(Use&& use) const {
    for_each_hour(reader, period, advanced,
                  [&](const at::Tensor& fields, std::int64_t seconds, std::int64_t hour) {
                    use(transformed.at(fields, hour), seconds, hour);
                  });
  }
};

/// What the first pass finds. For the score, nothing may be known of the hours held out; the prior itself is
/// fitted to all of them after that.
struct Means {
  Climatology whole, of_fitted;
  std::vector<Climatology> without_fold;
  at::Tensor minimum, maximum;  // [variable]
};

Means find_means(const Record& record) {
  const std::vector<std::int64_t> shape = record.shape();
  const Folds folds = record.folds();
  ClimatologyEstimator fitted(record.harmonics(record.first_held_out), shape);
  std::vector<ClimatologyEstimator> of_folds;
  for (std::int64_t i = 0; i < kFolds; ++i)
    of_folds.emplace_back(record.harmonics(record.period.last), shape);
  at::Tensor minimum = at::full({shape[0]}, std::numeric_limits<double>::infinity(), at::kDouble);
  at::Tensor maximum = -minimum;
  record.for_each([&](const at::Tensor& fields, std::int64_t seconds, std::int64_t hour) {
    if (hour < record.first_held_out) fitted.add(fields, seconds, record.calendar());
    of_folds[folds.of(hour)].add(fields, seconds, record.calendar());
    minimum = at::minimum(minimum, fields.flatten(1).amin(1).to(at::kDouble));
    maximum = at::maximum(maximum, fields.flatten(1).amax(1).to(at::kDouble));
  });
  for (std::int64_t i = 0; i < shape[0]; ++i)
    if (minimum[i].item<double>() == maximum[i].item<double>())
      throw core::Error(fmt::format("variable '{}' does not vary: every value is {}",
                                    record.reader.variables()[static_cast<std::size_t>(i)].name,
                                    minimum[i].item<double>()));
  Means means{ClimatologyEstimator::estimate_without(of_folds, of_folds.size()),
              fitted.estimate(),
              {},
              minimum,
              maximum};
  for (std::size_t left_out = 0; left_out < of_folds.size(); ++left_out)
    means.without_fold.push_back(ClimatologyEstimator::estimate_without(of_folds, left_out));
  return means;
}

/// What the second pass finds. Scale and deviation are those of cross-validated anomalies.
struct Deviations {
  at::Tensor scale;      // [variable]
  at::Tensor quantiles;  // as in Domain
  std::vector<DeviationChoice> choices;
  std::optional<Deviation> whole, of_fitted;
};

/// By how many hours those lie apart that choose: enough values to choose by, of all hours of the day.
std::int64_t choosing_stride(const Record& record) {
  const std::vector<std::int64_t> shape = record.shape();
  const std::int64_t values = record.period.size() * shape[0] * shape[1] * shape[2];
  const std::int64_t a_day =
      std::max<std::int64_t>(1, calendar::kSecondsPerDay / record.reader.step_seconds());
  std::int64_t stride = (values + kValuesThatChoose - 1) / kValuesThatChoose;
  while (std::gcd(stride, a_day) != 1) ++stride;
  return stride;
}

Deviations find_deviations(const Record& record, const Means& means, bool may_deviate) {
  const std::vector<std::int64_t> shape = record.shape();
  const Folds folds = record.folds();
  QuantileEstimator quantiles(means.minimum, means.maximum);
  const bool has_rows = !record.reader.grid().unstructured;
  DeviationEstimator whole(record.harmonics(record.period.last), shape, kFolds, has_rows);
  DeviationEstimator fitted(record.harmonics(record.first_held_out), shape, 1, has_rows);
  const std::int64_t stride = choosing_stride(record);
  record.for_each([&](const at::Tensor& fields, std::int64_t seconds, std::int64_t hour) {
    quantiles.add(fields);
    const std::size_t fold = folds.of(hour);
    whole.add(fields.to(at::kDouble) - means.without_fold[fold].at(seconds, record.calendar()), seconds,
              record.calendar(), fold, may_deviate && (hour - record.period.first) % stride == 0);
    if (hour < record.first_held_out)
      fitted.add(fields.to(at::kDouble) - means.of_fitted.at(seconds, record.calendar()), seconds,
                 record.calendar(), 0, false);
  });
  Deviations found{whole.scale(),
                   // A rising function takes quantiles to quantiles.
                   observation::invert(record.transformed.transforms(), quantiles.quantiles()),
                   std::vector<DeviationChoice>(static_cast<std::size_t>(shape[0])),
                   {},
                   {}};
  if (!may_deviate) return found;
  found.choices = whole.choose();
  found.whole = whole.estimate(found.choices, found.scale);
  found.of_fitted = fitted.estimate(found.choices, found.scale);
  return found;
}

}  // namespace

void check_fit(io::IndexRange period, const GaussianFitOptions& options) {
  const std::int64_t order = options.markov_order.value_or(kMarkovOrders.front()), window = 2 * order + 1;
  const std::int64_t held_out = held_out_hours(period, options), fitted = period.size() - held_out;
  if (!suffices(period, options, order))
    throw core::Error(fmt::format(
        "too few steps for windows of {}: found {} to fit and {} held out, expected at least {} and {}",
        window, fitted, held_out, 2 * window, 2 * window));
}

Domain fit_domain(const io::FieldReader& reader, io::IndexRange period, bool may_deviate,
                  const std::function<void(std::int64_t)>& advanced) {
  const TransformedFields transformed;  // none is
  const Record record{reader, period, period.last, transformed, advanced};
  const Means means = find_means(record);
  const Deviations deviations = find_deviations(record, means, may_deviate);
  return {reader.variables(),
          reader.grid(),
          record.calendar(),
          reader.step_seconds(),
          Normalisation::anomaly(means.whole, deviations.scale, deviations.whole),
          deviations.quantiles};
}

GaussianFit fit_gaussian_prior(const io::FieldReader& reader, io::IndexRange period,
                               const GaussianFitOptions& options,
                               const std::function<void(std::int64_t)>& advanced) {
  check_fit(period, options);
  grid::require_rows(reader.grid(),
                     "the Gaussian prior is diagonal in the cosine transform of rows and columns");
  const TransformedFields transformed(reader, period, options.transforms, advanced);
  const Record record{reader, period, period.last - held_out_hours(period, options), transformed, advanced};
  const Means means = find_means(record);
  const Deviations deviations = find_deviations(record, means, options.may_deviate);
  const auto normalisation = [&](const Climatology& climatology, const std::optional<Deviation>& deviation) {
    return Normalisation::anomaly(climatology, deviations.scale, deviation, options.transforms);
  };
  const Normalisation of_whole = normalisation(means.whole, deviations.whole),
                      of_fitted = normalisation(means.of_fitted, deviations.of_fitted);

  const grid::Grid& grid = reader.grid();
  const std::vector<std::int64_t> orders = orders_to_try(period, options);
  const std::int64_t longest = 2 * orders.back() + 1, variables = record.shape()[0];
  const auto estimator = [&] { return LagCovarianceEstimator(longest, variables, grid.cells()); };
  LagCovarianceEstimator whole = estimator(), fitted = estimator(), choosing = estimator(),
                         scoring = estimator();
  const std::int64_t first_scored = (record.first_held_out + period.last) / 2;
  const at::Tensor transform_y = cosine_transform(grid.ny()), transform_x = cosine_transform(grid.nx());
  record.for_each([&](const at::Tensor& fields, std::int64_t seconds, std::int64_t hour) {
    const auto spectrum = [&](const Normalisation& expected) {
      const at::Tensor anomaly = expected.normalise_transformed(fields, seconds, record.calendar());
      return at::matmul(transform_y, at::matmul(anomaly, transform_x.t())).flatten(1);
    };
    whole.add(spectrum(of_whole));
    (hour < record.first_held_out ? fitted
     : hour < first_scored        ? choosing
                                  : scoring)
        .add(spectrum(of_fitted));
  });

  // Normalised anomalies of the hours that the climatology was estimated from are smaller than 1.
  const std::vector<std::int64_t> covariance_shape{longest, variables, variables, grid.ny(), grid.nx()};
  const auto of_unit_variance = [&](const LagCovarianceEstimator& estimated, const at::Tensor& scale) {
    return (estimated.estimate() / products(scale)).reshape(covariance_shape);
  };
  const at::Tensor scale_of_fitted = fitted.root_mean_square(), scale = whole.root_mean_square();
  const at::Tensor of_fitted_part = of_unit_variance(fitted, scale_of_fitted);
  const HeldOut held_out{choosing.unbiased_estimate() / products(scale_of_fitted),
                         scoring.unbiased_estimate() / products(scale_of_fitted), scoring.count()};
  const std::int64_t order = choose_markov_order(of_fitted_part, held_out, orders), window = 2 * order + 1;
  const GaussianFitQuality quality = choose_shrinkage(of_fitted_part, held_out, window);
  const at::Tensor covariance = of_unit_variance(whole, scale).narrow(0, 0, window);
  const at::Tensor shrunk =
      covariance * (1 - quality.shrinkage) + isotropic_mean(covariance) * quality.shrinkage;
  return {Domain{reader.variables(), grid, record.calendar(), reader.step_seconds(), of_whole,
                 deviations.quantiles},
          shrunk, 1 / scale, quality, deviations.choices};
}

}  // namespace foehn::model
