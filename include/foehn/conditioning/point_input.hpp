#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/conditioning/period.hpp"
#include "foehn/conditioning/point_set.hpp"
#include "foehn/io/point_data.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

/// What the value of a field at a point is: that of the cell it lies in, or one between the four cells
/// around.
enum class Interpolation { nearest, bilinear };
/// What is withheld together: all values of a station, or all of a time.
enum class WithheldUnit { stations, times };

/// By which temperatures fall with height, K km-1: that of the International Standard Atmosphere.
inline constexpr double kLapseRate = 6.5;

struct PointOptions {
  std::vector<std::filesystem::path> files;
  Interpolation interpolation = Interpolation::bilinear;
  /// Of the errors of values that do not state it, one per variable, in its unit; absent: all state it.
  std::vector<std::optional<double>> std;
  // Likewise, of every value: the standard deviation of a station's constant bias, and the time in which its
  // errors forget each other (observation::CorrelatedErrors). Absent or none: there is no such dependence.
  std::vector<std::optional<double>> bias_std{}, correlation_hours{};
  /// With the heights of the domain's cells (read_heights); empty: none. Temperatures of stations whose
  /// height is known are then corrected to the height of the cells that their footprint has.
  std::filesystem::path orography{};
  double lapse_rate = kLapseRate;  ///< K km-1; 0: nothing is corrected
  /// With the shares of land of the domain's cells (read_land_shares); empty: none. Values are then those of
  /// cells that are land by half or more, among those around a place, and a place without such cells is at
  /// sea.
  std::filesystem::path land_mask{};
  double withheld = 0;  ///< share that is kept back to be scored, below 1
  WithheldUnit withheld_unit = WithheldUnit::stations;
  std::int64_t withheld_seed = 0;
};

/// What is known of the surface under the domain's cells, [y, x].
struct SurfaceFields {
  std::vector<double> heights;      ///< m; empty: not known
  std::vector<double> land_shares;  ///< empty: not known
};

/// Observations at points, of all files, where they lie in a trajectory.
struct PlacedPoints {
  std::vector<PointSet> used, withheld;
};

/// A run's observations at points. Of the root alone.
class PointInput {
 public:
  /// Reads the files.
  /// @param domain  outlives this
  /// @throws core::Error as io::read_points, read_heights and read_land_shares, or naming a file whose
  /// calendar
  ///         is not that of the others; for an orography where the files have no temperatures, or biases or
  ///         correlations of variables that they do not have
  PointInput(PointOptions options, const model::Domain& domain);

  const std::vector<std::filesystem::path>& files() const { return options_.files; }
  /// The first and last step of the prior that holds a value; their calendar is the files'.
  calendar::TimeAxis extent() const;
  /// Places all values: each goes to the nearest step, means and sums to whole steps. Values outside the
  /// trajectory, and places outside the domain or at sea, are left out, which the log says; so are all but
  /// the nearest of a place's values at one step, and those midway between two.
  ///
  /// With a share withheld, stations (or times) are ranked by the SHA-256 of the seed and their position (or
  /// date), and the first of them are kept back, as many as the share says, to the nearest whole number.
  /// @throws core::Error naming file, station and time of a value that is given twice, is far from all that
  ///         the prior knows or has no error; of an interval that is not one of steps; files that give
  ///         nothing; or a share that leaves nothing to be used, or withholds nothing
  PlacedPoints place(const Period& period) const;

 private:
  PointOptions options_;
  const model::Domain& domain_;
  std::vector<io::PointData> data_;
  SurfaceFields surface_;
};

}  // namespace foehn::conditioning
