#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "evaluation/daily_statistics.hpp"
#include "evaluation/distribution_distances.hpp"
#include "evaluation/field_statistics.hpp"
#include "evaluation/local_climate.hpp"
#include "evaluation/precipitation_statistics.hpp"
#include "evaluation/projected_distributions.hpp"
#include "evaluation/storm_tracks.hpp"
#include "evaluation/storms.hpp"
#include "evaluation/temperature_indices.hpp"
#include "evaluation/wind_and_pressure.hpp"
#include "evaluation/wind_statistics.hpp"
#include "evaluation/wind_variables.hpp"
#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Everything that is gathered of one trajectory, as far as its variables allow.
class OneTrajectory {
 public:
  /// @param middles  near the middle of each variable's values; the same for all trajectories
  /// @param climate  of the truth; null: not known
  /// All outlive this.
  OneTrajectory(const Sources& sources, const PowerCurve& curve, const std::vector<double>& middles,
                const LocalClimate* climate);

  /// Adds the next hour. @param fields  [variable, y, x]
  void add(std::int64_t hour, std::span<const double> fields);
  /// Ends a block of hours, which bootstrap samples are drawn from; the last one ends by finish().
  /// @param end  the first hour behind it
  void end_block(std::int64_t end);
  TrajectorySummary finish();

  /// Those statistics that follow from sums over blocks of hours, first of all blocks, then of each bootstrap
  /// sample; empty where there are too few blocks. @pre finish()
  std::vector<TrajectorySummary> resampled(const BootstrapOptions& options) const;
  /// What its distance from the truth is found by; empty where the truth's climate is not known.
  /// @pre finish()
  std::vector<double> distributions() const;

  /// The variables whose distributions these are.
  static std::vector<ComparedVariable> compared_variables(const Sources& sources,
                                                          const std::vector<double>& middles);

 private:
  /// What is gathered of each variable.
  struct OfVariable {
    FieldStatistics field;
    DailyStatistics daily;
    std::optional<TemperatureIndices> indices;
    std::optional<PrecipitationStatistics> precipitation;
  };
  /// What is gathered of the wind's two components.
  struct OfWind {
    GridWind wind;
    CentralDifferences differences;
    FieldStatistics divergence, curl;
  };
  /// What a block of hours gives.
  struct Block {
    std::int64_t end = 0;
    std::vector<double> sums;     ///< of this block and all before it
    Distributions distributions;  ///< of compared variables, in kBlockSteps
  };
  void add_wind(const calendar::DateTime& date, std::int64_t hour, std::span<const double> fields,
                std::span<const double> pressure);
  /// Calls `visit` for each part whose sums add up over hours, always in the same order.
  template <class Self, class F>
  static void visit_parts(Self& self, F&& visit);
  /// The variables whose distributions are compared.
  std::vector<const FieldStatistics*> compared() const;
  /// The sums of each block by itself.
  std::vector<std::vector<double>> sums_by_block() const;
  std::vector<Distributions> distributions_by_block() const;
  TrajectorySummary finish_sums(std::span<const double> sums, const Distributions& distributions) const;
  void add_years(const BootstrapOptions& options, std::vector<TrajectorySummary>& summaries) const;

  const Sources& sources_;
  std::size_t cells_;
  std::vector<OfVariable> variables_;
  std::optional<WindVariables> wind_;
  std::optional<FieldStatistics> speed_;
  std::optional<WindStatistics> power_;
  std::optional<SeaLevelPressure> pressure_;
  std::optional<OfWind> components_;
  std::optional<GeostrophicConsistency> geostrophic_;
  std::optional<Storms> storms_;
  std::optional<StormTracks> tracks_;
  std::optional<ProjectedDistributions> projections_;
  std::vector<Block> blocks_;
};

}  // namespace foehn::evaluation
