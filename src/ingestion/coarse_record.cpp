#include "foehn/ingestion/coarse_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/grid/winds.hpp"

namespace foehn::ingestion {

namespace {

void require_whole(const Record& record, std::int64_t index, std::span<const float> field) {
  const auto missing =
      std::find_if(field.begin(), field.end(), [](float value) { return std::isnan(value); });
  if (missing == field.end()) return;
  const std::int64_t nx = record.grid()->nx(), cell = missing - field.begin();
  throw core::Error(fmt::format("{}: {}: missing value at {}, {}", record.file_of(index).string(),
                                record.variable().name, record.times().format(index),
                                record.grid()->place(cell / nx, cell % nx)));
}

std::vector<std::string> first_files(const std::vector<Record>& records) {
  std::vector<std::string> files;
  for (const Record& record : records)
    files.push_back(record.files().front().path.string() + (record.files().size() > 1 ? " and others" : ""));
  return files;
}

std::function<std::string(std::int64_t)> places_on(const grid::Grid& grid) {
  return [grid](std::int64_t cell) { return grid::cell_text(grid, cell); };
}

/// Winds that lie on the observations' grid already are no longer turned.
void check_winds(const Record& record, bool is_rotated, const std::string& where) {
  const auto found = grid::wind_component(record.source_standard_name());
  const auto wanted = grid::wind_component(record.variable().standard_name);
  if (is_rotated && found && wanted && found->is_along_grid != wanted->is_along_grid)
    throw core::Error(fmt::format("{}: winds as {}, expected {}, on the same rotated grid", where,
                                  record.source_standard_name(), record.variable().standard_name));
}

}  // namespace

bias::DailyTimes daily_times(const io::Sampling& sampling, const calendar::TimeAxis& times) {
  return bias::daily_times(times, sampling.interval.begin_seconds, sampling.interval.seconds());
}

CoarseRecord coarse_record(ObservationStream& stream) {
  return {middles(stream.sampling(), stream.times()),
          daily_times(stream.sampling(), stream.times()),
          first_files(stream.records()),
          places_on(stream.grid()),
          stream.variables().size(),
          stream.grid().cells(),
          [&stream](std::int64_t index, std::span<float> values) { stream.read(index, values); }};
}

CoarseRecord coarse_record(std::vector<Record> records, const grid::Grid& grid) {
  const SourceGrid wanted{grid, {}, false};
  for (const Record& record : records) {
    const std::string where =
        fmt::format("{}: {}", record.files().front().path.string(), record.variable().name);
    if (const auto differing = difference(wanted, *record.grid()))
      throw core::Error(fmt::format("{}: not on the grid of the observations: {}", where, *differing));
    const Record& first = records.front();
    if (record.times().seconds != first.times().seconds)
      throw core::Error(fmt::format("{}: it has other instants than {}", where, first.variable().name));
    if (record.sampling().interval != first.sampling().interval)
      throw core::Error(fmt::format(
          "{}: it holds {}, but {} of {}", where, describe(daily_times(record.sampling(), record.times())),
          describe(daily_times(first.sampling(), first.times())), first.variable().name));
    check_winds(record, grid.rotated_pole.has_value(), where);
  }
  // Copyable, as std::function wants it; records hold an open file.
  const auto shared = std::make_shared<const std::vector<Record>>(std::move(records));
  const auto cells = static_cast<std::size_t>(grid.cells());
  const grid::Crop all{0, grid.ny(), 0, grid.nx()};
  const Record& first = shared->front();
  return {middles(first.sampling(), first.times()),
          daily_times(first.sampling(), first.times()),
          first_files(*shared),
          places_on(grid),
          shared->size(),
          grid.cells(),
          [shared, cells, all](std::int64_t index, std::span<float> values) {
            for (std::size_t v = 0; v < shared->size(); ++v) {
              const std::span<float> field = values.subspan(v * cells, cells);
              (*shared)[v].read(index, 1, all, field);
              require_whole((*shared)[v], index, field);
            }
          }};
}

}  // namespace foehn::ingestion
