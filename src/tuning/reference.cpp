#include "foehn/tuning/reference.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/evaluation/scores.hpp"

namespace foehn::tuning {

namespace {

constexpr std::int64_t kHoursAtOnce = 24;

io::FieldReader open(const ReferenceFiles& files, const model::Domain& domain) {
  io::FieldSelection selection;
  selection.variables = domain.variables;
  selection.overrules_standard_names = true;
  if (!files.crop.empty())
    selection.crop = core::with_context("data.crop", [&] { return grid::parse_crop(files.crop); });
  io::FieldReader reader(files.files, selection);
  if (const auto difference = grid::difference(domain.grid, reader.grid()))
    throw core::Error(fmt::format("grid: it differs from the prior's: {}{}", *difference,
                                  files.crop.empty() ? "; data.crop selects a part of the files' grid" : ""));
  return reader;
}

}  // namespace

Reference::Reference(const ReferenceFiles& files, const model::Domain& domain,
                     const conditioning::Period& period)
    : domain_(domain), reader_(open(files, domain)) {
  const calendar::TimeAxis& times = reader_.times();
  if (!calendar::are_comparable(times, {period.calendar, {period.first_seconds}}))
    throw core::Error(fmt::format("calendar {}, but that of the trajectory is {}",
                                  calendar::calendar_name(times.calendar),
                                  calendar::calendar_name(period.calendar)));
  for (std::int64_t hour = 0; hour < period.hours; ++hour) {
    const std::int64_t seconds = period.seconds(hour);
    const auto found = std::lower_bound(times.seconds.begin(), times.seconds.end(), seconds);
    if (found == times.seconds.end() || *found != seconds)
      throw core::Error(fmt::format("{} of the trajectory is missing; the reference has {} to {}",
                                    period.date(hour), times.format(0), times.format(times.size() - 1)));
    instants_.push_back(found - times.seconds.begin());
  }
}

std::vector<VariableScore> Reference::score(const std::vector<std::filesystem::path>& members) const {
  std::vector<std::unique_ptr<io::FieldReader>> readers;
  for (const std::filesystem::path& member : members) {
    io::FieldSelection selection;  // samples may lie beyond what is physical
    selection.variables = domain_.variables;
    selection.must_be_plausible = false;
    readers.push_back(std::make_unique<io::FieldReader>(std::vector{member}, selection));
  }
  const auto variables = domain_.variables.size();
  const auto cells = static_cast<std::size_t>(domain_.grid.cells());
  std::vector<evaluation::EnsembleSums> sums(
      variables, evaluation::EnsembleSums(static_cast<std::int64_t>(members.size())));
  std::vector<double> errors(members.size());
  const auto hours = static_cast<std::int64_t>(instants_.size());
  for (std::int64_t first = 0; first < hours; first += kHoursAtOnce) {
    const std::int64_t count = std::min(kHoursAtOnce, hours - first);
    const std::size_t of_hour = variables * cells, size = static_cast<std::size_t>(count) * of_hour;
    std::vector<float> truth(size);
    for (std::int64_t i = 0; i < count; ++i)
      reader_.read(instants_[static_cast<std::size_t>(first + i)], 1,
                   {truth.data() + static_cast<std::size_t>(i) * of_hour, of_hour});
    std::vector<std::vector<float>> drawn;
    for (const auto& reader : readers) reader->read(first, count, drawn.emplace_back(size));
    for (std::size_t value = 0; value < size; ++value) {
      for (std::size_t member = 0; member < drawn.size(); ++member)
        errors[member] = static_cast<double>(drawn[member][value]) - static_cast<double>(truth[value]);
      sums[value / cells % variables].add(errors);
    }
    core::beat();
  }
  std::vector<VariableScore> scores;
  for (const evaluation::EnsembleSums& of_variable : sums) {
    const evaluation::EnsembleScores found = evaluation::finish(of_variable);
    // Without an error there is no ratio; what spreads as it errs is not at fault.
    scores.push_back({found.fair_crps.value_or(0), found.mean.rmse, found.spread_skill.value_or(1)});
  }
  return scores;
}

}  // namespace foehn::tuning
