#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/options.hpp"
#include "app/subcommands.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/evaluation/report.hpp"
#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/io/fine_fields.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/model/domain.hpp"
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
};

void declare(config::OptionTable& table, EvaluateOptions& options) {
  table.add(
      "input.members", &options.members,
      {.doc = "Score these trajectories (files or globs such as 'out/member_*.nc'), one file per member.",
       .are_files = true,
       .required = true});
  table.add(
      "input.reference", &options.reference,
      {.doc =
           "Score against these fine fields (files or globs), which may be longer than the members and, with "
           "data.crop, larger.",
       .are_files = true,
       .required = true});
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
  table.add(
      "output.directory", &options.output,
      {.doc = "Write scores.json, scores.nc and report.html to this folder, which is made where absent.",
       .required = true,
       .changes_result = false});
}

evaluation::SourceFiles source_files(const EvaluateOptions& options) {
  evaluation::SourceFiles files;
  files.members = core::with_context("input.members", [&] { return io::expand_files(options.members); });
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

/// The climatology of a prior, in the members' variables and units.
evaluation::Climatology climatology_of(const fs::path& prior, const evaluation::Sources& sources) {
  const model::Domain domain = model::read_domain(prior / "domain.nc");
  if (const auto difference = grid::difference(sources.grid(), domain.grid)) {
    throw core::Error(fmt::format("{}: grid: {}, as in the members", prior.string(), *difference));
  }
  const model::Climatology* climatology = domain.normalisation.climatology();
  if (climatology == nullptr)
    throw core::Error(fmt::format(
        "{}: expected a prior of anomalies, whose climatology the anomaly interpolation needs, found fields "
        "normalised by '{}'; leave the option out to do without",
        prior.string(), domain.normalisation.mode()));
  struct Source {
    std::int64_t index;
    core::UnitConversion conversion;
  };
  std::vector<Source> variables;
  for (const auto& wanted : sources.variables()) {
    const auto found =
        std::find_if(domain.variables.begin(), domain.variables.end(),
                     [&](const io::Variable& variable) { return variable.name == wanted.name; });
    if (found == domain.variables.end()) {
      throw core::Error(
          fmt::format("{}: the variable {} is missing, which the members have", prior.string(), wanted.name));
    }
    variables.push_back(
        {found - domain.variables.begin(), core::unit_conversion(found->units, wanted.units)});
  }
  const calendar::Calendar calendar = sources.members.front().times().calendar;
  return [climatology = *climatology, variables, calendar](std::int64_t seconds, std::span<double> fields) {
    const at::Tensor physical = climatology.at(seconds, calendar).contiguous();
    const auto cells = static_cast<std::int64_t>(fields.size() / variables.size());
    auto out = fields.begin();
    for (const auto& variable : variables) {
      const double* from = physical.data_ptr<double>() + variable.index * cells;
      out = std::transform(from, from + cells, out, [&](double value) {
        return variable.conversion.scale * value + variable.conversion.offset;
      });
    }
  };
}

evaluation::VerifyOptions verify_options(const EvaluateOptions& options, const evaluation::SourceFiles& files,
                                         const evaluation::Sources& sources) {
  evaluation::VerifyOptions verify;
  verify.show_progress = true;
  verify.observation_std = options.observation_std.empty()
                               ? evaluation::stated_observation_std(files.members.front())
                               : options.observation_std;
  evaluation::check_observation_std(verify.observation_std, sources.variables());
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

int run(const Call& call, const EvaluateOptions& options) {
  const evaluation::SourceFiles files = source_files(options);
  const evaluation::Sources sources = evaluation::open_sources(files);
  core::with_context("input.reference", [&] {
    io::require_snapshots(sources.reference, options.cell_methods, "the members are");
  });
  const evaluation::VerifyOptions verify = verify_options(options, files, sources);
  warn_of_other_observations(files);
  const process::OutputFolder made(options.output, "output.directory", call.validate_only);
  if (call.validate_only) {
    say_valid("nothing was written");
    return 0;
  }

  const fs::path folder = options.output;
  const evaluation::Results results = evaluation::verify(sources, verify);
  const std::string json = evaluation::scores_json(results).dump(2) + "\n";
  evaluation::write_scores_netcdf(folder / "scores.nc", results);
  io::write_file_atomically(folder / "report.html", evaluation::report_html(results));
  io::write_file_atomically(folder / "scores.json", json);
  std::cout << evaluation::scores_text(results)
            << std::flush;  // before the log, which has a stream of its own
  spdlog::info("wrote scores.json, scores.nc and report.html in {}", folder.string());
  return 0;
}

}  // namespace

Subcommand evaluate() {
  return {.name = "evaluate",
          .summary = "Score trajectories against a reference, beside interpolated observations.",
          .example =
              "foehn evaluate --input.members 'out/member_*.nc' --input.reference truth.nc "
              "--input.observations coarse.nc --input.prior prior --output.directory scores",
          .declare = serial(&declare, &run)};
}

}  // namespace foehn::app
