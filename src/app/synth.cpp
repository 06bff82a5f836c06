#include <ATen/Parallel.h>
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <iostream>

#include "foehn/calendar/date_time.hpp"
#include "foehn/conditioning/coarsen.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"
#include "foehn/core/version.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/model/synthetic_climate.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {
namespace {

using model::SyntheticClimate;

constexpr std::int64_t kChunkHours = 24;
constexpr double kLargestSize = 4096;

struct SynthOptions {
  std::vector<std::int64_t> size{128};
  double spacing_degrees = 0.25;
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
  table.add("time.start", &options.start, {.doc = "Begin at this hour (UTC, standard calendar)."});
  table.add("time.hours", &options.hours,
            {.doc = "Make this many hours.", .unit = "h", .minimum = 1, .maximum = 1e9});
  table.add("seed", &options.seed,
            {.doc = "Seed the weather; the land is the same for every seed.", .unit = "1", .minimum = 0});
  add_observation_options(table, options.coarse.block, options.coarse.every);
  table.add("output.path", &options.output,
            {.doc = "Write the reanalysis to this NetCDF file.", .required = true, .changes_result = false});
  table.add("output.coarse", &options.coarse.output,
            {.doc = "Also write observations to this file: means over blocks of observation.block cells "
                    "every observation.every hours.",
             .changes_result = false});
}

model::SyntheticClimateOptions climate_options(const SynthOptions& options) {
  model::SyntheticClimateOptions climate;
  climate.ny = options.size.front();
  climate.nx = options.size.back();
  climate.spacing_degrees = options.spacing_degrees;
  climate.seed = static_cast<std::uint64_t>(options.seed);
  climate.first_seconds = core::with_context("time.start", [&] {
    return calendar::to_seconds(calendar::parse_date_time(options.start), calendar::Calendar::standard);
  });
  return climate;
}

io::FieldHeader header(const SyntheticClimate& climate, const SynthOptions& options,
                       std::int64_t first_seconds) {
  io::FieldHeader header;
  header.variables = SyntheticClimate::variables();
  header.grid = climate.grid();
  header.first_seconds = first_seconds;
  header.chunk_steps = kChunkHours;
  header.attributes = {
      {"title", "Toy reanalysis: a Gaussian process with known covariance"},
      {"source", fmt::format("foehn {}", core::version())},
      {"history",
       fmt::format("foehn synth --grid.size {} --grid.spacing {} --time.start {} --time.hours {} --seed {}",
                   fmt::join(options.size, ","), options.spacing_degrees, options.start, options.hours,
                   options.seed)},
      {"seed", options.seed},
  };
  for (std::int64_t variable = 0; variable < SyntheticClimate::kVariables; ++variable) {
    header.attributes["known_standard_deviation_" + header.variables[variable].name] =
        climate.standard_deviation(static_cast<SyntheticClimate::Variable>(variable));
  }
  return header;
}

int run(const Call& call, const SynthOptions& options) {
  at::set_num_threads(1);  // the last bits of a transform depend on the number of threads
  const model::SyntheticClimateOptions climate_settings = climate_options(options);
  SyntheticClimate climate(climate_settings);
  const auto plain = [](const std::string& path) { return std::filesystem::weakly_canonical(path); };
  const bool has_twin = !options.coarse.output.empty();
  if (has_twin && plain(options.output) == plain(options.coarse.output))
    throw core::UsageError(fmt::format(
        "output.coarse: expected another file than output.path, found {} for both", options.coarse.output));
  if (has_twin) {
    core::with_context("observation.block",
                       [&] { return grid::block_mean_grid(climate.grid(), options.coarse.block); });
    // If it cannot be written, say so now and not after the reanalysis.
    const io::FieldWriter probe(options.coarse.output,
                                header(climate, options, climate_settings.first_seconds));
  }
  io::FieldWriter writer(options.output, header(climate, options, climate_settings.first_seconds));
  if (call.validate_only) {
    say_valid("nothing was written");
    return 0;
  }

  core::Progress progress("drawing weather", options.hours, "hours", true);
  const std::int64_t hour_size = SyntheticClimate::kVariables * climate.grid().cells();
  std::vector<float> values;
  for (std::int64_t hour = 0; hour < options.hours; hour += kChunkHours) {
    const std::int64_t count = std::min(kChunkHours, options.hours - hour);
    values.resize(static_cast<std::size_t>(count * hour_size));
    climate.draw(values);
    writer.append(values);
    progress.advance(count);
  }
  writer.commit();
  std::cout << fmt::format("wrote {}: {} hours of psl, tas, uas, vas on {} x {} cells\n", options.output,
                           options.hours, climate.grid().ny(), climate.grid().nx());
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
