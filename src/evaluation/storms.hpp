#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/field_statistics.hpp"
#include "evaluation/sum_reader.hpp"
#include "evaluation/trajectory_summary.hpp"
#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// The deepest lows of one trajectory: one for every 30 days, two days or more apart, 24 at most. The centre
/// of an hour's low is the cell of the lowest pressure at sea level, and must not lie on the grid's border;
/// its wind is the strongest within 500 km.
class Storms {
 public:
  Storms(const grid::Grid& grid, const TrajectoryShape& shape);

  /// Adds the next hour. @param pressure  Pa  @param speed  m s-1, both [cell]; hours with NaN are left out
  void add(std::int64_t hour, std::span<const double> pressure, std::span<const double> speed);
  /// Appends the sums of the lows of the hours [first, last).
  void append_sums(std::int64_t first, std::int64_t last, std::vector<double>& sums) const;
  /// `pressure` (mean over the lows), `wind` (mean of the strongest) and `wind_distance` (mean distance of
  /// the strongest wind from the centre) of `storms`, out of such sums; NaN where there is none.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  /// These, and `deepest_pressure`.
  void finish(TrajectorySummary& summary) const;

 private:
  struct Low {
    std::int64_t hour = 0;
    double pressure = 0;  ///< Pa
    double wind = 0;      ///< m s-1
    double distance = 0;  ///< km
  };
  Low low_around(std::int64_t hour, std::size_t centre, std::span<const double> pressure,
                 std::span<const double> speed) const;
  void keep(const Low& low);
  /// Those that count: of the lows kept, one may be there only because the next one may be the same.
  std::vector<Low> deepest() const;

  grid::Geographic cells_;
  std::int64_t ny_, nx_;
  std::int64_t steps_apart_;
  std::size_t most_;
  std::vector<Low> lows_;  ///< in order of time
};

}  // namespace foehn::evaluation
