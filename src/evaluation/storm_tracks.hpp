#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/field_statistics.hpp"
#include "evaluation/sum_reader.hpp"
#include "evaluation/trajectory_summary.hpp"
#include "foehn/grid/grid.hpp"

namespace foehn::evaluation {

/// Lows of one trajectory, followed through time.
///
/// The centre of a low is a cell off the grid's border whose pressure at sea level is not above that of any
/// of its eight neighbours and lies 1 hPa or more below the mean within 500 km; of centres within 500 km of
/// each other the deepest is taken. From one step to the next, centre and track that are nearest to each
/// other are joined first, as far as the low then moves by no more than 120 km h-1 (or two cells, where steps
/// are short). Tracks of less than 24 h are left out.
class StormTracks {
 public:
  StormTracks(const grid::Grid& grid, const TrajectoryShape& shape);

  /// Adds the next hour. @param pressure  Pa, [cell]; an hour with NaN ends all tracks
  void add(std::span<const double> pressure);
  /// Ends the tracks that are still open.
  void end();
  void append_sums(std::vector<double>& sums) const;
  /// `number` (per 30 days), and as means over the tracks `duration` (h), `speed` (km h-1), `lowest_pressure`
  /// (Pa) and `deepening` (largest fall of the pressure within 24 h, Pa) of `storm_tracks`, out of such sums;
  /// a track is of the hours in which it ends.
  void finish_sums(SumReader& sums, TrajectorySummary& summary) const;
  void finish(TrajectorySummary& summary);

 private:
  struct Track {
    std::size_t centre = 0;         ///< the latest
    double distance = 0;            ///< km along the track
    std::vector<double> pressures;  ///< Pa, step by step
  };
  std::vector<std::size_t> centres(std::span<const double> pressure) const;
  bool is_minimum(std::span<const double> pressure, std::size_t cell) const;
  bool is_deep(std::span<const double> pressure, std::size_t cell) const;
  double farthest(std::size_t cell) const;
  void end(const Track& track);

  grid::Geographic cells_;
  std::size_t ny_, nx_;
  double step_hours_;
  std::vector<Track> open_;
  double steps_ = 0;                                                           ///< with pressure everywhere
  double tracks_ = 0, hours_ = 0, distance_ = 0, lowest_ = 0, deepening_ = 0;  ///< sums over tracks
};

}  // namespace foehn::evaluation
