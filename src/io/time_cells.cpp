#include "foehn/io/time_cells.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/io/cell_methods.hpp"
#include "foehn/io/packing.hpp"

namespace foehn::io {
namespace {

constexpr const char* kAdvice = "data.cell_methods can say which they are, point or mean";

bool have_length(const TimeCellBounds& bounds) {
  return std::any_of(bounds.spans.begin(), bounds.spans.end(),
                     [](const TimeSpan& span) { return span.seconds() != 0; });
}

std::string date(std::int64_t seconds, calendar::Calendar calendar) {
  return calendar::format_date_time(calendar::from_seconds(seconds, calendar));
}

/// Nothing where the time coordinate names no bounds.
std::optional<TimeCellBounds> read_time_bounds(const NetcdfFile& file, const FieldLayout& layout,
                                               const calendar::TimeAxis& times) {
  const NetcdfVariable time = time_coordinate(file, layout);
  const auto name = time.text("bounds");
  if (!name) return std::nullopt;
  if (!file.has_variable(*name))
    throw core::Error(
        fmt::format("its time coordinate names bounds, {}, which are not in the file; {}", *name, kAdvice));
  return core::with_context(*name, [&] {
    const NetcdfVariable bounds = file.variable(*name);
    const std::string& dimension = layout.header.dimensions[layout.time_dimension].name;
    if (!bounds.is_numeric || bounds.dimensions.size() != 2 || bounds.dimensions[0].name != dimension ||
        bounds.dimensions[1].size != 2)
      throw core::Error(fmt::format("bounds of {}: expected dimensions ({}, 2)", time.name, dimension));
    const auto calendar = bounds.text("calendar");
    if (calendar && !calendar::are_comparable({calendar::parse_calendar(*calendar), times.seconds}, times))
      throw core::Error(fmt::format("calendar {}, but that of {} is {}", *calendar, time.name,
                                    calendar::calendar_name(times.calendar)));
    // CF 7.1 wants them in the coordinate's units; some files give them their own, or leave the attribute
    // empty.
    const std::string own_units = bounds.text("units").value_or("");
    const std::string units =
        own_units.find(" since ") == std::string::npos ? *time.text("units") : own_units;
    const std::vector<std::int64_t> edges =
        calendar::decode_times(read_coordinate(file, bounds), units, times.calendar).seconds;
    TimeCellBounds read{*name, {}};
    for (std::size_t i = 0; i < edges.size(); i += 2) read.spans.push_back({edges[i], edges[i + 1]});
    return std::optional(std::move(read));
  });
}

void check_intervals(const TimeCellBounds& bounds, const calendar::TimeAxis& times) {
  for (std::int64_t i = 0; i < times.size(); ++i) {
    const auto at = static_cast<std::size_t>(i);
    const TimeSpan& span = bounds.spans[at];
    const std::int64_t stamp = times.seconds[at];
    const bool is_beside = span.begin > stamp || span.end < stamp;
    if (span.seconds() > 0 && !is_beside) continue;
    throw core::Error(fmt::format("{}: {} to {} is not an interval around {}{}", bounds.name,
                                  date(span.begin, times.calendar), date(span.end, times.calendar),
                                  times.format(i), is_beside ? ": it lies beside its time stamp" : ""));
  }
}

/// What cell_methods say, or nothing if they do not speak of time.
/// @throws Error if they, or what was kept of a GRIB file in their place, name something else
std::optional<TimeSampling> sampling_by_methods(const FieldLayout& layout) {
  const std::string method = time_method(layout);
  const std::string step_type = layout.header.text("GRIB_stepType").value_or("instant");
  if (method.empty() && step_type != "instant")
    throw core::Error(fmt::format(
        "GRIB_stepType '{}' says that values are not snapshots, and cell_methods say nothing about time; {}",
        step_type, kAdvice));
  if (method.empty()) return std::nullopt;
  if (method == "point") return TimeSampling::snapshot;
  if (method == "mean") return TimeSampling::mean;
  throw core::Error(
      fmt::format("cell_methods '{}': time: {} is neither a snapshot nor a mean, expected point or mean; if "
                  "it is not wanted, name those that are in data.variables; if the attribute is wrong, {}",
                  *layout.header.text("cell_methods"), method, kAdvice));
}

/// @return  what to warn of; empty if all is well
std::string doubt_snapshots(const FieldLayout& layout, const calendar::TimeAxis& times,
                            const std::optional<TimeCellBounds>& bounds) {
  if (!bounds || !have_length(*bounds)) return "";
  const TimeSpan& first = bounds->spans.front();
  const std::string found = fmt::format(
      "cell_methods '{}' says snapshots, but the time coordinate has bounds ({}), the first from "
      "{} to {} around {}",
      *layout.header.text("cell_methods"), bounds->name, date(first.begin, times.calendar),
      date(first.end, times.calendar), times.format(0));
  std::size_t within = 0, with_length = 0;
  for (std::size_t i = 0; i < bounds->spans.size(); ++i) {
    const TimeSpan& span = bounds->spans[i];
    with_length += span.seconds() != 0 ? 1 : 0;
    within += span.begin < times.seconds[i] && times.seconds[i] < span.end ? 1 : 0;
  }
  if (2 * within > with_length) throw core::Error(fmt::format("{}, as only means do; {}", found, kAdvice));
  return found;
}

MeanInterval about_stamp(const TimeSpan& span, std::int64_t stamp) {
  return {span.begin - stamp, span.end - stamp};
}

/// The interval of every mean, from its time stamp.
MeanInterval common_interval(const TimeCells& cells, const calendar::TimeAxis& times) {
  const MeanInterval first = about_stamp(cells.spans.front(), times.seconds.front());
  for (std::size_t i = 1; i < cells.spans.size(); ++i) {
    const TimeSpan &span = cells.spans[i], &first_span = cells.spans.front();
    if (about_stamp(span, times.seconds[i]) == first) continue;
    throw core::Error(
        fmt::format("the mean stamped {} is over {} to {}, the first, stamped {}, over {} to {}: expected "
                    "intervals of one length, at the same place relative to their time stamps",
                    times.format(static_cast<std::int64_t>(i)), date(span.begin, times.calendar),
                    date(span.end, times.calendar), times.format(0), date(first_span.begin, times.calendar),
                    date(first_span.end, times.calendar)));
  }
  return first;
}

}  // namespace

TimeCellsEvidence read_time_evidence(const NetcdfFile& file, const FieldLayout& layout,
                                     const calendar::TimeAxis& times) {
  TimeCellsEvidence evidence;
  evidence.is_climatology = time_coordinate(file, layout).text("climatology").has_value();
  try {
    evidence.bounds = read_time_bounds(file, layout, times);
  } catch (const core::Error&) {
    evidence.bounds_failure = std::current_exception();
  }
  return evidence;
}

TimeCells find_time_cells(const std::filesystem::path& file, const FieldLayout& layout,
                          const calendar::TimeAxis& times, const TimeCellsEvidence& evidence,
                          std::optional<TimeSampling> as_told) {
  return core::with_context(fmt::format("{}: {}", file.string(), layout.variable.name), [&] {
    if (evidence.is_climatology)
      throw core::Error("it is a climatology (by the attribute of its time coordinate), not weather");
    if (as_told == TimeSampling::snapshot) return TimeCells{};
    const auto said = as_told ? as_told : sampling_by_methods(layout);
    const auto& bounds = evidence.bounds;
    if (said == TimeSampling::snapshot)
      return TimeCells{TimeSampling::snapshot, false, doubt_snapshots(layout, times, bounds), {}};
    if (evidence.bounds_failure) std::rethrow_exception(evidence.bounds_failure);
    if (said == TimeSampling::mean) {
      if (!bounds)
        throw core::Error(fmt::format(
            "it holds time means (cell_methods '{}'), but the time coordinate names no bounds "
            "that would tell their intervals; if these are snapshots, set data.cell_methods to point",
            layout.header.text("cell_methods").value_or("")));
      check_intervals(*bounds, times);
      return TimeCells{TimeSampling::mean, false, "", bounds->spans};
    }
    if (bounds && have_length(*bounds))
      throw core::Error(fmt::format(
          "it has time bounds of {} ({}), but cell_methods '{}' do not say whether values are means over "
          "them: expected 'time: mean' or 'time: point'; {}",
          calendar::format_step(bounds->spans.front().seconds()), bounds->name,
          layout.header.text("cell_methods").value_or(""), kAdvice));
    return TimeCells{TimeSampling::snapshot, true, "", {}};
  });
}

std::string describe(const Sampling& sampling) {
  if (sampling.kind == TimeSampling::snapshot) return "snapshots";
  const std::int64_t before = -sampling.interval.begin_seconds;
  return fmt::format("means over {} that begin {} their time stamps",
                     calendar::format_step(sampling.interval.seconds()),
                     before == 0 ? "at" : calendar::format_step(before) + " before");
}

Sampling find_sampling(const std::filesystem::path& file, const FieldLayout& layout,
                       const calendar::TimeAxis& times, const TimeCellsEvidence& evidence,
                       std::optional<TimeSampling> as_told) {
  const TimeCells cells = find_time_cells(file, layout, times, evidence, as_told);
  Sampling sampling{cells.sampling, cells.is_assumed, cells.doubt, {}};
  if (cells.sampling == TimeSampling::mean)
    sampling.interval = core::with_context(fmt::format("{}: {}", file.string(), layout.variable.name),
                                           [&] { return common_interval(cells, times); });
  return sampling;
}

}  // namespace foehn::io
