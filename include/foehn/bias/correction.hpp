#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "foehn/bias/calibration.hpp"
#include "foehn/bias/cumulative_histogram.hpp"

namespace foehn::bias {

/// What becomes of values beyond those that the simulation had in the calibration.
enum class Extrapolation {
  constant_correction,  ///< the difference (or factor) at the nearer end of the simulation's range goes on
  clamp,                ///< they become the mapping's least or greatest value, as in python-cmethods
};

/// Corrects one variable of a simulation, instant by instant.
///
/// With F the distribution functions of observations (o), simulation (h) and scenario (p), piecewise linear
/// over bins of equal width (CumulativeHistogram), and m the mean of the slot:
/// - quantile mapping (QM): F_o^-1(F_h(x)). With `clamp` and records of one length it is the
///   `quantile_mapping` of python-cmethods, whose "+" and "*" are the same; without, the kinds differ beyond
///   the simulation's range.
/// - detrended quantile mapping (DQM): d + QM(x - d), d = m_p - m_h; multiplicative: f QM(x / f),
///   f = m_p / m_h. Source: Cannon et al. 2015 (J. Climate 28, 6938).
/// - quantile delta mapping (QDM): x + F_o^-1(t) - F_h^-1(t), t = F_p(x); multiplicative:
///   x F_o^-1(t) / F_h^-1(t). It keeps the change of every quantile. Beyond the scenario's range the
///   correction is that at its end. Source: as above.
///
/// QM may bend a trend; DQM keeps that of the mean, QDM that of every quantile. The scenario's statistics may
/// be of the whole scenario or of a period around what is corrected (a Correction for each).
///
/// A multiplicative correction keeps zeros wherever the observations reach into the lowest bin.
class Correction {
 public:
  /// @throws Error as check_calibration
  static Correction quantile_mapping(const Calibration& calibration,
                                     Extrapolation extrapolation = Extrapolation::constant_correction);
  /// @param scenario  laid out as the calibration; months that are not corrected may be empty
  /// @throws Error as check_calibration, for the scenario too, or for a layout that differs
  static Correction detrended_quantile_mapping(
      const Calibration& calibration, const Summary& scenario,
      Extrapolation extrapolation = Extrapolation::constant_correction);
  /// @param scenario  as above; in bins of its own (scenario_bins)
  static Correction quantile_delta_mapping(const Calibration& calibration, const Distribution& scenario);

  /// Corrects one instant in place; NaN is missing, and stays.
  /// @param field    [cell], in the variable's unit
  /// @param seconds  since 1970-01-01 of the calendar
  /// @throws Error for a field of another size, an infinite value, a negative value where the kind is
  ///         multiplicative, or a value of a month or cell that the simulation's or the scenario's statistics
  ///         lack; the field is then half corrected
  void apply(std::span<float> field, std::int64_t seconds, calendar::Calendar calendar);
  void apply(std::span<double> field, std::int64_t seconds, calendar::Calendar calendar);

  /// Values so far that lay beyond the range of the statistics (of the simulation; of the scenario with QDM).
  std::int64_t extrapolated() const { return extrapolated_; }

 private:
  Correction(const Calibration& calibration, Extrapolation extrapolation);
  template <class Value>
  void apply_field(std::span<Value> field, std::int64_t seconds, calendar::Calendar calendar);
  double map(std::int64_t slot, double value);
  double map_within(std::int64_t slot, double value) const;
  double map_change(std::int64_t slot, double value);
  double corrected(std::int64_t slot, double value);

  Layout layout_;
  Kind kind_;
  Extrapolation extrapolation_;
  CumulativeHistogram observed_;
  CumulativeHistogram simulated_;
  std::vector<double> simulated_count_;          // [slot]
  std::vector<double> least_;                    // [slot], of the values that are not extrapolated
  std::vector<double> greatest_;                 // [slot]
  std::vector<double> change_;                   // [slot], of the mean, with DQM: a difference or a factor
  std::optional<CumulativeHistogram> scenario_;  // with QDM
  std::vector<double> scenario_count_;           // [slot], with DQM and QDM
  std::int64_t extrapolated_ = 0;
};

}  // namespace foehn::bias
