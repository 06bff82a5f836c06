#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "foehn/model/climatology.hpp"
#include "foehn/model/deviation.hpp"
#include "foehn/model/gaussian_fit.hpp"

namespace foehn::model {

/// Chooses how anomalies vary with cell, hour of day and season by cross-validation.
///
/// The squares of anomalies are fitted by the harmonics of a climatology, cell by cell; their mean is
/// smoothed over cells by one width, and their cycles, as parts of the mean, by others or left out. Taken for
/// each variable is what makes the anomalies of hours left out likeliest, as independent normal values.
class DeviationEstimator {
 public:
  /// @param shape  {variables, ny, nx}
  /// @param folds  of the cross-validation
  DeviationEstimator(const std::vector<Harmonic>& harmonics, const std::vector<std::int64_t>& shape,
                     std::int64_t folds, bool has_rows);

  /// @param anomaly  [variable, y, x], physical units, from a climatology that does not know its hour
  /// @param keeps    whether the choice is made by this one too: a copy stays in memory
  void add(const at::Tensor& anomaly, std::int64_t seconds, calendar::Calendar calendar, std::size_t fold,
           bool keeps);
  /// The root-mean-square anomaly of each variable.
  at::Tensor scale() const;
  /// One choice per variable.
  std::vector<DeviationChoice> choose() const;
  /// The deviation relative to a scale; none where every variable's is one for all cells and instants.
  std::optional<Deviation> estimate(const std::vector<DeviationChoice>& choices,
                                    const at::Tensor& scale) const;

 private:
  struct Kept {
    at::Tensor anomaly;
    std::int64_t seconds;
    calendar::Calendar calendar;
    std::size_t fold;
  };
  /// Mean log-likelihood of the anomalies kept under the deviation of the other folds, one per variable.
  at::Tensor likelihood(const std::vector<Climatology>& without_fold,
                        const std::vector<DeviationChoice>& choices) const;

  std::vector<Harmonic> harmonics_;
  std::vector<std::int64_t> shape_;
  bool has_rows_;
  std::vector<ClimatologyEstimator> squares_;  // of each fold
  std::vector<Kept> kept_;
  at::Tensor sum_;  // of squares, [variable]
  std::int64_t count_ = 0;
};

/// A smooth mean of fields over the neighbourhood of each cell, reflected at the borders.
/// @param fields  [..., y, x], float64
/// @param width   standard deviation of the weights in cells; infinite: the mean over all cells
at::Tensor smoothed(const at::Tensor& fields, double width);

}  // namespace foehn::model
