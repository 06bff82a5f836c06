#include "foehn/ingestion/coarse_record.hpp"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::ingestion {

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
            for (std::size_t v = 0; v < shared->size(); ++v)
              (*shared)[v].read(index, 1, all, values.subspan(v * cells, cells));
          }};
}

}  // namespace foehn::ingestion
