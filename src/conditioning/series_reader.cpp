#include "foehn/conditioning/series_reader.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "foehn/conditioning/plausible_values.hpp"
#include "foehn/core/error.hpp"
#include "source_checks.hpp"

namespace foehn::conditioning {

SeriesReader::SeriesReader(io::CoarseSource source, const model::Domain& domain)
    : source_(std::move(source)), coarse_(domain) {
  const io::FieldReader& reader = source_.reader;
  series_.name = source_.files.front().string();
  in_observations(series_.name, [&] {
    series_ = series_of(source_, matched_block(domain.grid, reader.grid()), domain.step_seconds);
    coarse_ = domain.block_mean(series_.block);
    check_step(reader, domain);
  });
  const std::vector<ingestion::PlausibleRange> ranges = plausible_ranges(domain);
  for (const std::int64_t variable : series_.variables)
    plausible_.push_back(ranges[static_cast<std::size_t>(variable)]);
}

std::vector<std::int64_t> SeriesReader::shape() const {
  const grid::Grid& grid = source_.reader.grid();
  return {static_cast<std::int64_t>(series_.variables.size()), grid.ny(), grid.nx()};
}

at::Tensor SeriesReader::read(std::int64_t first, std::int64_t count) const {
  const io::FieldReader& reader = source_.reader;
  std::vector<std::int64_t> sizes = shape();
  sizes.insert(sizes.begin(), count);
  at::Tensor values = at::empty(sizes, at::kFloat);
  const std::int64_t cells = reader.grid().cells();
  reader.read_with_gaps(first, count, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
  for (std::int64_t i = 0; i < count; ++i) {
    at::Tensor coarse = values.select(0, i);
    in_observations(series_.name, [&] {
      for (std::size_t v = 0; v < plausible_.size(); ++v)
        ingestion::check_plausible(plausible_[v],
                                   {coarse.data_ptr<float>() + static_cast<std::int64_t>(v) * cells,
                                    static_cast<std::size_t>(cells)},
                                   times().format(first + i), reader.grid());
    });
    coarse.copy_(normalise(coarse, source_.spans[static_cast<std::size_t>(first + i)]));
  }
  return values;
}

at::Tensor SeriesReader::normalise(const at::Tensor& coarse, const io::TimeSpan& span) const {
  const at::Tensor index = at::tensor(series_.variables, at::kLong);
  const at::Tensor all =
      at::zeros({static_cast<std::int64_t>(coarse_.variables.size()), coarse.size(1), coarse.size(2)})
          .index_copy(0, index, coarse);
  const auto at_instant = [&](std::int64_t seconds) {
    return coarse_.normalise(all, seconds, series_.calendar).index_select(0, index);
  };
  if (!series_.is_mean) return at_instant(span.begin);
  // What fields are normalised by changes from hour to hour: a mean takes the mean of that over its hours.
  at::Tensor sum = at_instant(span.begin);
  for (std::int64_t seconds = span.begin + series_.hour_seconds; seconds < span.end;
       seconds += series_.hour_seconds)
    sum.add_(at_instant(seconds));
  const std::int64_t hours = (span.end - span.begin) / series_.hour_seconds;
  return sum.div_(static_cast<double>(hours));
}

std::vector<SeriesReader> open_series(const std::vector<std::filesystem::path>& files,
                                      const model::Domain& domain) {
  std::vector<io::CoarseSource> opened =
      core::with_context("observations", [&] { return io::open_coarse_sources(files, domain.variables); });
  std::vector<SeriesReader> readers;
  for (io::CoarseSource& source : opened) readers.emplace_back(std::move(source), domain);
  for (const SeriesReader& reader : readers)
    if (!calendar::are_comparable(reader.times(), readers.front().times()))
      throw core::Error(fmt::format(
          "observations: calendar {} of {}, but {} of {}", calendar::calendar_name(reader.series().calendar),
          reader.variable_name(0), calendar::calendar_name(readers.front().series().calendar),
          readers.front().variable_name(0)));
  return readers;
}

}  // namespace foehn::conditioning
