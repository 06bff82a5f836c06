#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/config/per_variable.hpp"

namespace foehn::config {

enum class Spacing { time, log_ratio };
}  // namespace foehn::config

template <>
inline const std::vector<foehn::core::Named<foehn::config::Spacing>>& foehn::core::names_of() {
  static const std::vector<Named<config::Spacing>> names{{config::Spacing::time, "t"},
                                                         {config::Spacing::log_ratio, "lambda"}};
  return names;
}

namespace foehn::config {

/// A table with an option of every type, and the fields it is bound to.
struct SampleOptions {
  std::string input = "";
  bool verbose = false;
  std::int64_t steps = 32;
  double tau = 0.25;
  double cutoff = 1.5;
  std::string method = "ddim";
  std::vector<std::string> variables = {"tas", "psl"};
  std::vector<double> std = {};
  std::optional<double> gamma;
  std::optional<std::int64_t> stride;
  Spacing spacing = Spacing::log_ratio;
  std::vector<std::int64_t> widths = {4, 8};
  core::PerVariable<Spacing> by_variable;
  std::string directory = "out";
  OptionTable table{"sample", "draw trajectories from the posterior", "foehn sample --config run.ini"};

  SampleOptions() {
    table.add("input", &input, {.doc = "The observations.", .required = true});
    table.add("verbose", &verbose, {.doc = "Say more."});
    table.add("sampler.steps", &steps,
              {.doc = "Number of denoising steps.", .unit = "1", .minimum = 1, .maximum = 4096});
    table.add("sampler.tau", &tau,
              {.doc = "Size of a correction.", .unit = "K", .minimum = 0, .minimum_excluded = true});
    table.add("sampler.cutoff", &cutoff, {.doc = "Where to cut.", .unit = "h", .minimum = 0, .maximum = 9});
    table.add("sampler.method", &method, {.doc = "How to step.", .choices = {"ddim", "dpmpp-2m", "heun"}});
    table.add("data.variables", &variables, {.doc = "Which variables.", .choices = {"tas", "psl", "uas"}});
    table.add("observation.std", &std, {.doc = "Standard deviations.", .unit = "1", .minimum = 0});
    table.add("observation.gamma", &gamma,
              {.doc = "Variance ratio; absent: one over the cells of a block.", .unit = "1", .minimum = 0});
    table.add("sampler.stride", &stride, {.doc = "Hours from window to window.", .unit = "h", .minimum = 1});
    table.add("sampler.spacing", &spacing, {.doc = "What steps are even in."});
    table.add("network.widths", &widths,
              {.doc = "Channels.", .unit = "1", .minimum = 1, .fewest = 1, .most = 3});
    table.add("data.spacing", form_of(by_variable), {.doc = "For all variables, or for some."});
    table.add("output.directory", &directory, {.doc = "Where to write.", .changes_result = false});
  }

  SampleOptions(const SampleOptions&) = delete;
  SampleOptions& operator=(const SampleOptions&) = delete;
};

}  // namespace foehn::config
