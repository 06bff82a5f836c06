#include <ATen/Parallel.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <iostream>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "foehn/calendar/date_time.hpp"
#include "foehn/conditioning/coarsen.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/version.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/model/spherical_climate.hpp"
#include "foehn/model/synthetic_climate.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {
namespace {

constexpr std::int64_t kChunkHours = 24;
constexpr double kLargestSize = 4096;

struct SynthOptions {
  std::vector<std::int64_t> size{128};
  double spacing_degrees = 0.25;
  std::string grid;  // octahedral; empty: rectilinear
  std::string start = "2001-01-01";
  std::int64_t hours = 720;
  std::int64_t seed = 0;
  std::string output;
  conditioning::CoarsenOptions coarse;  // output empty: no coarse twin
};

void declare(config::OptionTable& table, SynthOptions& options) {
  table.add("grid.size", &options.size,
            {.doc = "Make a grid of this many rows and columns, such as 96,128; one number makes it square.",
             .unit = "1",
             .minimum = 2,
             .maximum = kLargestSize,
             .fewest = 1,
             .most = 2});
  table.add("grid.spacing", &options.spacing_degrees,
            {.doc = "Space the grid by this step in latitude and longitude; its centre is at 54 N, 4 W.",
             .unit = "degree",
             .minimum = 0.05,
             .maximum = 2});
  table.add(
      "grid.name", &options.grid,
      {.doc = "Make the globe's weather (psl, tas) on this octahedral reduced Gaussian grid, such as O32, "
              "instead of a region's; grid.size and grid.spacing are ignored."});
  table.add("time.start", &options.start, {.doc = "Begin at this hour (UTC, standard calendar)."});
  table.add("time.hours", &options.hours,
            {.doc = "Make this many hours.", .unit = "h", .minimum = 1, .maximum = 1e9});
  table.add("seed", &options.seed,
            {.doc = "Seed the weather; the land is the same for every seed.", .unit = "1", .minimum = 0});
  add_observation_options(table, options.coarse);
  table.add("output.path", &options.output,
            {.doc = "Write the reanalysis to this NetCDF file.", .required = true, .changes_result = false});
  table.add("output.coarse", &options.coarse.output,
            {.doc = "Also write observations to this file: means over blocks of observation.block cells, or "
                    "over the cells of observation.grid, every observation.every hours.",
             .changes_result = false});
}

std::int64_t first_second(const SynthOptions& options) {
  return core::with_context("time.start", [&] {
    return calendar::to_seconds(calendar::parse_date_time(options.start), calendar::Calendar::standard);
  });
}

/// A toy climate, of a region or of the globe.
struct ToyClimate {
  std::vector<io::Variable> variables;
  grid::Grid grid;
  std::vector<double> standard_deviations;     ///< of each variable, known
  std::function<void(std::span<float>)> draw;  ///< the next hours, [hour, variable, y, x]
};

template <class Climate>
ToyClimate toy_climate(std::shared_ptr<Climate> climate, std::vector<double> standard_deviations) {
  return {Climate::variables(), climate->grid(), std::move(standard_deviations),
          [climate](std::span<float> values) { climate->draw(values); }};
}

ToyClimate make_regional(const SynthOptions& options) {
  using Climate = model::SyntheticClimate;
  model::SyntheticClimateOptions settings;
  settings.ny = options.size.front();
  settings.nx = options.size.back();
  settings.spacing_degrees = options.spacing_degrees;
  settings.seed = static_cast<std::uint64_t>(options.seed);
  settings.first_seconds = first_second(options);
  const auto climate = std::make_shared<Climate>(settings);
  std::vector<double> deviations;
  for (std::int64_t variable = 0; variable < Climate::kVariables; ++variable)
    deviations.push_back(climate->standard_deviation(static_cast<Climate::Variable>(variable)));
  return toy_climate(climate, std::move(deviations));
}

ToyClimate make_global(const SynthOptions& options) {
  using Climate = model::SphericalClimate;
  model::SphericalClimateOptions settings;
  settings.grid = options.grid;
  settings.seed = static_cast<std::uint64_t>(options.seed);
  settings.first_seconds = first_second(options);
  const auto climate = core::with_context("grid.name", [&] { return std::make_shared<Climate>(settings); });
  std::vector<double> deviations;
  for (const auto variable : {Climate::psl, Climate::tas})
    deviations.push_back(std::sqrt(climate->covariance(variable, variable, 0, 1)));
  return toy_climate(climate, std::move(deviations));
}

std::string grid_words(const SynthOptions& options) {
  if (!options.grid.empty()) return "--grid.name " + options.grid;
  return fmt::format("--grid.size {} --grid.spacing {}", fmt::join(options.size, ","),
                     options.spacing_degrees);
}

io::FieldHeader header(const ToyClimate& climate, const SynthOptions& options) {
  io::FieldHeader header;
  header.variables = climate.variables;
  header.grid = climate.grid;
  header.first_seconds = first_second(options);
  header.chunk_steps = kChunkHours;
  header.attributes = {
      {"title", "Toy reanalysis: a Gaussian process with known covariance"},
      {"source", fmt::format("foehn {}", core::version())},
      {"history", fmt::format("foehn synth {} --time.start {} --time.hours {} --seed {}", grid_words(options),
                              options.start, options.hours, options.seed)},
      {"seed", options.seed},
  };
  for (std::size_t variable = 0; variable < climate.variables.size(); ++variable)
    header.attributes["known_standard_deviation_" + climate.variables[variable].name] =
        climate.standard_deviations[variable];
  return header;
}

/// Says now what the twin could not be made of.
void check_twin(const ToyClimate& climate, const SynthOptions& options) {
  const auto plain = [](const std::string& path) { return std::filesystem::weakly_canonical(path); };
  if (plain(options.output) == plain(options.coarse.output))
    throw core::UsageError(fmt::format(
        "output.coarse: expected another file than output.path, found {} for both", options.coarse.output));
  conditioning::check_cells(options.coarse);
  if (options.coarse.grid.empty())
    core::with_context("observation.block",
                       [&] { return grid::block_mean_grid(climate.grid, options.coarse.cells_per_side()); });
  else
    core::with_context("observation.grid", [&] {
      return grid::cells_within(climate.grid, grid::named_grid(options.coarse.grid));
    });
  // If it cannot be written, say so now and not after the reanalysis.
  const io::FieldWriter probe(options.coarse.output, header(climate, options));
}

int run(const Call& call, const SynthOptions& options) {
  at::set_num_threads(1);  // the last bits of a transform depend on the number of threads
  const ToyClimate climate = options.grid.empty() ? make_regional(options) : make_global(options);
  const bool has_twin = !options.coarse.output.empty();
  if (has_twin) check_twin(climate, options);
  io::FieldWriter writer(options.output, header(climate, options));
  if (call.validate_only) {
    say_valid("nothing was written");
    return 0;
  }

  core::Progress progress("drawing weather", options.hours, "hours", true);
  const std::int64_t hour_size = std::ssize(climate.variables) * climate.grid.cells();
  std::vector<float> values;
  for (std::int64_t hour = 0; hour < options.hours; hour += kChunkHours) {
    const std::int64_t count = std::min(kChunkHours, options.hours - hour);
    values.resize(static_cast<std::size_t>(count * hour_size));
    climate.draw(values);
    writer.append(values);
    progress.advance(count);
  }
  writer.commit();
  std::vector<std::string> names;
  for (const io::Variable& variable : climate.variables) names.push_back(variable.name);
  const std::string cells =
      options.grid.empty() ? fmt::format("{} x {}", climate.grid.ny(), climate.grid.nx()) : options.grid;
  std::cout << fmt::format("wrote {}: {} hours of {} on {} cells\n", options.output, options.hours,
                           fmt::join(names, ", "), cells);
  if (has_twin) {
    conditioning::CoarsenOptions coarse = options.coarse;
    coarse.input = options.output;
    conditioning::coarsen_file(coarse);
    std::cout << fmt::format("wrote {}\n", options.coarse.output);
  }
  return 0;
}

}  // namespace

Subcommand synth() {
  return {.name = "synth",
          .summary = "Make a toy reanalysis (psl, tas, uas, vas) whose covariance is known.",
          .example = "foehn synth --grid.size 48 --time.hours 576 --seed 1 --output.path truth.nc",
          .declare = serial(&declare, &run)};
}

}  // namespace foehn::app
