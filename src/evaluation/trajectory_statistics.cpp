#include "evaluation/trajectory_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <optional>

#include "evaluation/field_statistics.hpp"
#include "evaluation/hour_fields.hpp"
#include "evaluation/observed_quantiles.hpp"
#include "evaluation/share_out.hpp"
#include "evaluation/temperature_indices.hpp"
#include "evaluation/wind_statistics.hpp"
#include "evaluation/wind_variables.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/units.hpp"

namespace foehn::evaluation {
namespace {

/// A round number near the middle of each variable's values: that of the first member's first hour.
std::vector<double> centres(const Sources& sources) {
  const auto cells = static_cast<std::size_t>(sources.blocks.fine_cells());
  std::vector<float> values(sources.variables().size() * cells);
  sources.members.front().read(sources.first_hour, 1, values);
  std::vector<double> centres;
  for (std::size_t variable = 0; variable < sources.variables().size(); ++variable) {
    double sum = 0;
    for (std::size_t cell = 0; cell < cells; ++cell)
      sum += static_cast<double>(values[variable * cells + cell]);
    centres.push_back(std::round(sum / static_cast<double>(cells)));
  }
  return centres;
}

/// Everything that is gathered of one trajectory.
class TrajectoryStatistics {
 public:
  TrajectoryStatistics(const Sources& sources, const PowerCurve& curve, const std::vector<double>& middles)
      : sources_(sources),
        cells_(static_cast<std::size_t>(sources.blocks.fine_cells())),
        wind_(WindVariables::among(sources.variables())) {
    const TrajectoryShape shape{sources.grid().ny(), sources.grid().nx(), sources.hours,
                                sources.step_hours()};
    for (std::size_t place = 0; place < sources.variables().size(); ++place) {
      const io::Variable& variable = sources.variables()[place];
      fields_.emplace_back(variable.name, variable.units, shape, middles[place]);
      indices_.emplace_back();
      if (variable.standard_name == "air_temperature")
        indices_.back().emplace(variable.name, core::unit_conversion(variable.units, "K"), shape);
    }
    if (!wind_) return;
    if (wind_->are_components()) speed_.emplace("wind_speed", "m s-1", shape, 0.0);
    power_.emplace(curve, shape);
  }

  /// Adds the next hour. @param fields  [variable, y, x]
  void add(std::int64_t hour, std::span<const double> fields) {
    const calendar::TimeAxis& times = sources_.members.front().times();
    const calendar::DateTime date =
        calendar::from_seconds(times.seconds[static_cast<std::size_t>(hour)], times.calendar);
    for (std::size_t place = 0; place < fields_.size(); ++place) {
      const auto field = fields.subspan(place * cells_, cells_);
      fields_[place].add(date, field);
      if (indices_[place]) indices_[place]->add(date, field);
    }
    if (!wind_) return;
    const std::vector<double> speeds = wind_speeds(fields);
    if (speed_) speed_->add(date, speeds);
    power_->add(date, speeds);
  }

  TrajectorySummary finish() {
    TrajectorySummary summary;
    for (std::size_t place = 0; place < fields_.size(); ++place) {
      fields_[place].finish(summary);
      if (indices_[place]) indices_[place]->finish(summary);
    }
    if (speed_) speed_->finish(summary);
    if (power_) power_->finish(summary);
    return summary;
  }

 private:
  std::vector<double> wind_speeds(std::span<const double> fields) const {
    std::vector<double> speeds(cells_);
    for (std::size_t cell = 0; cell < cells_; ++cell) speeds[cell] = wind_->speed(fields, cells_, cell);
    return speeds;
  }

  const Sources& sources_;
  std::size_t cells_;
  std::optional<WindVariables> wind_;
  std::vector<FieldStatistics> fields_;
  std::vector<std::optional<TemperatureIndices>> indices_;
  std::optional<FieldStatistics> speed_;
  std::optional<WindStatistics> power_;
};

/// Reads trajectories: members first, then the truth where there is one, then the interpolated observations.
class TrajectoryReader {
 public:
  TrajectoryReader(const Sources& sources, const VerifyOptions& options)
      : sources_(sources), options_(options) {}

  std::int64_t count() const { return truth() + (sources_.reference ? 2 : 1); }
  std::int64_t truth() const { return static_cast<std::int64_t>(sources_.members.size()); }
  std::int64_t interpolation() const { return count() - 1; }

  /// Calls `use` for each hour that is scored, in order.
  template <class Use>
  void read(std::int64_t trajectory, Use&& use) const {
    const Climatology no_climatology;
    std::vector<Baseline> baselines;
    if (trajectory == interpolation())
      for (const ObservationSeries& series : sources_.observations)
        baselines.emplace_back(sources_, series, no_climatology);
    const std::int64_t chunk_hours = hours_per_chunk(sources_, 1, options_.values_in_memory);
    const std::size_t size =
        sources_.variables().size() * static_cast<std::size_t>(sources_.blocks.fine_cells());
    const std::int64_t end = sources_.first_hour + sources_.hours;
    std::vector<float> values;
    std::vector<double> fields(size);
    for (std::int64_t first = sources_.first_hour; first < end; first += chunk_hours) {
      const std::int64_t count = std::min(chunk_hours, end - first);
      values.resize(static_cast<std::size_t>(count) * size);
      if (trajectory < truth())
        sources_.members[static_cast<std::size_t>(trajectory)].read(first, count, values);
      else if (trajectory != interpolation())
        read_reference(sources_, first, count, values);
      for (std::int64_t hour = first; hour < first + count; ++hour) {
        if (trajectory == interpolation()) {
          std::fill(fields.begin(), fields.end(), std::numeric_limits<double>::quiet_NaN());
          for (Baseline& baseline : baselines) {
            baseline.seek(hour);
            baseline.interpolate(fields);
          }
        } else {
          const auto from = values.begin() + (hour - first) * static_cast<std::int64_t>(size);
          std::copy(from, from + static_cast<std::int64_t>(size), fields.begin());
        }
        use(hour, fields);
      }
      core::beat();
    }
    // A process may have but so many files open.
    if (trajectory < truth()) sources_.members[static_cast<std::size_t>(trajectory)].rest();
  }

 private:
  const Sources& sources_;
  const VerifyOptions& options_;
};

/// Hands a trajectory's numbers to where they belong.
void take(std::vector<TrajectoryStatistic>& statistics, std::span<const double> numbers,
          std::vector<double> TrajectoryStatistic::*where) {
  for (TrajectoryStatistic& statistic : statistics) {
    const std::size_t count = statistic.size();
    (statistic.*where).assign(numbers.begin(), numbers.begin() + static_cast<std::ptrdiff_t>(count));
    numbers = numbers.subspan(count);
  }
}

/// Adds a member's numbers to the sums over members, and to the lowest and highest.
void take_member(std::vector<TrajectoryStatistic>& statistics, std::span<const double> numbers,
                 bool is_first) {
  if (is_first) {
    for (auto where :
         {&TrajectoryStatistic::members, &TrajectoryStatistic::lowest, &TrajectoryStatistic::highest})
      take(statistics, numbers, where);
    return;
  }
  auto next = numbers.begin();
  for (TrajectoryStatistic& statistic : statistics)
    for (std::size_t i = 0; i < statistic.members.size(); ++i, ++next) {
      statistic.members[i] += *next;
      statistic.lowest[i] = std::min(statistic.lowest[i], *next);
      statistic.highest[i] = std::max(statistic.highest[i], *next);
    }
}

}  // namespace

std::vector<TrajectoryStatistic> trajectory_statistics(const Sources& sources, const VerifyOptions& options,
                                                       const Ranks& ranks) {
  std::vector<TrajectoryStatistic> statistics;
  std::vector<double> middles;
  ranks.agree([&] { middles = centres(sources); });
  const TrajectoryReader reader(sources, options);
  core::Progress progress("summarising", reader.count(), "trajectories",
                          options.show_progress && ranks.is_root());
  share_out(
      ranks, reader.count(),
      [&](std::int64_t trajectory) {
        TrajectoryStatistics gathered(sources, options.power_curve, middles);
        reader.read(trajectory, [&](std::int64_t hour, const std::vector<double>& fields) {
          gathered.add(hour, fields);
        });
        const TrajectorySummary summary = gathered.finish();
        if (trajectory == 0) statistics = summary.kinds();  // the root's
        return summary.values();
      },
      [&](std::int64_t trajectory, std::span<const double> numbers) {
        progress.advance();
        if (trajectory < reader.truth()) return take_member(statistics, numbers, trajectory == 0);
        take(statistics, numbers,
             trajectory == reader.interpolation() ? &TrajectoryStatistic::interpolation
                                                  : &TrajectoryStatistic::truth);
      });
  for (TrajectoryStatistic& statistic : statistics)
    for (double& value : statistic.members) value /= static_cast<double>(sources.members.size());
  ranks.agree([&] {
    if (ranks.is_root()) add_observed_quantiles(sources, middles, statistics);
  });
  return statistics;
}

}  // namespace foehn::evaluation
