#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <regex>

#include "app/members_climatology.hpp"
#include "app/options.hpp"
#include "app/subcommands.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/evaluation/compare.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/process/output_folder.hpp"

namespace foehn::app {
namespace {

namespace fs = std::filesystem;

struct EvaluateOptions {
  std::vector<std::string> members;
  std::vector<std::string> reference;
  std::vector<std::string> observations;
  std::string prior;
  std::string crop;
  std::vector<std::string> variables;
  core::PerVariable<io::TimeSampling> cell_methods;
  std::vector<double> observation_std;
  std::string output;
  bool in_full = false;
  evaluation::BootstrapOptions bootstrap;
  std::string power_curve;
  double hub_height = 100;
  double wind_exponent = 1.0 / 7;
};

/// The members of one run.
struct Run {
  std::string name;  ///< empty where it is the only one
  std::vector<std::string> patterns;
};

void declare(config::OptionTable& table, EvaluateOptions& options) {
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
      "input.prior", &options.prior,
      {.doc = "Also compare with interpolation of the observations' anomalies from the climatology of this "
              "prior bundle."});
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
  table.add(
      "output.directory", &options.output,
      {.doc = "Write scores.json, scores.nc and report.html to this folder, which is created if absent; of "
              "several runs, to one folder per run, beside comparison.json.",
       .required = true,
       .changes_result = false});
}

/// "a=a/*.nc" names a run; patterns without a name belong to the run before them.
std::vector<Run> runs_of(const std::vector<std::string>& words) {
  std::vector<Run> runs;
  for (const std::string& word : words) {
    static const std::regex named("([A-Za-z0-9_.-]+)=(.+)");
    std::smatch parts;
    if (!fs::exists(word) && std::regex_match(word, parts, named)) {
      if (!runs.empty() && runs.front().name.empty())
        throw core::UsageError(fmt::format("input.members: '{}' names a run, but '{}' before it has no name",
                                           word, words.front()));
      const auto is_same = [&](const Run& run) { return run.name == parts[1].str(); };
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

evaluation::SourceFiles source_files(const EvaluateOptions& options, const Run& run) {
  evaluation::SourceFiles files;
  files.members = core::with_context("input.members", [&] { return io::expand_files(run.patterns); });
  files.reference =
      core::with_context("input.reference", [&] { return io::expand_files(options.reference); });
  files.observations =
      core::with_context("input.observations", [&] { return io::expand_files(options.observations); });
  if (!options.crop.empty()) {
    files.reference_crop = core::with_context("data.crop", [&] { return grid::parse_crop(options.crop); });
  }
  for (const std::string& text : options.variables)
    files.reference_names.push_back(
        core::with_context("data.variables", [&] { return io::parse_variable(text); }));
  return files;
}

evaluation::VerifyOptions verify_options(const EvaluateOptions& options, const evaluation::SourceFiles& files,
                                         const evaluation::Sources& sources) {
  evaluation::VerifyOptions verify;
  verify.observation_std = options.observation_std.empty()
                               ? evaluation::stated_observation_std(files.members.front())
                               : options.observation_std;
  evaluation::check_observation_std(verify.observation_std, sources.variables());
  verify.bootstrap = options.bootstrap;
  if (!options.power_curve.empty())
    verify.power_curve = core::with_context(
        "wind.power_curve", [&] { return evaluation::read_power_curve(options.power_curve); });
  verify.power_curve.hub_height = options.hub_height;
  verify.power_curve.exponent = options.wind_exponent;
  verify.show_progress = true;
  if (!options.prior.empty()) {
    verify.climatology =
        core::with_context("input.prior", [&] { return climatology_of(options.prior, sources); });
  }
  return verify;
}

/// Scores of observed hours mean little if the members were drawn from other observations, or without any.
void warn_of_other_observations(const evaluation::SourceFiles& files) {
  const io::Attributes attributes = io::NetcdfFile::open(files.members.front()).global_attributes();
  const auto stated = attributes.find("foehn_observations_digest");
  const bool is_conditioned = stated != attributes.end();
  if (is_conditioned ? stated->second != io::AttributeValue(core::sha256_of_files(files.observations))
                     : attributes.contains("foehn_options_digest"))
    spdlog::warn("input.observations: {} was drawn from {} (global attribute foehn_observations_digest)",
                 files.members.front().string(), is_conditioned ? "other files" : "no observations");
}

void warn_of_hours_left_out(const evaluation::Sources& sources) {
  if (sources.hours_without_reference == 0) return;
  spdlog::warn("input.reference: has {} of the members' {} hours; those are scored, {} to {}", sources.hours,
               sources.hours + sources.hours_without_reference, sources.time_text(sources.first_hour),
               sources.time_text(sources.first_hour + sources.hours - 1));
}

/// What evaluation needs of the ranks.
evaluation::Ranks ranks_of(const comm::Communicator& world) {
  using Numbers = evaluation::Ranks::Numbers;
  evaluation::Ranks ranks;
  ranks.rank = world.rank();
  ranks.size = world.size();
  ranks.agree = [&world](const std::function<void()>& work) { world.agree(work); };
  ranks.gather = [&world](const Numbers& mine) {
    std::vector<Numbers> all;
    const char* bytes = reinterpret_cast<const char*>(mine.data());
    for (const std::string& each : world.gather(std::string(bytes, mine.size() * sizeof(double)))) {
      all.emplace_back(each.size() / sizeof(double));
      std::memcpy(all.back().data(), each.data(), each.size());
    }
    return all;
  };
  return ranks;
}

void write_results(const evaluation::Results& results, const fs::path& folder) {
  const std::string json = evaluation::scores_json(results).dump(2) + "\n";
  evaluation::write_scores_netcdf(folder / "scores.nc", results);
  io::write_file_atomically(folder / "report.html", evaluation::report_html(results));
  io::write_file_atomically(folder / "scores.json", json);
  spdlog::info("wrote scores.json, scores.nc and report.html in {}", folder.string());
}

/// A run's files, open and checked, and what becomes of them.
struct OpenRun {
  std::string name;
  evaluation::SourceFiles files;
  evaluation::Sources sources;
  evaluation::VerifyOptions verify;
  fs::path folder;
};

OpenRun open_run(const EvaluateOptions& options, const Run& run) {
  const evaluation::SourceFiles files = source_files(options, run);
  evaluation::Sources sources = evaluation::open_sources(files);
  if (sources.reference)
    core::with_context("input.reference", [&] {
      io::require_snapshots(*sources.reference, options.cell_methods, "the members are");
    });
  const evaluation::VerifyOptions verify = verify_options(options, files, sources);
  const fs::path output = options.output;
  return {run.name, files, std::move(sources), verify, run.name.empty() ? output : output / run.name};
}

int run(const Call& call, const Context& context, const EvaluateOptions& options) {
  const comm::Communicator& world = context.world;
  std::vector<OpenRun> runs;
  // Every rank reads hours of its own.
  world.agree([&] {
    for (const Run& run : runs_of(options.members)) runs.push_back(open_run(options, run));
  });
  std::vector<std::unique_ptr<process::OutputFolder>> made;
  world.agree_on_root([&] {
    for (const OpenRun& run : runs) {
      warn_of_other_observations(run.files);
      warn_of_hours_left_out(run.sources);
      made.push_back(
          std::make_unique<process::OutputFolder>(run.folder, "output.directory", call.validate_only));
    }
  });
  if (call.validate_only) {
    if (world.is_root()) say_valid("nothing was written");
    return 0;
  }
  std::vector<evaluation::NamedResults> found;
  for (const OpenRun& run : runs)
    found.push_back({run.name, evaluation::verify(run.sources, run.verify, ranks_of(world))});
  world.agree_on_root([&] {
    std::string text;
    if (found.size() > 1) {
      const evaluation::Comparison comparison = evaluation::compare(found, options.bootstrap);
      io::write_file_atomically(fs::path(options.output) / "comparison.json",
                                evaluation::comparison_json(comparison).dump(2) + "\n");
      text = evaluation::comparison_text(comparison);
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
      if (!runs[i].name.empty()) text += fmt::format("\nrun {}: ", runs[i].name);
      text += evaluation::scores_text(found[i].results, options.in_full);
      write_results(found[i].results, runs[i].folder);
    }
    std::cout << text << std::flush;
  });
  return 0;
}

}  // namespace

Subcommand evaluate() {
  return {
      .name = "evaluate",
      .summary =
          "Score trajectories against a reference, beside interpolated observations, on any number of ranks.",
      .example =
          "foehn evaluate --input.members 'out/member_*.nc' --input.reference truth.nc "
          "--input.observations coarse.nc --input.prior prior --output.directory scores",
      .declare = parallel(&declare, &run)};
}

}  // namespace foehn::app
