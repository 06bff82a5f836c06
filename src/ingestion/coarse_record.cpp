#include "foehn/ingestion/coarse_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "foehn/core/error.hpp"

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

}  // namespace

CoarseRecord coarse_record(ObservationStream& stream) {
  return {stream.times(), stream.variables().size(), stream.grid().cells(),
          [&stream](std::int64_t index, std::span<float> values) { stream.read(index, values); }};
}

CoarseRecord coarse_record(std::vector<Record> records, const grid::Grid& grid) {
  const SourceGrid wanted{grid, {}, false};
  for (const Record& record : records) {
    const std::string where =
        fmt::format("{}: {}", record.files().front().path.string(), record.variable().name);
    if (const auto differing = difference(wanted, *record.grid()))
      throw core::Error(fmt::format("{}: not on the grid of the observations: {}", where, *differing));
    if (record.times().seconds != records.front().times().seconds)
      throw core::Error(fmt::format("{}: other instants than {}", where, records.front().variable().name));
  }
  // Copyable, as std::function wants it; records hold an open file.
  const auto shared = std::make_shared<const std::vector<Record>>(std::move(records));
  const auto cells = static_cast<std::size_t>(grid.cells());
  const grid::Crop all{0, grid.ny(), 0, grid.nx()};
  return {shared->front().times(), shared->size(), grid.cells(),
          [shared, cells, all](std::int64_t index, std::span<float> values) {
            for (std::size_t v = 0; v < shared->size(); ++v) {
              const std::span<float> field = values.subspan(v * cells, cells);
              (*shared)[v].read(index, 1, all, field);
              require_whole((*shared)[v], index, field);
            }
          }};
}

}  // namespace foehn::ingestion
