#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "foehn/io/field_reader.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::model {

struct GaussianFitOptions {
  std::int64_t markov_order = 6;  ///< k; windows span 2k + 1 hours
  /// Of the period, at its end: the first half chooses the shrinkage, the second is scored.
  double held_out_fraction = 0.25;
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
};

/// @throws core::Error if the period has too few hours for the window
void check_fit(io::IndexRange period, const GaussianFitOptions& options);

/// Estimates a Gaussian prior from a reanalysis in two passes and bounded memory.
///
/// First pass: climatology and range; second: quantiles, scales and, for every spatial mode, the covariance
/// by lag of the anomalies' cosine transform. Each mode's covariance is shrunk towards the mean over modes of
/// similar wavenumber (an isotropic target) by one weight, chosen where the likelihood of the held-out hours
/// is highest.
///
/// A climatology lies nearer to the hours it was estimated from than to others, the more so the shorter the
/// record. So that a prior is not over-confident of other hours, its anomalies are scaled to the
/// root-mean-square of those by cross-validation: each eighth of the hours (in blocks of ten days, or one
/// block where the record is short) by the climatology of the rest.
///
/// @param period    instants of the reader to use
/// @param advanced  called with the number of instants read, for progress; 2 * period.size() in all
/// @throws core::Error if the period has too few hours, or a variable does not vary
GaussianFit fit_gaussian_prior(const io::FieldReader& reader, io::IndexRange period,
                               const GaussianFitOptions& options,
                               const std::function<void(std::int64_t)>& advanced);

}  // namespace foehn::model
