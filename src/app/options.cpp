#include "options.hpp"

#include <fmt/format.h>

#include <iostream>

#include "foehn/conditioning/coarsen.hpp"
#include "foehn/config/per_variable.hpp"
#include "option_names.hpp"

namespace foehn::app {

void add_variables_option(config::OptionTable& table, std::vector<std::string>& variables) {
  table.add("data.variables", &variables,
            {.doc = "Read these variables, given as name=standard name pairs (tas=air_temperature): the name "
                    "in the files, and the standard name to use instead of the files' own; default: every "
                    "variable on (time, y, x)."});
}

void add_cell_methods_option(config::OptionTable& table, core::PerVariable<io::TimeSampling>& methods) {
  table.add(
      "data.cell_methods", config::form_of(methods),
      {.doc = "Treat fields as snapshots (point) or time means (mean), whatever cell_methods in the files "
              "say: one word for all variables, or variable=word pairs (t2m=point).",
       .changes_result = false});
}

void add_transforms_option(config::OptionTable& table, std::vector<std::string>& transforms) {
  table.add(
      "data.transforms", &transforms,
      {.doc =
           "Learn these variables transformed, and keep members within their bounds, given as "
           "variable=transform pairs: log:SCALE, ln(x + SCALE); power:EXPONENT; or logit:LOW:HIGH, "
           "in the variable's unit; or none. log:SCALE:DRY and power:EXPONENT:DRY take values up to DRY for "
           "0 (pr=power:0.5:0.01); without DRY, 0 alone."});
}

void add_crop_option(config::OptionTable& table, std::string& crop) {
  table.add("data.crop", &crop,
            {.doc = "Use this part of the files' grid, y0:y1,x0:x1 (rows and columns from 0, ends excluded); "
                    "default: all of it."});
}

void add_gap_option(config::OptionTable& table, std::int64_t& longest_gap) {
  table.add("data.longest_gap", &longest_gap,
            {.doc = "Fill gaps of at most this many consecutive steps at a cell by interpolation in time; "
                    "refuse longer ones. 0 refuses every gap.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1000});
}

void add_deviation_option(config::OptionTable& table, Deviating& deviation) {
  table.add("prior.deviation", &deviation,
            {.doc = "Divide anomalies by a standard deviation that differs from cell to cell and, where the "
                    "record tells, over the day and the year, as far as cross-validation finds that this "
                    "makes left-out hours likelier (auto), or by one number per variable (one)."});
}

void add_observation_options(config::OptionTable& table, conditioning::CoarsenOptions& options) {
  table.add("observation.block", &options.block,
            {.doc = fmt::format("Average over blocks of this many cells per side; default: {}.",
                                conditioning::kBlock),
             .unit = "1",
             .minimum = 1});
  table.add("observation.grid", &options.grid,
            {.doc = "Average over the cells of this octahedral reduced Gaussian grid, such as O16, by area, "
                    "instead of blocks; the fine grid must cover all of it."});
  table.add("observation.every", &options.every,
            {.doc = "Make an observation every N hours (steps of the file).", .unit = "h", .minimum = 1});
}

void add_device_option(config::OptionTable& table, process::DeviceChoice& device) {
  table.add("run.device", &device,
            {.doc = "Evaluate the prior on this device; auto uses a GPU if the machine has one."});
}

void add_hardware_options(config::OptionTable& table, process::HardwareChoice& hardware) {
  add_device_option(table, hardware.device);
  table.add("run.share_gpus", &hardware.share_gpus,
            {.doc = "Let ranks share a GPU where a machine has fewer GPUs than ranks; otherwise that is "
                    "refused, since sharing is slower than fewer ranks are.",
             .changes_result = false});
  table.add("run.transport", &hardware.transport,
            {.doc = "Carry data between ranks by this transport: mpi, or nccl (GPUs only); auto uses nccl "
                    "where each rank has a GPU of its own, otherwise mpi. Members are the same by either; a "
                    "training continues only by the one that it began with.",
             .changes_result = false});
}

void add_threads_option(config::OptionTable& table, std::int64_t& threads) {
  table.add("run.threads", &threads,
            {.doc = "Use this many threads per rank.", .unit = "1", .minimum = 1, .maximum = 1024});
}

void add_timeout_option(config::OptionTable& table, double& minutes) {
  table.add("run.timeout", &minutes,
            {.doc = "Abort when a rank stops responding, or no rank makes progress, for this long; 0 "
                    "disables the check.",
             .unit = "min",
             .minimum = 0,
             .maximum = 1e6,
             .changes_result = false});
}

void say_valid(const std::string& nothing_done) {
  std::cout << "all checks passed; " << nothing_done << '\n';
}

}  // namespace foehn::app
