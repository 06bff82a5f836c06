#include "evaluation/trajectory_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "evaluation/distribution_distances.hpp"
#include "evaluation/hour_fields.hpp"
#include "evaluation/observed_quantiles.hpp"
#include "evaluation/one_trajectory.hpp"
#include "evaluation/share_out.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/progress.hpp"

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

/// Reads trajectories: the truth first where there is one, which others are compared with, then the members,
/// then the interpolated observations.
class TrajectoryReader {
 public:
  TrajectoryReader(const Sources& sources, const VerifyOptions& options)
      : sources_(sources), options_(options) {}

  std::int64_t first_member() const { return sources_.reference ? 1 : 0; }
  std::int64_t interpolation() const {
    return first_member() + static_cast<std::int64_t>(sources_.members.size());
  }
  std::int64_t count() const { return interpolation() + 1; }
  bool is_truth(std::int64_t trajectory) const { return trajectory < first_member(); }

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
      if (is_truth(trajectory))
        read_reference(sources_, first, count, values);
      else if (trajectory != interpolation())
        member(trajectory).read(first, count, values);
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
    if (!is_truth(trajectory) && trajectory != interpolation()) member(trajectory).rest();
  }

 private:
  const io::FieldReader& member(std::int64_t trajectory) const {
    return sources_.members[static_cast<std::size_t>(trajectory - first_member())];
  }

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

/// How many numbers statistics have.
std::size_t numbers_of(const std::vector<TrajectoryStatistic>& statistics) {
  std::size_t count = 0;
  for (const TrajectoryStatistic& statistic : statistics) count += statistic.size();
  return count;
}

}  // namespace

std::vector<TrajectoryStatistic> trajectory_statistics(const Sources& sources, const VerifyOptions& options,
                                                       const std::optional<LocalClimate>& climate,
                                                       const Ranks& ranks) {
  std::vector<TrajectoryStatistic> statistics;
  std::vector<double> middles;
  ranks.agree([&] { middles = centres(sources); });
  const TrajectoryReader reader(sources, options);
  DistributionDistances distances(OneTrajectory::compared_variables(sources, middles));
  std::size_t own_numbers = 0;  // of a trajectory, without its distances from the truth
  core::Progress progress("summarising", reader.count(), "trajectories",
                          options.show_progress && ranks.is_root());
  share_out(
      ranks, reader.count(),
      [&](std::int64_t trajectory) {
        OneTrajectory gathered(sources, options.power_curve, middles, climate ? &*climate : nullptr);
        reader.read(trajectory, [&](std::int64_t hour, const std::vector<double>& fields) {
          gathered.add(hour, fields);
        });
        const TrajectorySummary summary = gathered.finish();
        if (trajectory == 0) statistics = summary.kinds();  // the root's
        std::vector<double> numbers = summary.values();
        const std::vector<double> distributions = gathered.distributions();
        numbers.insert(numbers.end(), distributions.begin(), distributions.end());
        return numbers;
      },
      [&](std::int64_t trajectory, std::span<const double> packed) {
        progress.advance();
        if (trajectory == 0) own_numbers = numbers_of(statistics);
        std::vector<double> numbers(packed.begin(),
                                    packed.begin() + static_cast<std::ptrdiff_t>(own_numbers));
        if (const auto distributions = packed.subspan(own_numbers); !distributions.empty()) {
          if (reader.is_truth(trajectory)) distances.set_truth(distributions);
          TrajectorySummary from_truth;
          distances.add_distances(distributions, from_truth);
          numbers.insert(numbers.end(), from_truth.values().begin(), from_truth.values().end());
          if (trajectory == 0)
            statistics.insert(statistics.end(), from_truth.kinds().begin(), from_truth.kinds().end());
        }
        if (reader.is_truth(trajectory)) return take(statistics, numbers, &TrajectoryStatistic::truth);
        if (trajectory == reader.interpolation())
          return take(statistics, numbers, &TrajectoryStatistic::interpolation);
        take_member(statistics, numbers, trajectory == reader.first_member());
      });
  for (TrajectoryStatistic& statistic : statistics)
    for (double& value : statistic.members) value /= static_cast<double>(sources.members.size());
  ranks.agree([&] {
    if (ranks.is_root()) add_observed_quantiles(sources, middles, statistics);
  });
  return statistics;
}

}  // namespace foehn::evaluation
