#include "run_record.hpp"

#include <fmt/format.h>
#include <mpi.h>
#include <netcdf.h>
#include <torch/version.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "foehn/io/durable.hpp"
#include "member_output.hpp"

namespace foehn::app {

namespace {

std::int64_t sum_over(const comm::Communicator& world, std::int64_t mine) {
  const std::vector<double> all = world.gather_all(static_cast<double>(mine));
  return static_cast<std::int64_t>(std::accumulate(all.begin(), all.end(), 0.0));
}

nlohmann::json solver_json(const SolveSummary& solves) {
  nlohmann::json levels = nlohmann::json::array();
  for (const SolveSummary::Level& level : solves.levels)
    levels.push_back({{"t", level.t},
                      {"solves", level.solves},
                      {"steps", level.steps},
                      {"products", level.products},
                      {"fallbacks", level.fallbacks},
                      {"mean_residual", level.mean_residual},
                      {"largest_residual", level.largest_residual}});
  return {{"solves", solves.count},
          {"fallbacks", solves.fallbacks},
          {"largest_residual", solves.largest_residual},
          {"levels", levels}};
}

std::filesystem::path record_in(const std::filesystem::path& folder) {
  return folder / "run.json";
}

/// @param hours  of weather that the steps taken are worth
void add_cost(nlohmann::json& json, const RunCost& record, double hours) {
  json["steps"] = record.steps;
  json["ranks"] = record.peak_memory_megabytes.size();
  json["teams"] = record.teams;
  json["seconds"] = {{"loading", record.loading_seconds},
                     {"sampling", record.ensemble.sampling_seconds},
                     {"writing", record.ensemble.writing_seconds},
                     {"total", record.total_seconds}};
  json["peak_memory_MB"] = record.peak_memory_megabytes;
  // A vector-Jacobian product costs about two evaluations.
  json["windows"] = {
      {"evaluated", record.work.evaluated},
      {"differentiated", record.work.differentiated},
      {"gaussian_products", record.gaussian_products},
      {"calls_per_hour",
       static_cast<double>(record.work.evaluated + 2 * record.work.differentiated) / std::max(hours, 1.0)}};
  if (record.solves.count > 0) json["solver"] = solver_json(record.solves);
}

}  // namespace

SolveSummary summarise(const comm::Communicator& world, const ensemble::Team& team,
                       const std::vector<diffusion::SolveReport>& reports) {
  SolveSummary summary;
  for (const diffusion::SolveReport& report : reports) {
    // Every member goes through the same levels, falling in t.
    auto place = std::lower_bound(summary.levels.begin(), summary.levels.end(), report.level.t,
                                  [](const SolveSummary::Level& level, double t) { return level.t > t; });
    if (place == summary.levels.end() || place->t != report.level.t)
      place = summary.levels.insert(place, {.t = report.level.t});
    ++place->solves;
    place->steps += report.steps;
    place->products += report.products;
    place->fallbacks += report.is_indefinite ? 1 : 0;
    place->mean_residual += (report.residual - place->mean_residual) / static_cast<double>(place->solves);
    place->largest_residual = std::max(place->largest_residual, report.residual);
  }
  // One rank speaks for its team.
  SolveSummary::Level all;
  if (team.ranks.is_root()) {
    for (const SolveSummary::Level& level : summary.levels) {
      all.solves += level.solves;
      all.fallbacks += level.fallbacks;
      all.largest_residual = std::max(all.largest_residual, level.largest_residual);
    }
  }
  summary.count = sum_over(world, all.solves);
  summary.fallbacks = sum_over(world, all.fallbacks);
  const std::vector<double> residuals = world.gather_all(all.largest_residual);
  summary.largest_residual = *std::max_element(residuals.begin(), residuals.end());
  return summary;
}

trajectory::ComposedDenoiser::Work total_work(const comm::Communicator& world,
                                              const trajectory::ComposedDenoiser::Work& mine) {
  return {sum_over(world, mine.evaluated), sum_over(world, mine.differentiated)};
}

void write_run_record(const SampleJob& job, const SampleOptions& options, const nlohmann::json& option_values,
                      const std::string& state, const RunCost* cost) {
  char mpi_version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(mpi_version, &length);
  const std::string mpi_text(mpi_version, static_cast<std::size_t>(length));

  std::vector<std::string> files;
  for (std::int64_t i = 0; i < options.members; ++i)
    for (const auto& file : member_files(job, options, options.first_member + i))
      if (std::filesystem::exists(std::filesystem::path(options.output) / file))
        files.push_back(file.string());
  nlohmann::json json{{"program", "foehn"},
                      {"command", "sample"},
                      {"state", state},
                      {"versions",
                       {{"foehn", FOEHN_VERSION},
                        {"libtorch", TORCH_VERSION},
                        {"netcdf", nc_inq_libvers()},
                        {"mpi", mpi_text.substr(0, mpi_text.find(','))}}},
                      {"seed", options.seed},
                      {"options", option_values},
                      {"solving",
                       {{"covariance", config::name_of(std::optional(job.solving.covariance))},
                        {"steps", job.solving.solver.steps}}},
                      {"digests",
                       {{"prior", job.prior_digest},
                        {"observations", job.observations_digest},
                        {"options", job.options_digest}}},
                      {"files", files}};
  if (cost != nullptr)
    add_cost(json, *cost,
             static_cast<double>(job.period.hours) * cost->steps / static_cast<double>(job.sampler.steps));
  io::write_file_atomically(record_in(options.output),
                            json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::string recorded_state(const std::filesystem::path& folder) {
  constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  if (!std::filesystem::exists(record_in(folder))) return "";
  const auto json = nlohmann::json::parse(io::read_small_file(record_in(folder), kMostBytes), nullptr, false);
  const auto state = json.is_object() ? json.find("state") : json.end();
  return state != json.end() && state->is_string() ? state->get<std::string>() : "";
}

}  // namespace foehn::app
