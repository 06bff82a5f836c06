#include "time_cells.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/io/cell_methods.hpp"
#include "foehn/io/packing.hpp"

namespace foehn::io {
bool is_mean_over_time(const FieldLayout& layout, const std::vector<TimeSpan>& bounds) {
  const std::string text = layout.header.text("cell_methods").value_or("");
  const std::string method = time_method(layout);
  if (method == "point") return false;
  if (method == "mean") {
    if (bounds.empty())
      throw core::Error(
          fmt::format("cell_methods '{}' says means over time, but the time coordinate has no bounds, which "
                      "say over what",
                      text));
    return true;
  }
  if (!method.empty())
    throw core::Error(fmt::format("cell_methods '{}': expected point or mean in time", text));
  const auto covers =
      std::find_if(bounds.begin(), bounds.end(), [](const TimeSpan& span) { return span.begin != span.end; });
  if (covers != bounds.end())
    throw core::Error(fmt::format(
        "the time coordinate has bounds of {}, but cell_methods '{}' does not say whether values are means "
        "over them or snapshots: expected 'time: mean' or 'time: point'",
        calendar::format_step(covers->end - covers->begin), text));
  return false;
}

std::vector<TimeSpan> read_time_bounds(const NetcdfFile& file, const FieldSource& source) {
  const NetcdfVariable time = time_coordinate(file, source.layouts.front());
  const auto name = time.text("bounds");
  if (!name) return {};
  return core::with_context(fmt::format("{}: bounds of {}", file.path().string(), time.name), [&] {
    const NetcdfVariable variable = file.variable(*name);
    if (!variable.is_numeric || variable.dimensions.size() != 2 ||
        variable.dimensions[0].name != time.dimensions[0].name || variable.dimensions[1].size != 2)
      throw core::Error(fmt::format("{}: expected dimensions ({}, 2)", *name, time.dimensions[0].name));
    const std::string units = variable.text("units").value_or(*time.text("units"));
    const std::vector<std::int64_t> seconds =
        calendar::decode_times(read_coordinate(file, variable), units, source.times.calendar).seconds;
    std::vector<TimeSpan> bounds;
    for (std::size_t i = 0; i < seconds.size(); i += 2) bounds.push_back({seconds[i], seconds[i + 1]});
    return bounds;
  });
}

void check_time_bounds(const std::filesystem::path& path, const FieldSource& source,
                       const std::vector<TimeSpan>& bounds) {
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    const auto& [begin, end] = bounds[i];
    const std::int64_t time = source.times.seconds[i];
    if (begin < end && begin <= time && time <= end) continue;
    const auto date = [&](std::int64_t seconds) {
      return calendar::format_date_time(calendar::from_seconds(seconds, source.times.calendar));
    };
    throw core::Error(fmt::format("{}: time bounds: {} to {} is no interval around {}", path.string(),
                                  date(begin), date(end), date(time)));
  }
}

}  // namespace foehn::io
