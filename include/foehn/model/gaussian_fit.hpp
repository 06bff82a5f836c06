#pragma once

#include <ATen/core/Tensor.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <vector>

#include "foehn/io/field_reader.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::model {

struct GaussianFitOptions {
  /// k; windows span 2k + 1 hours. Absent: chosen, as the shortest that denoise next to as well as any.
  std::optional<std::int64_t> markov_order;
  /// Of the period, at its end: the first half chooses the shrinkage, the second is scored.
  double held_out_fraction = 0.25;
  /// Whether anomalies may be normalised by a deviation that differs between cells and instants.
  bool may_deviate = true;
  /// Of the reader's variables; empty: none. Dry values are drawn (TransformedFields).
  observation::Transforms transforms = {};
};

/// How the deviation of a variable was found to vary.
struct DeviationChoice {
  /// Smoothing of its mean over time, as the standard deviation of the weights in cells; infinite: one for
  /// all cells.
  double mean_width = std::numeric_limits<double>::infinity();
  /// The same of its cycles, which are parts of the mean; absent: none.
  std::optional<double> day_width = {}, year_width = {};
  double gain = 0;  ///< over one for all, in cross-validated log-likelihood of a value as an independent one

  bool is_one_for_all() const { return std::isinf(mean_width) && !day_width && !year_width; }
};

/// How well a Gaussian prior of the period's first part fits the hours held out.
struct GaussianFitQuality {
  double shrinkage = 0;  ///< weight of the isotropic target, 0 to 1, chosen by held-out likelihood
  std::int64_t held_out_hours = 0;
  double held_out_log_likelihood = 0;  ///< mean of a value in a window, in nats, normalised units
  double climatology_log_likelihood =
      0;                         ///< the same, of independent normal values with the anomalies' variance
  double normalised_square = 0;  ///< mean of x^T S^-1 x a value; 1 where the spread is right
};

struct GaussianFit {
  Domain domain;
  at::Tensor lag_covariance;  ///< as in GaussianPrior, from the whole period
  /// [variable]: by how much the anomalies of hours that the climatology does not know are larger than those
  /// of the hours it was estimated from; the domain's scale has it in it.
  at::Tensor inflation;
  GaussianFitQuality quality;
  std::vector<DeviationChoice> deviation;  ///< of each variable
};

/// How often a fit reads its period.
inline constexpr std::int64_t kFitPasses = 3;

/// How often a fit of a domain alone does.
inline constexpr std::int64_t kDomainPasses = 2;

/// What anomalies are normalised by, without a prior: the first two passes of fit_gaussian_prior, over all of
/// the period, for any grid.
/// @param may_deviate  as GaussianFitOptions'; without rows and columns a cell's deviation is its own, or one
/// for all
/// @param advanced     called with the number of instants read; kDomainPasses * period.size() in all
/// @throws core::Error if a variable does not vary
Domain fit_domain(const io::FieldReader& reader, io::IndexRange period, bool may_deviate,
                  const std::function<void(std::int64_t)>& advanced);

/// @throws core::Error if the period has too few hours for the window, or the shortest one to choose from
void check_fit(io::IndexRange period, const GaussianFitOptions& options);

/// Estimates a Gaussian prior from a reanalysis in three passes and bounded memory.
///
/// First pass: climatology and range; second: quantiles, scale and deviation; third: for every spatial mode,
/// the covariance by lag of the cosine transform of normalised anomalies. Each mode's covariance is shrunk
/// towards the mean over modes of similar wavenumber (an isotropic target) by one weight, chosen where the
/// likelihood of the held-out hours is highest. Where the Markov order is to be chosen, so is that, by how
/// well the held-out hours are denoised.
///
/// A climatology lies nearer to the hours it was estimated from than to others, the more so the shorter the
/// record. So that a prior is not over-confident of other hours, its anomalies are scaled to the
/// root-mean-square of those by cross-validation: each eighth of the hours (in blocks of ten days, or one
/// block where the record is short) by the climatology of the rest.
///
/// @param period    instants of the reader to use
/// How anomalies vary from cell to cell, over the day and over the year is fitted to their squares, smoothed
/// over cells, and taken as far as it makes hours left out likelier, by cross-validation too.
///
/// @param advanced  called with the number of instants read, for progress; kFitPasses * period.size() in all
/// @throws core::Error if the grid has no rows and columns, the period has too few hours, or a variable does
/// not vary
GaussianFit fit_gaussian_prior(const io::FieldReader& reader, io::IndexRange period,
                               const GaussianFitOptions& options,
                               const std::function<void(std::int64_t)>& advanced);

}  // namespace foehn::model
