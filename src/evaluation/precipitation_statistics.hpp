#pragma once

#include <optional>
#include <span>
#include <string>

#include "evaluation/field_statistics.hpp"
#include "evaluation/spells.hpp"
#include "evaluation/sum_reader.hpp"
#include "foehn/core/units.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::evaluation {

/// What makes mm h-1 of a variable that is an intensity of precipitation (precipitation_flux,
/// lwe_precipitation_rate); absent of any other.
std::optional<core::UnitConversion> to_millimetres_per_hour(const io::Variable& variable);

/// How often and for how long it rains in one trajectory, cell by cell: an hour (or a step, where these are
/// longer) is wet from 0.1 mm h-1 on.
class PrecipitationStatistics {
 public:
  /// @param to_millimetres  per hour, of the variable's values
  PrecipitationStatistics(std::string variable, const core::UnitConversion& to_millimetres,
                          const TrajectoryShape& shape);

  /// Adds the next hour. @param field  [cell]; NaN is neither wet nor dry, and ends a spell
  void add(std::span<const double> field);
  /// Ends the spells that are still open.
  void end();
  void append_sums(std::vector<double>& sums) const;
  /// `dry_hour_fraction`, `wet_intensity` (mean of the wet hours, mm h-1) and `wet_spell_mean` (h), out of
  /// such sums; a spell is of the hours in which it ends.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  /// These, and `wet_spell_longest` and `dry_spell_longest` (h).
  void finish(TrajectorySummary& summary);

 private:
  void add_to(TrajectorySummary& summary, bool has_hours, const char* name, const char* units,
              const std::string& meaning, double value) const;

  std::string variable_;
  core::UnitConversion to_millimetres_;
  double step_hours_;
  std::int64_t hours_ = 0;  ///< that are wet or dry, of all cells
  Moments wet_hours_;       ///< their intensities
  Spells wet_, dry_;
};

}  // namespace foehn::evaluation
