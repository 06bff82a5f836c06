#include "foehn/evaluation/compare_climates.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>

#include "evaluation/hour_fields.hpp"
#include "evaluation/seasonal_climate.hpp"
#include "evaluation/share_out.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/progress.hpp"

namespace foehn::evaluation {
namespace {

calendar::DateTime date_of_hour(const Sources& sources, std::int64_t hour) {
  const calendar::TimeAxis& times = sources.members.front().times();
  return calendar::from_seconds(times.seconds[static_cast<std::size_t>(hour)], times.calendar);
}

std::vector<SeasonalClimate> climates(std::size_t variables, std::int64_t cells) {
  return {variables, SeasonalClimate(static_cast<std::size_t>(cells))};
}

std::vector<double> finish_all(std::vector<SeasonalClimate>& variables) {
  std::vector<double> numbers;
  for (SeasonalClimate& variable : variables) {
    const std::vector<double> statistics = variable.finish();
    numbers.insert(numbers.end(), statistics.begin(), statistics.end());
  }
  return numbers;
}

/// Gathers what is observed of one member, or of the observations: their values at the observations' times.
class CoarseClimate {
 public:
  explicit CoarseClimate(const Sources& sources)
      : sources_(sources),
        cells_(static_cast<std::size_t>(sources.blocks.coarse_cells())),
        variables_(climates(sources.variables().size(), sources.blocks.coarse_cells())) {
    for (const ObservationSeries& series : sources.observations)
      means_.emplace_back(series.source.variables.size() * cells_);
  }

  /// Adds the next hour. @param fields  of the member, [variable, y, x]; empty for the observations
  /// themselves
  void add(std::int64_t hour, std::span<const double> fields) {
    for (std::size_t i = 0; i < means_.size(); ++i) add_to(i, hour, fields);
  }
  std::vector<double> finish() { return finish_all(variables_); }

 private:
  void add_to(std::size_t index, std::int64_t hour, std::span<const double> fields) {
    const ObservationSeries& series = sources_.observations[index];
    const std::int64_t since_first = hour - series.first_hour;
    if (since_first < 0 || since_first / series.period >= series.size()) return;
    const std::int64_t since_begin = since_first % series.period;
    // A mean that began before the first hour is left out.
    if (since_begin >= series.covered_hours || hour - since_begin < sources_.first_hour) return;

    std::vector<double>& means = means_[index];
    if (since_begin == 0) std::fill(means.begin(), means.end(), 0.0);
    const auto fine_cells = static_cast<std::size_t>(sources_.blocks.fine_cells());
    std::vector<double> blocks(cells_);
    for (std::size_t i = 0; i < series.source.variables.size() && !fields.empty(); ++i) {
      const auto variable = static_cast<std::size_t>(series.source.variables[i]);
      sources_.blocks.mean(fields.subspan(variable * fine_cells, fine_cells), blocks);
      for (std::size_t cell = 0; cell < cells_; ++cell)
        means[i * cells_ + cell] += blocks[cell] / static_cast<double>(series.covered_hours);
    }
    if (since_begin + 1 < series.covered_hours) return;

    std::vector<float> observed(means.size());
    series.source.reader.read_with_gaps(since_first / series.period, 1, observed);
    for (std::size_t i = 0; i < means.size(); ++i) {
      if (fields.empty() || std::isnan(observed[i])) means[i] = static_cast<double>(observed[i]);
      if (!sources_.blocks.is_covered(i % cells_)) means[i] = std::nan("");
    }
    const calendar::DateTime date = date_of_hour(sources_, hour - since_begin);
    for (std::size_t i = 0; i < series.source.variables.size(); ++i)
      variables_[static_cast<std::size_t>(series.source.variables[i])].add(
          date, std::span(means).subspan(i * cells_, cells_));
  }

  const Sources& sources_;
  std::size_t cells_;
  std::vector<SeasonalClimate> variables_;
  std::vector<std::vector<double>> means_;  ///< of the open interval of each series
};

/// One member's statistics, fine and then coarse, each [variable, season, statistic, cell].
std::vector<double> member_climate(const Sources& sources, const io::FieldReader& member,
                                   std::int64_t values_in_memory) {
  const std::size_t variables = sources.variables().size();
  const auto cells = static_cast<std::size_t>(sources.blocks.fine_cells());
  std::vector<SeasonalClimate> fine = climates(variables, sources.blocks.fine_cells());
  CoarseClimate coarse(sources);
  const std::int64_t chunk_hours = hours_per_chunk(sources, 1, values_in_memory);
  const std::int64_t end = sources.first_hour + sources.hours;
  for (std::int64_t first = sources.first_hour; first < end; first += chunk_hours) {
    const std::int64_t count = std::min(chunk_hours, end - first);
    std::vector<float> values(static_cast<std::size_t>(count) * variables * cells);
    member.read(first, count, values);
    auto from = values.begin();
    for (std::int64_t hour = first; hour < first + count; ++hour) {
      const std::vector<double> fields(from, from + static_cast<std::ptrdiff_t>(variables * cells));
      from += static_cast<std::ptrdiff_t>(variables * cells);
      for (std::size_t variable = 0; variable < variables; ++variable)
        fine[variable].add(date_of_hour(sources, hour), std::span(fields).subspan(variable * cells, cells));
      coarse.add(hour, fields);
    }
    core::beat();
  }
  member.rest();
  std::vector<double> numbers = finish_all(fine);
  const std::vector<double> blocks = coarse.finish();
  numbers.insert(numbers.end(), blocks.begin(), blocks.end());
  return numbers;
}

std::vector<double> driving_climate(const Sources& sources) {
  CoarseClimate coarse(sources);
  for (std::int64_t hour = sources.first_hour; hour < sources.first_hour + sources.hours; ++hour)
    coarse.add(hour, {});
  return coarse.finish();
}

/// A period's statistics on the root, each [variable, season, statistic, cell].
struct PeriodClimate {
  std::vector<double> fine, coarse;  ///< sums, later means, over the members
  std::vector<double> driving;       ///< of the observations
  std::vector<std::vector<double>>
      domain;  ///< of each member, means over cells [variable, season, statistic]

  void add_member(const Sources& sources, std::span<const double> numbers) {
    const auto cells = static_cast<std::size_t>(sources.blocks.fine_cells());
    const std::size_t statistics = sources.variables().size() * kSeasons.size() * kClimateStatistics.size();
    const auto add = [](std::vector<double>& sums, std::span<const double> more) {
      if (sums.empty()) sums.assign(more.size(), 0);
      std::transform(sums.begin(), sums.end(), more.begin(), sums.begin(), std::plus<>());
    };
    add(fine, numbers.first(statistics * cells));
    add(coarse, numbers.subspan(statistics * cells));
    std::vector<double>& means = domain.emplace_back();
    for (std::size_t i = 0; i < statistics; ++i) {
      const auto field = numbers.subspan(i * cells, cells);
      means.push_back(std::accumulate(field.begin(), field.end(), 0.0) / static_cast<double>(cells));
    }
  }
  void finish() {
    for (auto* sums : {&fine, &coarse})
      for (double& sum : *sums) sum /= static_cast<double>(domain.size());
  }
  double mean_of_domain(std::size_t statistic) const {
    double sum = 0;
    for (const auto& member : domain) sum += member[statistic];
    return sum / static_cast<double>(domain.size());
  }
};

std::vector<double> change_of(const std::vector<double>& historical, const std::vector<double>& future,
                              std::size_t statistic, std::size_t cells) {
  std::vector<double> change(cells);
  for (std::size_t cell = 0; cell < cells; ++cell)
    change[cell] = future[statistic * cells + cell] - historical[statistic * cells + cell];
  return change;
}

bool is_observed(const Sources& sources, std::size_t variable) {
  return std::any_of(
      sources.observations.begin(), sources.observations.end(), [&](const ObservationSeries& series) {
        const auto& observed = series.source.variables;
        return std::find(observed.begin(), observed.end(), static_cast<std::int64_t>(variable)) !=
               observed.end();
      });
}

/// @param statistic  where it stands in the periods' climates
void finish_change(const Sources& sources, const PeriodClimate& historical, const PeriodClimate& future,
                   std::size_t statistic, StatisticChange& change) {
  const auto cells = static_cast<std::size_t>(sources.blocks.fine_cells());
  const auto coarse_cells = static_cast<std::size_t>(sources.blocks.coarse_cells());
  change.members = change_of(historical.fine, future.fine, statistic, cells);
  const double before = historical.mean_of_domain(statistic);
  change.mean = future.mean_of_domain(statistic) - before;
  change.lowest = std::numeric_limits<double>::infinity();
  change.highest = -change.lowest;
  for (const auto& member : future.domain) {
    change.lowest = std::min(change.lowest, member[statistic] - before);
    change.highest = std::max(change.highest, member[statistic] - before);
  }
  if (!is_observed(sources, change.variable)) return;
  change.block_average.resize(coarse_cells);
  sources.blocks.mean(std::span<const double>(change.members), change.block_average);
  change.block_means = change_of(historical.coarse, future.coarse, statistic, coarse_cells);
  change.driving_model = change_of(historical.driving, future.driving, statistic, coarse_cells);
}

}  // namespace

ClimateChange compare_climates(const Sources& historical, const Sources& future, const VerifyOptions& options,
                               const Ranks& ranks) {
  struct Part {
    const Sources& sources;
    PeriodClimate climate;
    std::int64_t members() const { return static_cast<std::int64_t>(sources.members.size()); }
  };
  std::array<Part, 2> parts{{{historical, {}}, {future, {}}}};
  // Each period's members, and its observations after them.
  const std::int64_t items = parts[0].members() + parts[1].members() + 2;
  const auto place_of = [&](std::int64_t item) {
    const std::int64_t first = parts[0].members() + 1;
    return item < first ? std::pair{0U, item} : std::pair{1U, item - first};
  };
  core::Progress progress("comparing the climates", items, "trajectories",
                          options.show_progress && ranks.is_root());
  share_out(
      ranks, items,
      [&](std::int64_t item) {
        const auto [part, place] = place_of(item);
        const Sources& sources = parts[part].sources;
        if (place == parts[part].members()) return driving_climate(sources);
        return member_climate(sources, sources.members[static_cast<std::size_t>(place)],
                              options.values_in_memory);
      },
      [&](std::int64_t item, std::span<const double> numbers) {
        const auto [part, place] = place_of(item);
        progress.advance();
        PeriodClimate& climate = parts[part].climate;
        if (place == parts[part].members())
          climate.driving.assign(numbers.begin(), numbers.end());
        else
          climate.add_member(parts[part].sources, numbers);
      });

  ClimateChange result{climate_period(historical), climate_period(future), {}};
  if (!ranks.is_root()) return result;
  for (Part& part : parts) part.climate.finish();
  std::size_t place = 0;
  for (std::size_t variable = 0; variable < future.variables().size(); ++variable)
    for (const Season season : kSeasons)
      for (const ClimateStatistic statistic : kClimateStatistics) {
        StatisticChange change;
        change.variable = variable;
        change.statistic = statistic;
        change.season = season;
        finish_change(future, parts[0].climate, parts[1].climate, place++, change);
        if (!std::isnan(change.mean)) result.changes.push_back(std::move(change));
      }
  return result;
}

}  // namespace foehn::evaluation
