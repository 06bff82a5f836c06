#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "evaluation/field_statistics.hpp"
#include "evaluation/trajectory_summary.hpp"

namespace foehn::evaluation {

/// Return levels of one variable of one trajectory by generalised extreme value distributions, fitted to the
/// highest and the lowest values of years at up to 16 x 16 cells spread evenly, means over these. A year
/// counts with 350 whole days or more; fewer than ten years give no levels, nor do periods above twice the
/// years.
class AnnualExtremes {
 public:
  AnnualExtremes(std::string variable, std::string units, const TrajectoryShape& shape);

  /// Adds a whole day. @param high, low  highest and lowest values, [cell]; NaN is left out
  void add_day(std::int64_t year, std::span<const double> high, std::span<const double> low);
  /// Ends the last year.
  void end();
  /// How many years count.
  std::size_t years() const { return highest_.size(); }
  /// `gev_return_level_high` and `gev_return_level_low` by `return_years`.
  /// @param times  how often each year is taken
  void finish_years(const std::vector<std::int64_t>& times, TrajectorySummary& summary) const;

 private:
  std::vector<double> levels(const std::vector<std::vector<double>>& years,
                             const std::vector<std::int64_t>& times, double sign) const;

  std::string variable_, units_;
  std::vector<std::size_t> points_;  ///< cells
  std::optional<std::int64_t> year_;
  std::int64_t days_ = 0;                              ///< of the year so far
  std::vector<double> year_high_, year_low_;           ///< of the year so far, [point]
  std::vector<std::vector<double>> highest_, lowest_;  ///< [year][point]; NaN without values
};

}  // namespace foehn::evaluation
