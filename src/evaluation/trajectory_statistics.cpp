#include "evaluation/trajectory_statistics.hpp"

#include <algorithm>
#include <cmath>
#include <span>

#include "evaluation/distribution_distances.hpp"
#include "evaluation/observed_quantiles.hpp"
#include "evaluation/one_trajectory.hpp"
#include "evaluation/share_out.hpp"
#include "evaluation/time_blocks.hpp"
#include "evaluation/trajectory_reader.hpp"
#include "evaluation/trajectory_samples.hpp"
#include "foehn/core/progress.hpp"

namespace foehn::evaluation {
namespace {

/// Where each variable's values are counted from: the mean of the first member's first hour, rounded to its
/// deviation's order of magnitude; or 0 where that is near, as of winds and of what is mostly 0.
std::vector<double> centres(const Sources& sources) {
  const auto cells = static_cast<std::size_t>(sources.blocks.fine_cells());
  std::vector<float> values(sources.variables().size() * cells);
  sources.members.front().read(sources.first_hour, 1, values);
  std::vector<double> centres;
  for (std::size_t variable = 0; variable < sources.variables().size(); ++variable) {
    Moments moments;
    const std::span field(values.data() + variable * cells, cells);
    const auto known =
        std::find_if(field.begin(), field.end(), [](float value) { return !std::isnan(value); });
    const double first = known == field.end() ? 0 : static_cast<double>(*known);
    for (const float value : field)
      if (!std::isnan(value)) moments.add(static_cast<double>(value) - first);
    const double mean = first + moments.mean(), deviation = std::sqrt(moments.variance());
    constexpr double kNear = 4;  // deviations
    const double unit = deviation > 0 ? std::pow(10.0, std::floor(std::log10(deviation))) : 1;
    centres.push_back(std::abs(mean) < kNear * deviation ? 0 : std::round(mean / unit) * unit);
  }
  return centres;
}

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

/// Gathers one trajectory. @return  its numbers, their bootstrap samples and its distributions, packed
std::vector<double> gather(const Sources& sources, const VerifyOptions& options,
                           const TrajectoryReader& reader, std::int64_t trajectory, OneTrajectory& gathered,
                           TrajectorySummary& summary) {
  const std::vector<TimeBlock> blocks = time_blocks(sources);
  std::size_t block = 0;
  reader.read(trajectory, [&](std::int64_t hour, const std::vector<double>& fields) {
    if (hour == blocks[block].last) gathered.end_block(blocks[block++].last);
    gathered.add(hour, fields);
  });
  summary = gathered.finish();
  std::vector<double> packed = summary.values();
  // What intervals are of is the difference from the truth.
  const bool is_resampled = sources.reference && trajectory != reader.interpolation();
  TrajectorySamples(summary.kinds(),
                    is_resampled ? gathered.resampled(options.bootstrap) : std::vector<TrajectorySummary>())
      .append_to(packed);
  const std::vector<double> distributions = gathered.distributions();
  packed.insert(packed.end(), distributions.begin(), distributions.end());
  return packed;
}

/// What the root makes of the trajectories, in their order.
class GatheredTrajectories {
 public:
  GatheredTrajectories(const TrajectoryReader& reader, const BootstrapOptions& options,
                       DistributionDistances distances)
      : reader_(reader), options_(options), distances_(std::move(distances)) {}

  /// @param kinds  of the numbers of each
  void set_kinds(const std::vector<TrajectoryStatistic>& kinds) {
    statistics_ = kinds;
    own_numbers_ = numbers_of(kinds);
  }
  void take(std::int64_t trajectory, std::span<const double> packed) {
    std::vector<double> numbers(packed.begin(), packed.begin() + static_cast<std::ptrdiff_t>(own_numbers_));
    TrajectorySamples samples;
    const auto distributions = samples.take_from(packed.subspan(own_numbers_));
    if (!distributions.empty()) add_distances(trajectory, distributions, numbers, samples);
    if (reader_.is_truth(trajectory)) {
      truth_ = std::move(samples);
      evaluation::take(statistics_, numbers, &TrajectoryStatistic::truth);
    } else if (trajectory == reader_.interpolation()) {
      evaluation::take(statistics_, numbers, &TrajectoryStatistic::interpolation);
    } else {
      take_member(statistics_, numbers, trajectory == reader_.first_member());
      members_.add(samples);
    }
  }
  /// @param members  how many there were
  std::vector<TrajectoryStatistic> finish(std::size_t members) {
    for (TrajectoryStatistic& statistic : statistics_)
      for (double& value : statistic.members) value /= static_cast<double>(members);
    TrajectorySamples::give_to(statistics_, members_, members, truth_);
    clear_reasons();
    return std::move(statistics_);
  }

 private:
  /// Leaves reasons for missing intervals where other statistics have some.
  void clear_reasons() {
    const auto has_samples = [](const TrajectoryStatistic& one) {
      return std::any_of(one.replicates.begin(), one.replicates.end(),
                         [](const std::vector<double>& samples) { return !samples.empty(); });
    };
    const bool has_any = std::any_of(statistics_.begin(), statistics_.end(), has_samples);
    for (TrajectoryStatistic& statistic : statistics_)
      if (!has_samples(statistic))
        statistic.replicates.clear();
      else
        statistic.no_interval.clear();
    if (!has_any)
      for (TrajectoryStatistic& statistic : statistics_) statistic.no_interval.clear();
  }
  void add_distances(std::int64_t trajectory, std::span<const double> distributions,
                     std::vector<double>& numbers, TrajectorySamples& samples) {
    if (reader_.is_truth(trajectory)) distances_.set_truth(distributions);
    TrajectorySummary from_truth;
    distances_.add_distances(distributions, from_truth);
    numbers.insert(numbers.end(), from_truth.values().begin(), from_truth.values().end());
    if (trajectory != reader_.interpolation())
      samples.append(TrajectorySamples(from_truth.kinds(), distances_.resampled(distributions, options_)));
    if (trajectory == 0)
      statistics_.insert(statistics_.end(), from_truth.kinds().begin(), from_truth.kinds().end());
  }

  const TrajectoryReader& reader_;
  const BootstrapOptions& options_;
  DistributionDistances distances_;
  std::vector<TrajectoryStatistic> statistics_;
  std::size_t own_numbers_ = 0;  ///< of a trajectory, without its distances from the truth
  TrajectorySamples truth_, members_;
};

}  // namespace

std::vector<TrajectoryStatistic> trajectory_statistics(const Sources& sources, const VerifyOptions& options,
                                                       const std::optional<LocalClimate>& climate,
                                                       const Ranks& ranks) {
  std::vector<double> middles;
  ranks.agree([&] { middles = centres(sources); });
  const TrajectoryReader reader(sources, options);
  GatheredTrajectories all(reader, options.bootstrap,
                           DistributionDistances(OneTrajectory::compared_variables(sources, middles)));
  core::Progress progress("summarising", reader.count(), "trajectories",
                          options.show_progress && ranks.is_root());
  share_out(
      ranks, reader.count(),
      [&](std::int64_t trajectory) {
        OneTrajectory gathered(sources, options.power_curve, middles, climate ? &*climate : nullptr);
        TrajectorySummary summary;
        std::vector<double> packed = gather(sources, options, reader, trajectory, gathered, summary);
        if (trajectory == 0) all.set_kinds(summary.kinds());  // the root's
        return packed;
      },
      [&](std::int64_t trajectory, std::span<const double> packed) {
        progress.advance();
        all.take(trajectory, packed);
      });
  std::vector<TrajectoryStatistic> statistics;
  ranks.agree([&] {
    if (!ranks.is_root()) return;
    statistics = all.finish(sources.members.size());
    if (sources.grid().unstructured)  // which has no tiles
      std::erase_if(statistics,
                    [](const TrajectoryStatistic& one) { return one.name == "sliced_wasserstein"; });
    add_observed_quantiles(sources, middles, statistics);
  });
  return statistics;
}

}  // namespace foehn::evaluation
