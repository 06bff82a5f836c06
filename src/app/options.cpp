#include "options.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <iostream>

#include "foehn/core/error.hpp"
#include "foehn/grid/grid.hpp"
#include "option_names.hpp"

namespace foehn::app {

void add_variables_option(config::OptionTable& table, std::vector<std::string>& variables) {
  table.add("data.variables", &variables,
            {.doc = "Read these variables, given as name=standard name pairs (tas=air_temperature): the name "
                    "in the files, and the standard name to use instead of the files' own; default: every "
                    "variable on (time, y, x)."});
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

void say_filled(const io::FieldReader& reader) {
  if (reader.filled() > 0)
    spdlog::warn("{} missing values were filled by interpolation in time (data.longest_gap)",
                 reader.filled());
}

void say_unnamed(const std::vector<io::Variable>& variables) {
  for (const io::Variable& variable : variables)
    if (variable.standard_name.empty())
      spdlog::warn(
          "{} has no standard name, by which a climate model's variables are found; give it one with "
          "data.variables, such as {}=air_temperature",
          variable.name, variable.name);
  for (std::size_t i = 0; i < variables.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!variables[i].standard_name.empty() && variables[i].standard_name == variables[j].standard_name)
        spdlog::warn(
            "{} and {} have the same standard name, {}; if one is wrong, correct it with data.variables",
            variables[j].name, variables[i].name, variables[i].standard_name);
}

void add_deviation_option(config::OptionTable& table, Deviating& deviation) {
  table.add(
      "prior.deviation", &deviation,
      {.doc = "Divide anomalies by a standard deviation that differs from cell to cell and, where the "
              "record tells, over the day and the year, as far as cross-validation finds it to make hours "
              "left out likelier (auto), or by one number per variable (one)."});
}

void add_observation_options(config::OptionTable& table, std::int64_t& block, std::int64_t& every) {
  table.add("observation.block", &block,
            {.doc = "Average over blocks of this many cells per side.", .unit = "1", .minimum = 1});
  table.add("observation.every", &every,
            {.doc = "Make an observation every N hours (steps of the file).", .unit = "h", .minimum = 1});
}

void add_device_option(config::OptionTable& table, process::DeviceChoice& device) {
  table.add("run.device", &device,
            {.doc = "Evaluate the prior on this device; auto uses a GPU if the machine has one."});
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

io::FieldSelection field_selection(const std::vector<std::string>& variables, const std::string& crop) {
  io::FieldSelection selection;
  for (const std::string& text : variables) {
    const io::Variable variable = io::parse_variable(text);
    const auto is_same = [&](const io::Variable& other) { return other.name == variable.name; };
    if (std::any_of(selection.variables.begin(), selection.variables.end(), is_same))
      throw core::UsageError(
          fmt::format("data.variables: {} is named twice, expected each variable once", variable.name));
    selection.variables.push_back(variable);
  }
  selection.overrules_standard_names = true;
  if (!crop.empty()) selection.crop = grid::parse_crop(crop);
  return selection;
}

void say_valid(const std::string& nothing_done) {
  std::cout << "all checks passed; " << nothing_done << '\n';
}

}  // namespace foehn::app
