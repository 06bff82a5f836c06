#pragma once

#include <complex>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "evaluation/central_differences.hpp"
#include "evaluation/sum_reader.hpp"
#include "evaluation/trajectory_summary.hpp"
#include "foehn/core/units.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/variable.hpp"

namespace foehn::evaluation {

/// Which of some variables is the pressure at mean sea level; absent where none is.
class SeaLevelPressure {
 public:
  static std::optional<SeaLevelPressure> among(const std::vector<io::Variable>& variables);
  /// @param fields  [variable, cell] in the variables' units
  /// @return        Pa, [cell]
  std::vector<double> values(std::span<const double> fields, std::size_t cells) const;

 private:
  std::size_t place_ = 0;
  core::UnitConversion to_pascal_;
};

/// The two components of the wind at 10 m along the grid's own directions, whichever the variables are;
/// absent where they do not hold both.
class GridWind {
 public:
  static std::optional<GridWind> among(const std::vector<io::Variable>& variables, const grid::Grid& grid);

  struct Components {
    std::vector<double> u, v;  ///< m s-1, [cell]
  };
  /// @param fields  [variable, cell] in the variables' units
  Components values(std::span<const double> fields, std::size_t cells) const;

 private:
  std::size_t first_ = 0, second_ = 0;
  core::UnitConversion first_to_metres_, second_to_metres_;
  std::vector<double>
      angles_;  ///< from the variables' directions to the grid's, radians; empty: they are the same
};

/// How far the wind at 10 m of one trajectory follows its pressure: the vector correlation and regression of
/// the wind on the geostrophic wind (-dp/dy, dp/dx) / (density times Coriolis parameter), which take both as
/// complex numbers (Kundu 1976, doi:10.1175/1520-0485(1976)006<0238:EVOBTO>2.0.CO;2), over cells and hours.
/// Friction slows the wind and turns it towards low pressure: what matters is that members do as the truth
/// does. Latitudes below 15 degrees are left out.
class GeostrophicConsistency {
 public:
  explicit GeostrophicConsistency(const grid::Grid& grid);

  /// Adds the next hour. @param pressure  Pa, [cell]; cells with NaN around are left out
  void add(std::span<const double> pressure, const GridWind::Components& wind);
  void append_sums(std::vector<double>& sums) const;
  /// `geostrophic_correlation`, `geostrophic_ratio` (of the wind's speed to the geostrophic wind's) and
  /// `geostrophic_angle` (by which the wind is turned towards low pressure, degrees) of `wind`, out of such
  /// sums.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  void finish(TrajectorySummary& summary) const { finish_own_sums(*this, summary); }

 private:
  CentralDifferences differences_;
  std::vector<double> coriolis_;  ///< [cell], s-1
  double wind_squared_ = 0, geostrophic_squared_ = 0;
  std::complex<double> product_ = 0;  ///< of the wind and the geostrophic wind's conjugate
};

}  // namespace foehn::evaluation
