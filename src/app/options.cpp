#include "options.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <iostream>
#include <system_error>

#include "foehn/core/error.hpp"
#include "foehn/grid/grid.hpp"
#include "foehn/io/durable.hpp"

namespace foehn::app {

void add_variables_option(config::OptionTable& table, std::vector<std::string>& variables) {
  table.add("data.variables", &variables,
            {.doc = "Variables to read, as name=standard name pairs (tas=air_temperature), names as in the "
                    "files, standard names in place of theirs; default: every variable on (time, y, x)."});
}

void add_crop_option(config::OptionTable& table, std::string& crop) {
  table.add("data.crop", &crop,
            {.doc = "Part of the files' grid to use, y0:y1,x0:x1 (rows and columns from 0, ends excluded); "
                    "default: all."});
}

void add_gap_option(config::OptionTable& table, std::int64_t& longest_gap) {
  table.add(
      "data.longest_gap", &longest_gap,
      {.doc = "Missing values are filled by interpolation in time where at most so many steps in a row are "
              "missing at a cell, and refused where more are; 0: always refused.",
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
          "{} has no standard name, by which a climate model's variables are found: data.variables "
          "can give it one, as {}=air_temperature",
          variable.name, variable.name);
}

void add_deviation_option(config::OptionTable& table, std::string& deviation) {
  table.add(
      "prior.deviation", &deviation,
      {.doc = "What anomalies are divided by: auto (a standard deviation that differs from cell to cell "
              "and, where the record tells, over the day and the year, as far as cross-validation finds "
              "it to make hours left out likelier), or one (one per variable).",
       .choices = {"auto", "one"}});
}

void add_observation_options(config::OptionTable& table, std::int64_t& block, std::int64_t& every) {
  table.add("observation.block", &block,
            {.doc = "Cells a side of a block that is averaged.", .unit = "1", .minimum = 1});
  table.add("observation.every", &every,
            {.doc = "Hours (steps of the file) between observations.", .unit = "h", .minimum = 1});
}

void add_device_option(config::OptionTable& table, std::string& device) {
  table.add("run.device", &device,
            {.doc = "Where the prior is evaluated; auto: a GPU where there is one.",
             .choices = {"auto", "cpu", "cuda"}});
}

void add_threads_option(config::OptionTable& table, std::int64_t& threads) {
  table.add("run.threads", &threads, {.doc = "Threads a rank.", .unit = "1", .minimum = 1, .maximum = 1024});
}

void add_timeout_option(config::OptionTable& table, double& minutes) {
  table.add("run.timeout", &minutes,
            {.doc = "How long a rank may be cut off, or no rank get on, before the job is taken for hung and "
                    "ends; 0: for ever.",
             .unit = "min",
             .minimum = 0,
             .maximum = 1e6,
             .changes_result = false});
}

io::FieldSelection field_selection(const std::vector<std::string>& variables, const std::string& crop) {
  io::FieldSelection selection;
  for (const std::string& text : variables) selection.variables.push_back(io::parse_variable(text));
  selection.overrules_standard_names = true;
  if (!crop.empty()) selection.crop = grid::parse_crop(crop);
  return selection;
}

OutputFolder::OutputFolder(const std::filesystem::path& folder, const std::string& option, bool passing) {
  core::with_context(option, [&] {
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(folder, error);
    for (auto path = whole; passing && path.has_relative_path() && !std::filesystem::exists(path, error);
         path = path.parent_path())
      to_remove_.push_back(path);
    std::filesystem::create_directories(folder, error);
    if (error) throw core::Error(fmt::format("cannot make {}: {}", folder.string(), error.message()));
    const std::filesystem::path probe = folder / fmt::format(".foehn_probe_{}", getpid());
    io::write_file_atomically(probe, "");
    std::filesystem::remove(probe, error);
  });
}

OutputFolder::~OutputFolder() {
  std::error_code error;
  for (const auto& path : to_remove_) std::filesystem::remove(path, error);
}

void refuse_overwriting(const std::vector<std::filesystem::path>& inputs, const std::filesystem::path& output,
                        const std::string& option) {
  for (const std::filesystem::path& input : inputs) {
    std::error_code error;
    if (std::filesystem::equivalent(input, output, error) && !error)
      throw core::Error(
          fmt::format("{}: {} is read from, and would be overwritten", option, output.string()));
  }
}

void say_valid(const std::string& nothing_done) {
  std::cout << "all checks passed; " << nothing_done << '\n';
}

}  // namespace foehn::app
