#include "foehn/conditioning/coarsen.hpp"

#include <fmt/format.h>

#include <iostream>

#include "foehn/config/option_table.hpp"
#include "options.hpp"
#include "subcommands.hpp"

namespace foehn::app {

namespace {

void declare(config::OptionTable& table, conditioning::CoarsenOptions& options) {
  table.add("input.file", &options.input,
            {.doc = "Coarsen the fine fields of this NetCDF file or glob.", .required = true});
  add_variables_option(table, options.variables);
  add_crop_option(table, options.crop);
  add_cell_methods_option(table, options.cell_methods);
  table.add("time.start", &options.start, {.doc = "Begin at this instant; default: the files' first."});
  table.add("time.hours", &options.hours,
            {.doc = "Cover this many hours (steps of the files); 0 covers all up to their end.",
             .unit = "h",
             .minimum = 0});
  add_observation_options(table, options);
  table.add("observation.mean", &options.is_mean,
            {.doc = "Write means over the observation.every hours that follow each time, with time bounds, "
                    "instead of snapshots."});
  table.add("output.path", &options.output,
            {.doc = "Write the observations to this NetCDF file.", .required = true});
}

int run(const Call& call, const conditioning::CoarsenOptions& options) {
  conditioning::coarsen_file(options, call.validate_only);
  if (call.validate_only)
    say_valid("nothing was written");
  else
    std::cout << fmt::format("wrote {}\n", options.output);
  return 0;
}

}  // namespace

Subcommand coarsen() {
  return {.name = "coarsen",
          .summary =
              "Make observations from fine fields: means over cells every few hours, snapshots or means "
              "over time.",
          .example = "foehn coarsen --input.file fine.nc --observation.block 8 --output.path coarse.nc",
          .declare = serial(&declare, &run)};
}

}  // namespace foehn::app
