#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace foehn::evaluation {

/// Sums of an error over cells and hours, in the variable's unit (or in standard deviations, as the caller
/// says), each with a weight.
struct ErrorSums {
  double count = 0;  ///< sum of weights
  double error = 0;
  double absolute = 0;
  double squared = 0;

  void add(double value, double weight = 1);
};

/// Mean absolute error, root-mean-square error and mean error (forecast minus truth).
struct ErrorScores {
  double mae = 0;
  double rmse = 0;
  double bias = 0;
};

/// NaN where nothing was counted.
ErrorScores finish(const ErrorSums& sums);

/// What one ensemble gives: the error of its mean, its fair CRPS and its unbiased variance (0 with one
/// member).
struct EnsembleScore {
  double error = 0;
  double fair_crps = 0;
  double variance = 0;
};

/// Sums of an ensemble's scores over cells and hours, each with a weight.
struct EnsembleSums {
  explicit EnsembleSums(std::int64_t members);

  /// Scores one ensemble for one true value.
  /// @param errors  every member minus the truth; put in ascending order
  EnsembleScore add(std::span<double> errors, double weight = 1);
  /// Counts an ensemble whose true value is not known: towards the spread alone.
  /// @return  its variance
  double add_without_truth(std::span<const double> values, double weight = 1);

  ErrorSums mean;        ///< of the ensemble mean
  double ensembles = 0;  ///< sum of weights
  double fair_crps = 0;  ///< stays 0 with one member
  double variance = 0;   ///< unbiased; stays 0 with one member
  std::vector<double>
      ranks;  ///< [members + 1] with what weight so many members lie below the truth; ties are shared out
};

/// Scores of an ensemble; those that need several members are absent with one.
struct EnsembleScores {
  ErrorScores mean;                 ///< of the ensemble mean; NaN without true values, as all that needs them
  std::optional<double> fair_crps;  ///< needs two members
  std::optional<double> spread;     ///< root of the mean unbiased variance; needs two members
  /// sqrt((M + 1) / M) spread / RMSE of the mean: 1 where truth and members are exchangeable (Fortin et al.
  /// 2014). Needs two members and an error that is not zero.
  std::optional<double> spread_skill;
  /// spread / sqrt(MSE - V / M), V being the mean unbiased variance: the same without the error that a mean
  /// of M members makes by chance, which draws the first ratio towards 1. Needs that difference to be
  /// positive.
  std::optional<double> debiased_spread_skill;
  std::vector<double> rank_histogram;  ///< [members + 1] frequencies, sum 1; empty without true values
};

/// @pre sums.ensembles > 0
EnsembleScores finish(const EnsembleSums& sums);

/// Histogram of the probability integral transform: rank r of M members stands for [r, r + 1] / (M + 1),
/// evenly (Czado et al. 2009, doi:10.1111/j.1541-0420.2009.01191.x, without random numbers). Comparable
/// whatever M.
/// @return  [bins] frequencies, of the same sum
std::vector<double> pit_histogram(std::span<const double> rank_histogram, std::size_t bins);
inline constexpr std::size_t kPitBins = 20;

/// Fair continuous ranked probability score (Ferro 2014, doi:10.1002/qj.2270) of M members for one value:
/// mean |e_i| - 1/(2 M (M - 1)) sum_ij |e_i - e_j|, e_i = x_i - y. Its expectation does not depend on M.
///
/// @param ascending_errors  members minus truth in ascending order; at least two
double fair_crps(std::span<const double> ascending_errors);

}  // namespace foehn::evaluation
