#include "foehn/ingestion/preparation_inputs.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/winds.hpp"
#include "foehn/ingestion/provenance.hpp"
#include "foehn/io/fine_fields.hpp"

namespace foehn::ingestion {

namespace {

bool is_geographic_wind(const io::Variable& variable) {
  const auto component = grid::wind_component(variable.standard_name);
  return component && !component->is_along_grid;
}

std::vector<std::string> variable_names(const std::vector<io::Variable>& variables) {
  std::vector<std::string> names;
  for (const io::Variable& variable : variables) names.push_back(variable.name);
  return names;
}

/// The prior's variable of a standard name; of winds, the component along whichever directions.
std::size_t index_of(const std::vector<io::Variable>& variables, const io::Variable& named) {
  std::vector<std::string> known;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto component = grid::wind_component(variables[i].standard_name);
    const auto other = grid::wind_component(named.standard_name);
    const bool is_same_component = component && other && component->is_first == other->is_first;
    if (variables[i].standard_name == named.standard_name || is_same_component) return i;
    known.push_back(variables[i].standard_name);
  }
  throw core::UsageError(
      fmt::format("data.variables: {}={}: the prior has no variable of that standard name; it has "
                  "{}",
                  named.name, named.standard_name, fmt::join(known, ", ")));
}

void say_assumed(const std::vector<Record>& records) {
  std::vector<std::string> names;
  for (const Record& record : records)
    if (record.sampling().is_assumed) names.push_back(record.variable().name);
  for (const Record& record : records)
    for (const SourceFile& file : record.files())
      if (!file.sampling.doubt.empty()) {
        spdlog::warn("{}: {}: {}; treated as snapshots (data.cell_methods)", file.path.string(),
                     record.variable().name, file.sampling.doubt);
        break;  // the others are alike
      }
  if (!names.empty())
    spdlog::warn(
        "{}: neither cell_methods nor time bounds say whether values are snapshots or means; treated as "
        "snapshots (data.cell_methods)",
        fmt::join(names, ", "));
}

/// A prior says of its variables what they are, but not at which level.
void warn_of_pressure_levels(const std::vector<Record>& records) {
  for (const Record& record : records)
    if (const auto& level = record.files().front().level; level && is_pressure(*level))
      spdlog::warn(
          "{}: the files give it at {}; the prior must have learnt it at the same level, which it does not "
          "state",
          record.variable().name, level->text());
}

/// The prior's variables that are to be observed.
std::vector<io::Variable> observed_variables(const PreparationTask& options,
                                             const std::vector<io::Variable>& variables) {
  std::vector<io::Variable> observed = variables;
  for (const std::string& name : options.without)
    if (std::erase_if(observed, [&](const io::Variable& variable) { return variable.name == name; }) == 0)
      throw core::UsageError(fmt::format("data.without: '{}' is not one of the prior's variables, {}", name,
                                         fmt::join(variable_names(variables), ", ")));
  if (observed.empty()) throw core::UsageError("data.without: no variable is left to observe");
  return observed;
}

/// @throws core::Error if times are not steps of the prior
void check_steps(const ObservationStream& stream, std::int64_t step_seconds) {
  const auto check = [&](const std::string& what, std::int64_t seconds) {
    if (seconds % step_seconds != 0)
      throw core::Error(fmt::format("{}: {} {}, expected a multiple of the prior's step, {}",
                                    names_of(stream), what, calendar::format_step(seconds),
                                    calendar::format_step(step_seconds)));
  };
  check("the time step is", stream.step_seconds());
  if (stream.sampling().kind == io::TimeSampling::mean)
    check("means are over", stream.sampling().interval.seconds());
}

}  // namespace

PreparationTarget prepare_target(const PreparationTask& options, const FineDomain& domain) {
  grid::require_rows(domain.grid,
                     "prepare makes means over blocks of rows and columns; sample takes a model's own cells "
                     "with observation.operator native");
  core::with_context("observation.block", [&] { return grid::block_mean_grid(domain.grid, options.block); });
  io::check_known("data.cell_methods", options.cell_methods.variables(), variable_names(domain.variables));
  io::check_known("bias.kind", options.bias_kind.variables(), variable_names(domain.variables));
  if (domain.grid.rotated_pole &&
      std::any_of(domain.variables.begin(), domain.variables.end(), is_geographic_wind))
    spdlog::warn(
        "the domain is rotated, and its winds are eastward and northward by their standard names: they are "
        "left in geographic directions; a prior that has learnt them along its grid must call them "
        "grid_eastward_wind and grid_northward_wind (data.variables of fit and train)");
  PreparationTarget target;
  target.variables = observed_variables(options, domain.variables);
  target.plausible = domain.plausible;
  target.step_seconds = domain.step_seconds;
  target.target = {domain.grid,
                   options.block,
                   options.method,
                   options.weights,
                   options.cell_missing_fraction,
                   options.missing_fraction};
  return target;
}

std::vector<WantedVariable> wanted_variables(const PreparationTask& options,
                                             const std::vector<io::Variable>& variables) {
  std::vector<WantedVariable> wanted;
  for (const io::Variable& variable : variables) {
    wanted.push_back({variable, "", options.cell_methods.of(variable.name)});
  }
  for (const std::string& text : options.variables) {
    const io::Variable named = io::parse_variable(text);
    if (named.standard_name.empty())
      throw core::UsageError(
          fmt::format("data.variables: expected name=standard name pairs, found '{}'", text));
    WantedVariable& one = wanted[index_of(variables, named)];
    one.source_name = named.name;
    one.source_standard_name = named.standard_name;
  }
  return wanted;
}

std::vector<Record> find_records(const PreparationTask& options, const PreparationTarget& target,
                                 const std::vector<std::string>& files, const RecordCut& cut) {
  std::vector<Record> records =
      find_records(io::expand_files(files), wanted_variables(options, target.variables));
  for (Record& record : records) cut(record);
  say_assumed(records);
  warn_of_pressure_levels(records);
  warn_of_mixtures(records);
  return records;
}

std::string names_of(const ObservationStream& stream) {
  return fmt::format("{}", fmt::join(variable_names(stream.variables()), ", "));
}

void say_missing(const ObservationStream& stream) {
  const std::vector<std::int64_t> missing = stream.missing();
  const std::int64_t values = stream.times().size() * stream.grid().cells();
  for (std::size_t v = 0; v < missing.size(); ++v)
    if (missing[v] > 0)
      spdlog::info("{}: {} of {} coarse values are missing, {:.3g} %", stream.variables()[v].name, missing[v],
                   values, 100 * static_cast<double>(missing[v]) / static_cast<double>(values));
}

std::vector<ObservationStream> open_streams(const PreparationTask& options, const PreparationTarget& target,
                                            const RecordCut& cut) {
  auto streams = make_streams(find_records(options, target, options.files, cut), target.target);
  for (const auto& stream : streams) check_steps(stream, target.step_seconds);
  return streams;
}

void cut_to_trajectory(Record& record, const std::string& start, std::int64_t hours,
                       std::int64_t step_seconds) {
  const calendar::TimeAxis& times = record.times();
  if (start.empty()) return record.select_period("", "");
  const std::int64_t begin = core::with_context(
      "time.start", [&] { return calendar::to_seconds(calendar::parse_date_time(start), times.calendar); });
  const std::int64_t end = begin + hours * step_seconds;
  const bool is_mean = record.sampling().kind == io::TimeSampling::mean;
  const io::MeanInterval& interval = record.sampling().interval;
  const auto date = [&](std::int64_t seconds) {
    return calendar::format_date_time(calendar::from_seconds(seconds, times.calendar));
  };
  // The first and the last time stamp that may be used.
  const std::int64_t first = begin - interval.begin_seconds;
  const std::int64_t last = is_mean ? end - interval.end_seconds : end - step_seconds;
  const std::int64_t reach = calendar::commonest_step(times);
  const auto check_reach = [&](std::int64_t missing, const std::string& what, std::int64_t index) {
    if (missing > reach)
      throw core::Error(fmt::format(
          "{}: the trajectory {}, but the files {} at {} ({}); time.start and time.hours choose the period",
          record.variable().name, what, index == 0 ? "begin" : "end", times.format(index),
          record.file_of(index).string()));
  };
  const std::int64_t front = times.seconds.front(), back = times.seconds.back();
  check_reach(front - first, fmt::format("begins at {}", date(begin)), 0);
  if (hours > 0) check_reach(last - back, fmt::format("continues to {}", date(end)), times.size() - 1);
  const std::int64_t middle = (interval.begin_seconds + interval.end_seconds) / 2;  // which a period is of
  record.select_period(first > front ? date(first + middle) : "",
                       hours > 0 && last < back ? date(last + middle) : "");
}

}  // namespace foehn::ingestion
