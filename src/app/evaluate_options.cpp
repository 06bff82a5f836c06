#include "app/evaluate_options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <regex>

#include "app/options.hpp"
#include "foehn/core/error.hpp"

namespace foehn::app {

void declare_evaluate_options(config::OptionTable& table, EvaluateOptions& options) {
  table.add("input.members", &options.members,
            {.doc = "Score these trajectories (files or globs such as 'out/member_*.nc'), in the layout "
                    "member or cordex. "
                    "Several runs are compared if each has a name: a=a/*.nc,b=b/*.nc.",
             .are_files = true,
             .required = true});
  table.add(
      "input.reference", &options.reference,
      {.doc =
           "Score against these fine fields (files or globs), which may be longer than the members and, with "
           "data.crop, larger; default: score only what needs no reference.",
       .are_files = true});
  table.add(
      "input.observations", &options.observations,
      {.doc = "Compare with interpolation of these coarse observations, which the members were conditioned "
              "on, and score the agreement with them.",
       .are_files = true,
       .required = true});
  table.add(
      "historical.members", &options.historical_members,
      {.doc =
           "Compare the climate of input.members with that of these members of an earlier period (files or "
           "globs): show the climate-change signal, which is how mean, quantiles and extremes change by cell "
           "and season, beside the driving model's.",
       .are_files = true});
  table.add("historical.observations", &options.historical_observations,
            {.doc = "Take the driving model's earlier climate from these coarse observations, which "
                    "historical.members were conditioned on.",
             .are_files = true});
  table.add("input.prior", &options.prior,
            {.doc = "Also compare with the climatology of this prior bundle, and with interpolation of the "
                    "observations' anomalies from it."});
  table.add(
      "data.crop", &options.crop,
      {.doc = "Use this part of the reference's grid, the one that the members cover: y0:y1,x0:x1 (rows and "
              "columns from 0, ends excluded); default: all of it."});
  table.add(
      "data.variables", &options.variables,
      {.doc =
           "Find variables that have other names in the reference than in the members by these name=standard "
           "name pairs (t2m=air_temperature), names as in the reference."});
  add_cell_methods_option(table, options.cell_methods);
  table.add(
      "observation.operator", &options.observation_operator,
      {.doc = "Take a value of the observations to be the mean over a block of the members' cells (blocks), "
              "or the "
              "area-weighted mean of the members' cells under a cell of the files' own grid (native), as the "
              "members were sampled."});
  table.add(
      "observation.weights", &options.native_weights,
      {.doc = "With observation.operator native, take the weights of the members' cells in a cell of the "
              "observations' grid from this weight file, as sample does; default: they follow from where "
              "cells lie.",
       .is_path = true});
  table.add(
      "observation.std", &options.observation_std,
      {.doc = "Assume observation errors of this standard deviation, one value per variable, each in its CF "
              "unit; default: what the members' files state (foehn_observation_std).",
       .unit = "CF unit",
       .minimum = 0,
       .minimum_excluded = true});
  table.add("bootstrap.replicates", &options.bootstrap.replicates,
            {.doc = "Draw blocks of days N times for the scores' 95 % intervals; 0 disables them.",
             .unit = "1",
             .minimum = 0,
             .maximum = 100000});
  table.add("bootstrap.seed", &options.bootstrap.seed,
            {.doc = "Draw them from this seed.", .unit = "1", .minimum = 0});
  table.add(
      "wind.power_curve", &options.power_curve,
      {.doc = "Take the turbine's curve from this file, lines of hub wind speed in m s-1 and power; default: "
              "cut-in 3, rated 13, cut-out 25 m s-1."});
  table.add("wind.hub_height", &options.hub_height,
            {.doc = "Put the turbine's hub at this height.", .unit = "m", .minimum = 10, .maximum = 500});
  table.add("wind.exponent", &options.wind_exponent,
            {.doc = "Take the hub's wind from that at 10 m by a power law of this exponent.",
             .unit = "1",
             .minimum = 0,
             .maximum = 1});
  table.add("all", &options.in_full,
            {.doc = "Also print scores by hours since the last observation, month and hour of the day.",
             .changes_result = false});
  table.add("output.directory", &options.output,
            {.doc = "Write scores.json, scores.nc, maps.nc and report.html to this folder, which is created "
                    "if absent; of several runs, to one folder per run, beside comparison.json.",
             .required = true,
             .changes_result = false});
}

std::vector<MembersOfRun> runs_of(const std::vector<std::string>& words) {
  std::vector<MembersOfRun> runs;
  for (const std::string& word : words) {
    static const std::regex named("([A-Za-z0-9_.-]+)=(.+)");
    std::smatch parts;
    if (!std::filesystem::exists(word) && std::regex_match(word, parts, named)) {
      if (!runs.empty() && runs.front().name.empty())
        throw core::UsageError(fmt::format("input.members: '{}' names a run, but '{}' before it has no name",
                                           word, words.front()));
      const auto is_same = [&](const MembersOfRun& run) { return run.name == parts[1].str(); };
      if (std::any_of(runs.begin(), runs.end(), is_same))
        throw core::UsageError(fmt::format("input.members: two runs are named '{}'", parts[1].str()));
      runs.push_back({parts[1], {parts[2]}});
      continue;
    }
    if (runs.empty()) runs.emplace_back();
    runs.back().patterns.push_back(word);
  }
  return runs;
}

}  // namespace foehn::app
