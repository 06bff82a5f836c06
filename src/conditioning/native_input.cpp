#include "foehn/conditioning/native_input.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>
#include <utility>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/conditioning/native_cells.hpp"
#include "foehn/conditioning/placement.hpp"
#include "foehn/conditioning/plausible_values.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/grid/regridding.hpp"
#include "source_checks.hpp"

namespace foehn::conditioning {

namespace {

/// The cells under each coarse cell, and their weights.
std::vector<Footprint> footprints_of(const grid::CellsWithin& within) {
  const grid::RegriddingWeights& means = within.means;
  std::vector<Footprint> footprints;
  for (std::size_t i = 0; i < within.cells.size(); ++i) {
    const auto first = static_cast<std::ptrdiff_t>(means.first_link[i]),
               last = static_cast<std::ptrdiff_t>(means.first_link[i + 1]);
    footprints.push_back({{means.source_cell.begin() + first, means.source_cell.begin() + last},
                          {means.weight.begin() + first, means.weight.begin() + last}});
  }
  return footprints;
}

/// One variable's values on their way into a trajectory.
struct Gathered {
  std::vector<PlacedValue> values;
  std::int64_t missing = 0;
  std::optional<std::pair<std::int64_t, std::int64_t>> first_missing;  // instant, value in [variable, y, x]
};

/// Reads a source instant by instant.
class Gathering {
 public:
  Gathering(const io::CoarseSource& source, const grid::CellsWithin& within, const model::Domain& domain)
      : source_(source), within_(within), all_(source.variables.size()) {
    const std::vector<ingestion::PlausibleRange> ranges = plausible_ranges(domain);
    for (const std::int64_t variable : source.variables)
      plausible_.push_back(ranges[static_cast<std::size_t>(variable)]);
  }

  /// @param std  of each variable of the source
  void add(std::int64_t instant, const observation::Interval& hours, const std::vector<double>& std) {
    const io::FieldReader& reader = source_.reader;
    const auto cells = static_cast<std::size_t>(reader.grid().cells());
    std::vector<float> fields(all_.size() * cells);
    reader.read_with_gaps(instant, 1, fields);
    for (std::size_t variable = 0; variable < all_.size(); ++variable) {
      // What lies elsewhere on the globe is not the prior's business.
      std::vector<float> inside(cells, std::numeric_limits<float>::quiet_NaN());
      for (const std::int64_t cell : within_.cells)
        inside[static_cast<std::size_t>(cell)] = fields[variable * cells + static_cast<std::size_t>(cell)];
      ingestion::check_plausible(plausible_[variable], inside, reader.times().format(instant), reader.grid());
      Gathered& gathered = all_[variable];
      for (std::size_t place = 0; place < within_.cells.size(); ++place) {
        const auto cell = static_cast<std::size_t>(within_.cells[place]);
        if (!std::isnan(inside[cell])) {
          gathered.values.push_back({hours, place, static_cast<double>(inside[cell]), std[variable]});
          continue;
        }
        ++gathered.missing;
        if (!gathered.first_missing)
          gathered.first_missing = {instant, static_cast<std::int64_t>(variable * cells + cell)};
      }
    }
  }

  void check_missing(double fraction) const {
    for (std::size_t i = 0; i < all_.size(); ++i) {
      const Gathered& gathered = all_[i];
      if (gathered.missing == 0) continue;
      const auto& [instant, value] = *gathered.first_missing;
      conditioning::check_missing(gathered.missing,
                                  gathered.missing + static_cast<std::int64_t>(gathered.values.size()),
                                  fmt::format("{} in the domain", source_.reader.variables()[i].name),
                                  source_.reader.describe_missing(instant, value), fraction);
    }
  }

  std::vector<PlacedValue> take(std::size_t variable) { return std::move(all_[variable].values); }

 private:
  const io::CoarseSource& source_;
  const grid::CellsWithin& within_;
  std::vector<ingestion::PlausibleRange> plausible_;
  std::vector<Gathered> all_;
};

}  // namespace

NativeInput::NativeInput(NativeOptions options, const model::Domain& domain)
    : options_(std::move(options)), domain_(domain) {
  std::vector<io::CoarseSource> opened = core::with_context("observations", [&] {
    return io::open_coarse_sources(options_.files, domain.variables, io::Grids::any);
  });
  for (io::CoarseSource& source : opened) {
    grid::CellsWithin within = in_observations(source.files.front().string(), [&] {
      check_step(source.reader, domain);
      if (!calendar::are_comparable(source.reader.times(), opened.front().reader.times()))
        throw core::Error(fmt::format("calendar {}, but {} of {}",
                                      calendar::calendar_name(source.reader.times().calendar),
                                      calendar::calendar_name(opened.front().reader.times().calendar),
                                      opened.front().files.front().string()));
      return native_cells(source, domain.grid, options_.weights);
    });
    if (within.has_repeated_column)
      spdlog::info("observations {}: {} repeats its first column after 360 degrees; the repeat is not used",
                   source.files.front().string(), source.reader.grid().x.name);
    sources_.push_back({std::move(source), std::move(within)});
  }
}

std::vector<Series> NativeInput::series() const {
  std::vector<Series> all;
  for (const Source& source : sources_) all.push_back(series_of(source.data, 1, domain_.step_seconds));
  return all;
}

std::vector<Origin> NativeInput::origins() const {
  std::vector<Origin> all;
  for (const std::filesystem::path& file : options_.files)
    all.push_back({file.string(), io::NetcdfFile::open(file).global_attributes()});
  return all;
}

std::string NativeInput::digest() const {
  return core::sha256_of_files(options_.files);
}

std::vector<PointSet> NativeInput::place(const Period& period, const std::vector<double>& std) const {
  std::vector<PointSet> sets;
  for (const Source& source : sources_)
    for (PointSet& set : place(source, period, std)) sets.push_back(std::move(set));
  return sets;
}

at::Tensor NativeInput::coarse_fields(const model::CoarseCells& cells) const {
  std::vector<at::Tensor> fields;
  std::vector<std::int64_t> variables;
  for (const Source& source : sources_) {
    fields.push_back(coarse_fields(source, cells));
    variables.insert(variables.end(), source.data.variables.begin(), source.data.variables.end());
  }
  return at::cat(fields, 1).index_select(1, at::argsort(at::tensor(variables, at::kLong)));
}

at::Tensor NativeInput::coarse_fields(const Source& source, const model::CoarseCells& cells) const {
  const io::FieldReader& reader = source.data.reader;
  const calendar::TimeAxis& times = reader.times();
  const std::vector<ingestion::PlausibleRange> ranges = plausible_ranges(domain_);
  const at::Tensor index = at::tensor(source.data.variables, at::kLong),
                   scale = domain_.normalisation.scale().index_select(0, index).reshape({-1, 1, 1});
  const auto count = static_cast<std::size_t>(cells.grid().cells());
  at::Tensor all = at::empty({times.size(), index.size(0), 1, cells.grid().cells()}, at::kFloat);
  in_observations(source.data.files.front().string(), [&] {
    if (const auto difference = grid::difference(cells.grid(), reader.grid()))
      throw core::Error(
          fmt::format("grid: {}; the prior was trained with means over the cells of another grid "
                      "(train.coarse_grid)",
                      *difference));
    for (std::int64_t i = 0; i < times.size(); ++i) {
      core::beat();
      at::Tensor fields = all.select(0, i);
      const std::span<float> values(fields.data_ptr<float>(), static_cast<std::size_t>(fields.numel()));
      reader.read_with_gaps(i, 1, values);
      for (std::size_t v = 0; v < source.data.variables.size(); ++v)
        ingestion::check_plausible(ranges[static_cast<std::size_t>(source.data.variables[v])],
                                   values.subspan(v * count, count), times.format(i), reader.grid());
      const auto missing = std::ranges::find_if(values, [](float value) { return std::isnan(value); });
      if (missing != values.end())
        throw core::Error(fmt::format("{}: no value, and the prior is given one in every cell",
                                      reader.describe_missing(i, missing - values.begin())));
      const at::Tensor expected =
          cells.means(domain_.normalisation.climatology()
                          ->at(times.seconds[static_cast<std::size_t>(i)], times.calendar)
                          .index_select(0, index));
      fields.copy_((fields.to(at::kDouble) - expected) / scale);
    }
  });
  return all;
}

std::vector<PointSet> NativeInput::place(const Source& source, const Period& period,
                                         const std::vector<double>& std) const {
  const io::CoarseSource& data = source.data;
  const Placement placement = conditioning::place(series_of(data, 1, domain_.step_seconds), period);
  std::vector<double> of_variables;
  for (const std::int64_t variable : data.variables)
    of_variables.push_back(std[static_cast<std::size_t>(variable)]);
  Gathering gathering(data, source.within, domain_);
  in_observations(data.files.front().string(), [&] {
    for (std::size_t i = 0; i < placement.intervals.size(); ++i) {
      core::beat();
      gathering.add(static_cast<std::int64_t>(i), placement.intervals[i], of_variables);
    }
  });
  gathering.check_missing(options_.missing_fraction);
  const std::vector<Footprint> footprints = footprints_of(source.within);
  std::vector<PointSet> sets;
  for (std::size_t i = 0; i < data.variables.size(); ++i) {
    const PointPlacement common{
        .name = data.files.front().string(),
        .variable = data.variables[i],
        .sampling = data.is_mean ? io::PointSampling::mean : io::PointSampling::snapshot,
        .intervals = {},
        .are_cells = true};
    for (PointSet& set : make_point_sets(common, gathering.take(i), footprints, period, domain_))
      sets.push_back(std::move(set));
  }
  return sets;
}

}  // namespace foehn::conditioning
