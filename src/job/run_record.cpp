#include "foehn/job/run_record.hpp"

#include <fmt/format.h>
#include <mpi.h>
#include <netcdf.h>
#include <spdlog/spdlog.h>
#include <torch/version.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "finished_members.hpp"
#include "foehn/core/text.hpp"
#include "foehn/core/version.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/job/names.hpp"
#include "member_output.hpp"

namespace foehn::job {

namespace {

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

nlohmann::json check_json(const SelfCheck& check, const std::vector<io::Variable>& variables) {
  nlohmann::json json{{"members", check.members}};
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const VariableCheck& found = check.variables[i];
    nlohmann::json& entry = json["variables"][variables[i].name];
    entry = {{"units", variables[i].units}, {"beyond_range", found.beyond_range}};
    const auto add = [&](const char* name, const std::optional<double>& value) {
      if (value) entry[name] = *value;
    };
    add("distance_rms", found.distance_rms);
    add("distance_mean", found.distance_mean);
    add("jump_at_observations", found.jump_at_observations);
    add("jump_at_windows", found.jump_at_windows);
    add("spread_observed", found.spread_observed);
    add("spread_between", found.spread_between);
  }
  for (const SetCheck& found : check.points)
    json["stations"].push_back({{"file", found.name},
                                {"variable", variables[static_cast<std::size_t>(found.variable)].name},
                                {"values", found.count},
                                {"distance_rms", found.distance_rms},
                                {"distance_mean", found.distance_mean}});
  for (const WithheldScore& found : check.withheld) {
    const io::Variable& variable = variables[static_cast<std::size_t>(found.variable)];
    nlohmann::json entry{{"file", found.name},    {"variable", variable.name}, {"units", variable.units},
                         {"values", found.count}, {"rmse", found.rmse},        {"bias", found.bias}};
    if (found.fair_crps) entry["fair_crps"] = *found.fair_crps;
    if (found.spread_skill) entry["spread_skill"] = *found.spread_skill;
    json["withheld"].push_back(std::move(entry));
  }
  return json;
}

std::filesystem::path record_in(const std::filesystem::path& folder) {
  return folder / "run.json";
}

/// Joules, or null where they are not known, and why.
nlohmann::json energy_json(const process::Energy& energy, bool has_gpus) {
  const auto joules = [](const std::optional<double>& known) {
    return known ? nlohmann::json(*known) : nlohmann::json(nullptr);
  };
  nlohmann::json json{{"processors", joules(energy.processors)}};
  if (has_gpus) json["gpus"] = joules(energy.gpus);
  if (!energy.unknown.empty()) json["unknown"] = energy.unknown;
  return json;
}

/// @param hours  of weather (steps of the prior) that the steps taken are worth
void add_cost(nlohmann::json& json, const Cost& record, double hours, const model::Domain& domain) {
  constexpr double kDay = 86400, kYear = 365.25 * kDay, kMega = 1e6;
  const auto ranks = static_cast<double>(record.peak_memory_megabytes.size());
  json["steps"] = record.steps;
  json["ranks"] = record.peak_memory_megabytes.size();
  json["teams"] = record.teams;
  json["hosts"] = record.hosts;
  json["devices"] = record.devices;
  json["transport"] = record.transport;
  json["seconds"] = {{"loading", record.loading_seconds},
                     {"sampling", record.ensemble.sampling_seconds},
                     {"waiting", record.traffic.waiting_seconds / ranks},  // while sampling
                     {"writing", record.ensemble.output.seconds},          // while nothing was sampled
                     {"writing_hidden", record.ensemble.output.hidden_seconds},
                     {"total", record.total_seconds}};
  json["energy_J"] = energy_json(record.energy, record.devices.contains("cuda"));
  json["written_MB"] = record.ensemble.output.written_bytes / kMega;
  json["exchanged_MB"] = static_cast<double>(record.traffic.sent_bytes) / kMega;
  const auto values_per_hour =
      static_cast<double>(domain.variables.size()) * static_cast<double>(domain.grid.cells());
  json["rates"] = {{"values_per_second", hours * values_per_hour / record.total_seconds},
                   {"simulated_years_per_day", hours * static_cast<double>(domain.step_seconds) / kYear /
                                                   (record.total_seconds / kDay)}};
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

/// The digest of what drives members, or one for each member of a coarse ensemble.
/// @param digest  of one
template <class Digest>
nlohmann::json driving_digests(const Plan& plan, const Resources& root, Digest&& digest) {
  if (plan.drivers.front().label.empty()) return digest(root.drivers.front());
  nlohmann::json all;
  for (std::size_t i = 0; i < plan.drivers.size(); ++i) all[plan.drivers[i].label] = digest(root.drivers[i]);
  return all;
}

/// Says what the run finds of its members, and warns of what is off.
void log_check(const SelfCheck& check, const model::Domain& domain) {
  spdlog::info("self-check of {}:", core::counted(check.members, "member"));
  for (const std::string& line : describe(check, domain.variables)) spdlog::info("  {}", line);
  for (const std::string& warning : warnings(check, domain)) spdlog::warn("{}", warning);
}

/// Says how the solves of mmps went, and warns where the reader should look.
void log_solves(const SolveSummary& solves) {
  if (solves.count == 0) return;
  spdlog::info("mmps: {} solves, largest relative residual {:.2g}", solves.count, solves.largest_residual);
  if (solves.fallbacks > 0)
    spdlog::warn(
        "mmps: {} of {} solves fell back on sda because the matrix was not positive definite; run.json has "
        "the counts by noise level",
        solves.fallbacks, solves.count);
}

}  // namespace

void write_run_record(const Plan& plan, const Resources& root, const model::Domain& domain,
                      const std::string& state, const Result* result) {
  const Settings& settings = root.settings;
  const MemberOutput output(plan, root, domain);
  char mpi_version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(mpi_version, &length);
  const std::string mpi_text(mpi_version, static_cast<std::size_t>(length));

  std::vector<std::string> files;
  for (const std::int64_t member : settings.member_numbers())
    for (const auto& file : output.files(member))
      if (std::filesystem::exists(std::filesystem::path(settings.output) / file))
        files.push_back(file.string());
  nlohmann::json json{
      {"program", "foehn"},
      {"command", "sample"},
      {"state", state},
      {"versions",
       {{"foehn", core::version()},
        {"libtorch", TORCH_VERSION},
        {"netcdf", nc_inq_libvers()},
        {"mpi", mpi_text.substr(0, mpi_text.find(','))}}},
      {"seed", settings.seed},
      {"options", nlohmann::json::parse(settings.all_values)},
      {"solving",
       {{"covariance", core::name_of(std::optional(plan.solving.covariance))},
        {"steps", plan.solving.solver.steps}}},
      {"digests",
       {{"prior", plan.prior_digest},
        {"observations",
         driving_digests(plan, root, [](const DrivingData& data) { return data.observations.digest; })},
        {"options", root.options_digest}}},
      {"files", files}};
  if (!root.drivers.front().points_digest.empty())
    json["digests"]["stations"] =
        driving_digests(plan, root, [](const DrivingData& data) { return data.points_digest; });
  if (result != nullptr)
    add_cost(
        json, result->cost,
        static_cast<double>(plan.period.hours) * result->cost.steps / static_cast<double>(plan.sampler.steps),
        domain);
  if (result != nullptr && result->self_check)
    json["self_check"] = check_json(*result->self_check, domain.variables);
  io::write_file_atomically(record_in(settings.output),
                            json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

std::optional<RecordedRun> read_run_record(const std::filesystem::path& folder) {
  constexpr std::size_t kMostBytes = std::size_t{64} << 20;
  if (!std::filesystem::exists(record_in(folder))) return std::nullopt;
  const auto json = nlohmann::json::parse(io::read_small_file(record_in(folder), kMostBytes), nullptr, false);
  try {
    RecordedRun run{.state = json.at("state").get<std::string>()};
    run.members = json.at("options").at("ensemble.members").get<std::int64_t>();
    if (json.contains("rates")) {
      run.ranks = json.at("ranks").get<std::int64_t>();
      run.years_per_day = json.at("rates").at("simulated_years_per_day").get<double>();
    }
    for (const auto& file : json.value("files", nlohmann::json::array()))
      run.has_files &= std::filesystem::exists(folder / file.get<std::string>());
    return run;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

void finish(const Plan& plan, const Resources& root, const model::Domain& domain, const Result& result) {
  log_solves(result.cost.solves);
  if (result.self_check) log_check(*result.self_check, domain);
  if (result.is_done) remove_checkpoints(plan, root.settings);
  write_run_record(plan, root, domain, result.is_done ? "done" : "stopped", &result);
}

void finish_without_drawing(const Plan& plan, const Resources& root, const model::Domain& domain) {
  remove_checkpoints(plan, root.settings);
  const auto recorded = read_run_record(root.settings.output);
  if (!recorded || recorded->state != "done" || recorded->members < root.settings.members)
    write_run_record(plan, root, domain, "done", nullptr);
}

}  // namespace foehn::job
