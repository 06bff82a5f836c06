#include "foehn/conditioning/coarsen.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <filesystem>
#include <optional>
#include <span>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/core/version.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/io/overwriting.hpp"
#include "foehn/observation/block_mean.hpp"

namespace foehn::conditioning {

namespace {

io::IndexRange period_of(const io::FieldReader& reader, const CoarsenOptions& options) {
  io::IndexRange period =
      core::with_context("time.start", [&] { return io::select_period(reader.times(), options.start, ""); });
  const std::string first = reader.times().format(period.first);
  // A bare date means its first instant; a time of day means that instant.
  if (options.start.find_first_of("T :") != std::string::npos &&
      calendar::to_seconds(calendar::parse_date_time(options.start), reader.times().calendar) !=
          reader.times().seconds[static_cast<std::size_t>(period.first)])
    throw core::Error(fmt::format("time.start: {} has no instant at {}; the next one is {}", options.input,
                                  options.start, first));
  if (options.hours == 0) return period;
  if (options.hours > period.size())
    throw core::Error(fmt::format("time.hours: {} has {} steps from {}, expected at least {}", options.input,
                                  period.size(), first, options.hours));
  period.last = period.first + options.hours;
  return period;
}

/// What the observations are means over in time, and how far their first time stamp lies from that of the
/// fields that they begin with.
struct Averaging {
  std::optional<io::MeanInterval> interval;
  std::int64_t stamp_seconds = 0;
};

/// @throws core::Error if the fields are means over time that overlap or do not add up to longer ones
Averaging averaging_of(const io::FieldReader& reader, const CoarsenOptions& options) {
  const io::Sampling sampling = io::read_sampling(reader, options.cell_methods);
  const bool are_means = sampling.kind == io::TimeSampling::mean;
  const std::int64_t step = reader.step_seconds(), length = sampling.interval.seconds();
  const auto refuse = [&](const std::string& why) {
    throw core::Error(fmt::format("{}: it holds {} every {}, {}", options.input, io::describe(sampling),
                                  calendar::format_step(step), why));
  };
  if (options.is_mean) {
    if (are_means && length != step) refuse("which do not add up to longer means");
    // From each time on to the next; the time stamp is the middle.
    const std::int64_t half = step * options.every / 2;
    return {io::MeanInterval{-half, half}, sampling.interval.begin_seconds + half};
  }
  if (!are_means) return {};
  if (length > step * options.every) refuse("which overlap");
  return {sampling.interval, 0};
}

/// Means over the cells of a coarse grid.
class CoarseMeans {
 public:
  CoarseMeans(const grid::Grid& fine, const CoarsenOptions& options) : blocks_(options.cells_per_side()) {
    if (options.grid.empty()) {
      grid_ = grid::block_mean_grid(fine, options.cells_per_side());
      return;
    }
    core::with_context("observation.grid", [&] {
      grid_ = grid::named_grid(options.grid);
      if (grid_.cells() >= fine.cells())
        throw core::Error(fmt::format("expected a grid of fewer cells than the fields', {}, found {} with {}",
                                      fine.cells(), options.grid, grid_.cells()));
      grid::CellsWithin within = grid::cells_within(fine, grid_);
      if (static_cast<std::int64_t>(within.cells.size()) != grid_.cells())
        throw core::Error(fmt::format("{} covers {} of the {} cells of {}, expected all", options.input,
                                      within.cells.size(), grid_.cells(), options.grid));
      cells_ = std::move(within.means);
    });
  }

  const grid::Grid& grid() const { return grid_; }
  /// @param fine  [variable, y, x], float32
  /// @return      [variable, y, x], float64
  at::Tensor of(const at::Tensor& fine) const {
    if (!cells_) return blocks_.apply(fine.to(at::kDouble));
    const auto size = [](std::int64_t cells) { return static_cast<std::size_t>(cells); };
    const at::Tensor means = at::empty({fine.size(0), 1, grid_.cells()}, at::kFloat);
    for (std::int64_t variable = 0; variable < fine.size(0); ++variable)
      cells_->apply(std::span<const float>(fine[variable].data_ptr<float>(), size(fine[variable].numel())),
                    std::span(means[variable].data_ptr<float>(), size(grid_.cells())));
    return means.to(at::kDouble);
  }

 private:
  observation::BlockMean blocks_;
  grid::Grid grid_;
  std::optional<grid::RegriddingWeights> cells_;  // none: blocks
};

}  // namespace

void check_cells(const CoarsenOptions& options) {
  if (options.block && !options.grid.empty())
    throw core::UsageError("observation.block and observation.grid: give only one of them");
}

void coarsen_file(const CoarsenOptions& options, bool validate_only) {
  check_cells(options);
  const std::vector<std::filesystem::path> files = io::expand_files({options.input});
  io::refuse_overwriting(files, options.output, "output.path");
  const io::FieldReader reader(files, io::field_selection(options.variables, options.crop));
  if (reader.step_seconds() == 0)
    throw core::Error(
        fmt::format("{}: expected at least two instants, which tell its step, found one", options.input));
  const io::IndexRange period = period_of(reader, options);
  const Averaging averaging = averaging_of(reader, options);
  const CoarseMeans means_over(reader.grid(), options);
  const auto variables = static_cast<std::int64_t>(reader.variables().size());

  io::FieldHeader header;
  header.variables = reader.variables();
  header.grid = means_over.grid();
  header.calendar = reader.times().calendar;
  header.first_seconds =
      reader.times().seconds[static_cast<std::size_t>(period.first)] + averaging.stamp_seconds;
  header.step_seconds = reader.step_seconds() * options.every;
  header.cell_methods = averaging.interval ? "time: mean area: mean" : "time: point area: mean";
  header.mean_interval = averaging.interval;
  header.attributes = {
      {"title", std::string("coarse observations: means of fine fields over cells")},
      {"source", fmt::format("foehn {}", core::version())},
      {"history", fmt::format("foehn coarsen: {} of {}, {} {} steps",
                              options.grid.empty() ? fmt::format("{0} x {0} cells", options.cells_per_side())
                                                   : "cells of " + options.grid,
                              std::filesystem::path(options.input).filename().string(),
                              options.is_mean ? "means over" : "every", options.every)}};
  io::FieldWriter writer(options.output, header);
  // A mean whose last hours lie beyond the end is left out.
  const std::int64_t covered = options.is_mean ? options.every : 1;
  if (period.size() < covered)
    throw core::Error(fmt::format("observation.every: {} has {} steps, too few for a mean over {}",
                                  options.input, period.size(), options.every));
  if (validate_only) return;

  const auto& grid = reader.grid();
  at::Tensor fine = at::empty({variables, grid.ny(), grid.nx()}, at::kFloat);
  for (std::int64_t first = period.first; first + covered <= period.last; first += options.every) {
    core::beat();
    at::Tensor sum;
    for (std::int64_t hour = first; hour < first + covered; ++hour) {
      reader.read(hour, 1, {fine.data_ptr<float>(), static_cast<std::size_t>(fine.numel())});
      const at::Tensor means = means_over.of(fine);
      sum = sum.defined() ? sum.add_(means) : means;
    }
    const at::Tensor coarse = (sum / static_cast<double>(covered)).to(at::kFloat).contiguous();
    writer.append({coarse.data_ptr<float>(), static_cast<std::size_t>(coarse.numel())});
  }
  writer.commit();
}

}  // namespace foehn::conditioning
