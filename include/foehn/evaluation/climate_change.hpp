#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace foehn::evaluation {

/// What is taken of the hours of a season, cell by cell. Minimum and maximum are those of a year, as means
/// over the calendar years: TNn and TXx of temperature. Quantiles err by less than a 64th of the range of a
/// cell's values in the season, mostly by a tenth of that.
enum class ClimateStatistic { mean, minimum, quantile_01, quantile_50, quantile_99, maximum };
/// The whole year, or three of its months by their initials; of DJF those of one calendar year.
enum class Season { year, djf, mam, jja, son };

inline constexpr std::array kClimateStatistics = {
    ClimateStatistic::mean,        ClimateStatistic::minimum,     ClimateStatistic::quantile_01,
    ClimateStatistic::quantile_50, ClimateStatistic::quantile_99, ClimateStatistic::maximum};
inline constexpr std::array kSeasons = {Season::year, Season::djf, Season::mam, Season::jja, Season::son};

/// How one statistic of one variable changes from the historical to the future period in one season, in the
/// variable's unit. Coarse fields are [y / block, x / block]; they are empty where the variable is not
/// observed, and NaN in cells without observations.
struct StatisticChange {
  std::size_t variable = 0;
  ClimateStatistic statistic = ClimateStatistic::mean;
  Season season = Season::year;
  std::vector<double> members;        ///< mean over the members, [y, x]
  std::vector<double> block_average;  ///< of `members`
  /// The change of the statistic of the members' block means at the observations' times, and of the
  /// observations themselves: what the driving model says.
  std::vector<double> block_means, driving_model;
  double mean = 0;  ///< of `members` over the domain
  /// Domain means of each future member, minus the mean of the historical ones.
  double lowest = 0, highest = 0;
};

/// A period whose climate is looked at.
struct ClimatePeriod {
  std::string first_time, last_time;
  std::int64_t hours = 0;
  std::int64_t members = 0;
  std::array<double, 12> month_parts{};  ///< of the hours
};

/// The climate-change signal of the members, beside that of the model that drives them.
struct ClimateChange {
  ClimatePeriod historical, future;
  /// By variable, statistic and season; seasons without hours in either period are left out.
  std::vector<StatisticChange> changes;
};

/// How far a change lies from the driving model's, over the coarse cells that have both.
struct ChangeDifference {
  double mean = 0;  ///< change minus the driving model's
  double rms = 0;
  std::optional<double> correlation;  ///< over cells; absent where either does not vary
};

/// Absent where the variable is not observed. @param change  as long as driving_model
std::optional<ChangeDifference> difference(const std::vector<double>& change,
                                           const std::vector<double>& driving_model);

/// Which month the periods have unlike parts of, as a sentence; nothing if they cover the year alike.
std::optional<std::string> uneven_cover(const ClimatePeriod& historical, const ClimatePeriod& future);

}  // namespace foehn::evaluation
