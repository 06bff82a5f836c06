#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>

#include "app/evaluate_options.hpp"
#include "app/members_climatology.hpp"
#include "app/options.hpp"
#include "app/subcommands.hpp"
#include "foehn/comm/gather.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/version.hpp"
#include "foehn/evaluation/compare.hpp"
#include "foehn/evaluation/compare_climates.hpp"
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

/// Files, without any yet, and how their observations are to be taken.
evaluation::SourceFiles no_files(const EvaluateOptions& options) {
  evaluation::SourceFiles files;
  files.are_native = options.observation_operator == job::ObservationOperator::native;
  files.weights = options.native_weights;
  if (!files.weights.empty() && !files.are_native)
    throw core::UsageError("observation.weights: applies only with observation.operator native");
  return files;
}

evaluation::SourceFiles source_files(const EvaluateOptions& options, const MembersOfRun& run) {
  evaluation::SourceFiles files = no_files(options);
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

/// @param left_out  becomes what the prior's climatology does not serve, in words; empty: it serves all
evaluation::VerifyOptions verify_options(const EvaluateOptions& options, const evaluation::SourceFiles& files,
                                         const evaluation::Sources& sources, std::string& left_out) {
  evaluation::VerifyOptions verify;
  verify.observation_std = options.observation_std.empty()
                               ? evaluation::stated_observation_std(files.members, sources.variables())
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
    MembersClimatology found =
        core::with_context("input.prior", [&] { return climatology_of(options.prior, sources); });
    verify.climatology = std::move(found.climatology);
    left_out = std::move(found.left_out);
  }
  return verify;
}

/// A run's files, open and checked, and what becomes of them.
struct OpenRun {
  std::string name;
  evaluation::SourceFiles files;
  evaluation::Sources sources;
  evaluation::VerifyOptions verify;
  std::string left_out;  ///< what input.prior does not serve, in words; empty: it serves all
  fs::path folder;
};

OpenRun open_run(const EvaluateOptions& options, const MembersOfRun& run) {
  const evaluation::SourceFiles files = source_files(options, run);
  evaluation::Sources sources = evaluation::open_sources(files);
  if (sources.reference)
    core::with_context("input.reference", [&] {
      io::require_snapshots(*sources.reference, options.cell_methods, "the members are");
    });
  std::string left_out;
  const evaluation::VerifyOptions verify = verify_options(options, files, sources, left_out);
  const fs::path output = options.output;
  return {run.name, files,    std::move(sources),
          verify,   left_out, run.name.empty() ? output : output / run.name};
}

/// The earlier period that the climate-change signal starts from.
struct HistoricalPeriod {
  evaluation::SourceFiles files;
  evaluation::Sources sources;
};

std::optional<HistoricalPeriod> open_historical_period(const EvaluateOptions& options,
                                                       const std::vector<OpenRun>& runs) {
  if (options.historical_members.empty() && options.historical_observations.empty()) return std::nullopt;
  if (options.historical_members.empty() || options.historical_observations.empty())
    throw core::UsageError(
        fmt::format("{}: needed for the climate-change signal, beside {}",
                    options.historical_members.empty() ? "historical.members" : "historical.observations",
                    options.historical_members.empty() ? "historical.observations" : "historical.members"));
  if (runs.size() > 1)
    throw core::UsageError(
        fmt::format("historical.members: belongs to one run in input.members, which has {}", runs.size()));
  evaluation::SourceFiles files = no_files(options);
  files.members =
      core::with_context("historical.members", [&] { return io::expand_files(options.historical_members); });
  files.observations = core::with_context("historical.observations",
                                          [&] { return io::expand_files(options.historical_observations); });
  evaluation::Sources sources =
      core::with_context("historical.members", [&] { return evaluation::open_sources(files); });
  core::with_context("historical.members", [&] {
    evaluation::check_periods(sources, files, runs.front().sources, runs.front().files);
  });
  return HistoricalPeriod{std::move(files), std::move(sources)};
}

/// Scores of observed hours mean little if the members were drawn from other observations, or without any.
/// @return  what to tell people; nothing where they were drawn from these
std::optional<std::string> other_observations(const evaluation::SourceFiles& files) {
  const io::Attributes attributes = io::NetcdfFile::open(files.members.front()).global_attributes();
  const auto stated = attributes.find("foehn_observations_digest");
  const bool is_conditioned = stated != attributes.end();
  if (is_conditioned ? stated->second == io::AttributeValue(core::sha256_of_files(files.observations))
                     : !attributes.contains("foehn_options_digest"))
    return std::nullopt;
  const char* from = is_conditioned                                 ? "other files"
                     : attributes.contains("foehn_stations_digest") ? "observations at points alone"
                                                                    : "no observations";
  return fmt::format("{} was drawn from {} (global attribute foehn_observations_digest)",
                     files.members.front().string(), from);
}

/// @param option  that names the observations
void warn_of_other_observations(const evaluation::SourceFiles& files, const char* option) {
  if (const auto text = other_observations(files)) spdlog::warn("{}: {}", option, *text);
}

void warn_of_historical_period(const HistoricalPeriod& historical, const evaluation::Sources& future) {
  warn_of_other_observations(historical.files, "historical.observations");
  if (const auto text = evaluation::uneven_cover(evaluation::climate_period(historical.sources),
                                                 evaluation::climate_period(future)))
    spdlog::warn("historical.members: {}", *text);
}

void warn_of_hours_left_out(const evaluation::Sources& sources) {
  if (sources.hours_without_reference == 0) return;
  spdlog::warn("input.reference: has {} of the members' {} hours; those are scored, {} to {}", sources.hours,
               sources.hours + sources.hours_without_reference, sources.time_text(sources.first_hour),
               sources.time_text(sources.first_hour + sources.hours - 1));
}

/// What evaluation needs of the ranks.
evaluation::Ranks ranks_of(const comm::Communicator& world) {
  evaluation::Ranks ranks;
  ranks.rank = world.rank();
  ranks.size = world.size();
  ranks.agree = [&world](const std::function<void()>& work) { world.agree(work); };
  ranks.gather = [&world](std::span<const double> mine,
                          const std::function<void(std::span<const double>)>& use) {
    comm::gather_in_turn(world, mine, use);
  };
  ranks.broadcast = [&world](std::vector<double>& numbers) { world.broadcast(numbers); };
  return ranks;
}

/// What was evaluated with what, for people to read.
evaluation::Results with_provenance(evaluation::Results results, const OpenRun& run,
                                    const std::optional<HistoricalPeriod>& historical) {
  const auto add = [&](const std::string& name, const std::vector<fs::path>& files) {
    if (files.empty()) return;
    std::string text = fs::absolute(files.front()).lexically_normal().string();
    if (files.size() > 1) text += fmt::format(" and {} more", files.size() - 1);
    results.provenance.emplace_back(name, text);
  };
  if (const auto text = other_observations(run.files)) {
    results.were_drawn_from_observations = false;
    results.doubts.push_back(
        "agreement with the observations and seams are not judged, and what depends on hours since the last "
        "observation means little, since " +
        *text);
  }
  results.provenance.emplace_back("evaluated by", fmt::format("foehn {}", core::version()));
  add("members", run.files.members);
  for (const auto& [name, value] : io::NetcdfFile::open(run.files.members.front()).global_attributes())
    if (const auto* text = std::get_if<std::string>(&value); text != nullptr && name != "Conventions")
      results.provenance.emplace_back("members: " + name, *text);
  add("reference", run.files.reference);
  add("observations", run.files.observations);
  if (historical) {
    add("historical members", historical->files.members);
    add("historical observations", historical->files.observations);
  }
  return results;
}

void write_results(const evaluation::Results& results, const fs::path& folder) {
  const std::string json = evaluation::scores_json(results).dump(2) + "\n";
  evaluation::write_scores_netcdf(folder / "scores.nc", results);
  evaluation::write_maps_netcdf(folder, results);
  io::write_file_atomically(folder / "report.html", evaluation::report_html(results));
  io::write_file_atomically(folder / "scores.json", json);
  spdlog::info("wrote scores.json, scores.nc, maps.nc and report.html in {}", folder.string());
}

int run(const Call& call, const Context& context, const EvaluateOptions& options) {
  const comm::Communicator& world = context.world;
  std::vector<OpenRun> runs;
  std::optional<HistoricalPeriod> historical;
  // Every rank reads hours of its own.
  world.agree([&] {
    for (const MembersOfRun& run : runs_of(options.members)) runs.push_back(open_run(options, run));
    historical = open_historical_period(options, runs);
  });
  std::vector<std::unique_ptr<process::OutputFolder>> made;
  world.agree_on_root([&] {
    for (const OpenRun& run : runs) {
      warn_of_other_observations(run.files, "input.observations");
      warn_of_hours_left_out(run.sources);
      if (!run.left_out.empty()) spdlog::warn("input.prior: {}", run.left_out);
      made.push_back(
          std::make_unique<process::OutputFolder>(run.folder, "output.directory", call.validate_only));
    }
  });
  world.agree_on_root([&] {
    if (historical) warn_of_historical_period(*historical, runs.front().sources);
  });
  if (call.validate_only) {
    if (world.is_root()) say_valid("nothing was written");
    return 0;
  }
  std::vector<evaluation::NamedResults> found;
  for (const OpenRun& run : runs)
    found.push_back({run.name, evaluation::verify(run.sources, run.verify, ranks_of(world))});
  if (historical)
    found.front().results.climate_change = evaluation::compare_climates(
        historical->sources, runs.front().sources, runs.front().verify, ranks_of(world));
  world.agree_on_root([&] {
    std::string text;
    if (found.size() > 1) {
      const evaluation::Comparison comparison = evaluation::compare(found);
      io::write_file_atomically(fs::path(options.output) / "comparison.json",
                                evaluation::comparison_json(comparison).dump(2) + "\n");
      io::write_file_atomically(fs::path(options.output) / "comparison.html",
                                evaluation::comparison_html(comparison));
      text = evaluation::comparison_text(comparison);
    }
    for (std::size_t i = 0; i < runs.size(); ++i) {
      const evaluation::Results results = with_provenance(std::move(found[i].results), runs[i], historical);
      if (!runs[i].name.empty()) text += fmt::format("\nrun {}: ", runs[i].name);
      text += evaluation::scores_text(results, options.in_full);
      write_results(results, runs[i].folder);
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
      .declare = parallel(&declare_evaluate_options, &run)};
}

}  // namespace foehn::app
