#include "foehn/ingestion/time_sampling.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "foehn/core/error.hpp"
#include "foehn/io/cell_methods.hpp"
#include "foehn/io/packing.hpp"

namespace foehn::ingestion {

namespace {

constexpr const char* kAdvice = "data.cell_methods can say which they are, point or mean";

/// [begin, end] of each instant; none where the time coordinate names no bounds.
struct Bounds {
  std::string name;
  calendar::TimeAxis edges;  // [time, 2]
};

std::optional<Bounds> read_bounds(const io::NetcdfFile& file, const io::FieldLayout& layout,
                                  const calendar::TimeAxis& times) {
  const io::NetcdfVariable time = io::time_coordinate(file, layout);
  const auto name = time.text("bounds");
  if (!name) return std::nullopt;
  if (!file.has_variable(*name))
    throw core::Error(fmt::format("its time coordinate names bounds, {}, which are not in the file", *name));
  return core::with_context(*name, [&] {
    const io::NetcdfVariable bounds = file.variable(*name);
    if (bounds.dimensions.size() != 2 || bounds.dimensions[0].size != times.size() ||
        bounds.dimensions[1].size != 2)
      throw core::Error(fmt::format("bounds of {}: expected {} pairs", time.name, times.size()));
    // Bounds are in their coordinate's units (CF 7.1).
    return std::optional(Bounds{*name, calendar::decode_times(io::read_coordinate(file, bounds),
                                                              *time.text("units"), times.calendar)});
  });
}

io::MeanInterval interval_of(const Bounds& bounds, const calendar::TimeAxis& times, std::int64_t index) {
  const auto i = static_cast<std::size_t>(index);
  return {bounds.edges.seconds[2 * i] - times.seconds[i], bounds.edges.seconds[2 * i + 1] - times.seconds[i]};
}

io::MeanInterval common_interval(const Bounds& bounds, const calendar::TimeAxis& times) {
  const io::MeanInterval first = interval_of(bounds, times, 0);
  for (std::int64_t i = 0; i < times.size(); ++i) {
    const io::MeanInterval interval = interval_of(bounds, times, i);
    const std::string found =
        fmt::format("{}: the mean stamped {} is over {} to {}", bounds.name, times.format(i),
                    bounds.edges.format(2 * i), bounds.edges.format(2 * i + 1));
    if (interval.seconds() <= 0) throw core::Error(found + ", which is no interval");
    if (interval.begin_seconds > 0 || interval.end_seconds < 0)
      throw core::Error(found + ", beside its time stamp");
    if (interval != first)
      throw core::Error(
          fmt::format("{}, the first, stamped {}, over {} to {}: intervals of one length, all alike "
                      "about their time stamps, are wanted",
                      found, times.format(0), bounds.edges.format(0), bounds.edges.format(1)));
  }
  return first;
}

bool has_length(const Bounds& bounds, const calendar::TimeAxis& times) {
  for (std::int64_t i = 0; i < times.size(); ++i)
    if (interval_of(bounds, times, i).seconds() != 0) return true;
  return false;
}

/// What the attribute says, or nothing if it does not speak of time.
std::optional<TimeSampling> kind_by_attribute(const io::FieldLayout& layout) {
  const std::string method = io::time_method(layout);
  if (method.empty()) return std::nullopt;
  if (method == "point") return TimeSampling::snapshot;
  if (method == "mean") return TimeSampling::mean;
  throw core::Error(
      fmt::format("cell_methods '{}': time: {} is neither a snapshot (point) nor a mean; if the "
                  "attribute is wrong, {}",
                  *layout.header.text("cell_methods"), method, kAdvice));
}

}  // namespace

calendar::TimeAxis middles(const Sampling& sampling, calendar::TimeAxis times) {
  const std::int64_t middle = (sampling.interval.begin_seconds + sampling.interval.end_seconds) / 2;
  for (std::int64_t& seconds : times.seconds) seconds += middle;
  return times;
}

calendar::TimeAxis covered(const Sampling& sampling, const calendar::TimeAxis& times) {
  const std::int64_t last_second = sampling.kind == TimeSampling::mean ? 1 : 0;
  return {times.calendar,
          {times.seconds.front() + sampling.interval.begin_seconds,
           times.seconds.back() + sampling.interval.end_seconds - last_second}};
}

Sampling read_sampling(const io::NetcdfFile& file, const io::FieldLayout& layout,
                       const calendar::TimeAxis& times, std::optional<TimeSampling> as_told) {
  return core::with_context(fmt::format("{}: {}", file.path().string(), layout.variable.name), [&] {
    if (io::time_coordinate(file, layout).text("climatology"))
      throw core::Error("it is a climatology (by the attribute of its time coordinate), not weather");
    auto kind = as_told;
    if (!kind) kind = kind_by_attribute(layout);
    if (kind == TimeSampling::snapshot) return Sampling{};
    const auto bounds = read_bounds(file, layout, times);
    if (kind == TimeSampling::mean) {
      if (!bounds)
        throw core::Error(
            "it holds time means, but the time coordinate names no bounds that would tell over which "
            "interval; if these are snapshots, set data.cell_methods to point");
      return Sampling{TimeSampling::mean, false, common_interval(*bounds, times)};
    }
    if (bounds && has_length(*bounds, times))
      throw core::Error(
          fmt::format("it has time bounds ({}), but its cell_methods do not say whether values are "
                      "means over them; {}",
                      bounds->name, kAdvice));
    return Sampling{TimeSampling::snapshot, true, {}};
  });
}

}  // namespace foehn::ingestion
