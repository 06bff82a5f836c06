#include "foehn/campaign/campaign.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <vector>

#include "campaign_jobs.hpp"
#include "foehn/campaign/standing.hpp"
#include "foehn/campaign/workflow.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/service/spool.hpp"
#include "foehn/service/submission.hpp"
#include "option_names.hpp"
#include "subcommands.hpp"
#include "submission.hpp"

namespace foehn::app {

namespace {

namespace fs = std::filesystem;

struct CampaignOptions : campaign::Settings {
  std::string job;  // a configuration file
  Filing format = Filing::list;
  std::string spool;
  std::int64_t priority = service::kUsualPriority;
  bool as_json = false;
};

void add_simulation_options(config::OptionTable& table, CampaignOptions& options) {
  table.add(
      "input.folders", &options.folders,
      {.doc = "Look for the climate models' files, by their CMIP6 names, in these folders and all folders "
              "below them.",
       .are_files = true,
       .required = true});
  table.add("input.variables", &options.variables,
            {.doc = "Read these variables of CMIP6, such as tas,psl,uas,vas.", .required = true});
  table.add(
      "input.tables", &options.tables,
      {.doc =
           "Take them from these tables of CMIP6, such as 6hrPlevPt,6hrPlev; default: wherever they are."});
  table.add("campaign.models", &options.models,
            {.doc = "Downscale these climate models (source_id); default: all that are found."});
  table.add("campaign.variants", &options.variants,
            {.doc = "Downscale these variants, such as r1i1p1f1; default: all that are found."});
  table.add(
      "campaign.periods", &options.periods,
      {.doc = "Downscale these experiments over these days, both inclusive: EXPERIMENT:FIRST/LAST, such as "
              "historical:1985-01-01/2014-12-31,ssp585:2070-01-01/2099-12-31. Each period of a simulation is "
              "one trajectory.",
       .required = true});
  table.add(
      "campaign.members", &options.members,
      {.doc = "Draw this many members of each trajectory.", .unit = "1", .minimum = 1, .maximum = 100000});
}

void declare(config::OptionTable& table, CampaignOptions& options) {
  add_simulation_options(table, options);
  table.add(
      "campaign.job", &options.job,
      {.doc = "Take all else from this configuration file of foehn sample: prior, blocks, errors of the "
              "observations, sampler. What the campaign decides (input.files, time.*, ensemble.members, "
              "output.directory) wins over it; the seed of a job is made of ensemble.seed and the job's "
              "name. With output.layout = cordex, the metadata of each simulation are those of "
              "output.metadata with what the climate model's files say of themselves.",
       .required = true});
  table.add(
      "campaign.output", &options.output,
      {.doc = "Write to this folder: members to MODEL/EXPERIMENT/VARIANT/FIRST-LAST, and the configuration "
              "files of the jobs to jobs.",
       .required = true});
  table.add(
      "campaign.format", &options.format,
      {.doc = "What to do with the jobs that are not done: only list them; queue them in the spool folder "
              "campaign.spool, for foehn serve; or write them out, as a list for a job array of "
              "slurm/sample.sbatch (array), a Snakefile (snakemake) or a workflow of Cylc 8 (cylc)."});
  table.add("campaign.spool", &options.spool,
            {.doc = "Queue jobs in this spool folder; those that it has already are left as they are."});
  table.add("campaign.priority", &options.priority,
            {.doc = "Queue jobs with this priority.",
             .unit = "1",
             .minimum = 0,
             .maximum = static_cast<double>(service::kHighestPriority)});
  table.add("json", &options.as_json, {.doc = "List the jobs as JSON."});
}

constexpr std::size_t kMostBytes = std::size_t{16} << 20;  // of a job's file

/// A job with the files that it is told by.
struct CampaignJob {
  campaign::Standing standing;
  std::vector<WrittenFile> files;
};

/// Whether a job was written out with other content before.
bool has_changed(const std::vector<WrittenFile>& files) {
  return std::ranges::any_of(files, [](const WrittenFile& file) {
    return fs::exists(file.path) && io::read_small_file(file.path, kMostBytes) != file.text;
  });
}

std::vector<CampaignJob> jobs_of(const CampaignOptions& options, std::int64_t step_seconds) {
  const std::vector<campaign::Job> found =
      campaign::expand(options, campaign::find_cmip6_files(options.folders));
  if (found.empty())
    throw core::UsageError(
        fmt::format("no CMIP6 file of {} in {} belongs to an experiment of campaign.periods",
                    fmt::join(options.variables, ", "), fmt::join(options.folders, ", ")));
  std::vector<CampaignJob> jobs;
  for (const campaign::Job& job : found) {
    CampaignJob& next = jobs.emplace_back(CampaignJob{standing_of(job, options.output, step_seconds), {}});
    campaign::State& state = next.standing.state;
    if (state == campaign::State::impossible) continue;
    next.files = files_of_job(next.standing, options, options.job);
    if (state != campaign::State::to_do && has_changed(next.files)) state = campaign::State::changed;
  }
  return jobs;
}

void say_what_there_is(const std::vector<CampaignJob>& jobs, const CampaignOptions& options) {
  std::vector<campaign::Standing> standings;
  bool has_changes = false;
  for (const CampaignJob& job : jobs) {
    standings.push_back(job.standing);
    has_changes |= job.standing.state == campaign::State::changed;
  }
  if (options.as_json)
    std::cout << to_json(standings, options.members).dump(2) << "\n";
  else
    std::cout << list_text(standings, options.members);
  for (const campaign::Period& period : campaign::parse_periods(options.periods))
    if (std::ranges::none_of(jobs, [&](const CampaignJob& job) { return job.standing.job.period == period; }))
      spdlog::warn("campaign.periods: no file of the experiment {} was found", period.experiment);
  if (has_changes)
    spdlog::warn(
        "jobs drawn with other options are left as they are: choose another campaign.output for the new "
        "options, or remove their folders and their files in {}",
        (fs::path(options.output) / "jobs").string());
}

/// Writes the files of the jobs that are not done and can be run.
std::vector<campaign::JobFile> write_jobs_left(const std::vector<CampaignJob>& jobs) {
  std::vector<campaign::JobFile> written;
  for (const CampaignJob& job : jobs) {
    const campaign::State state = job.standing.state;
    if (state != campaign::State::to_do && state != campaign::State::begun) continue;
    for (const WrittenFile& file : job.files) {
      fs::create_directories(file.path.parent_path());
      io::write_file_atomically(file.path, file.text);
    }
    written.push_back({job.standing.job.name(), job.files.front().path});
  }
  return written;
}

/// Writes the jobs for a workflow engine, and says how to start it.
void write_workflow(const CampaignOptions& options, const std::vector<campaign::JobFile>& files) {
  if (files.empty()) {
    std::cout << "nothing to write: no job is left that can be run\n";
    return;
  }
  const fs::path folder = fs::absolute(options.output);
  const auto write = [&](const char* name, const std::string& text) {
    io::write_file_atomically(folder / name, text);
    return (folder / name).string();
  };
  switch (options.format) {
    case Filing::array:
      std::cout << fmt::format("wrote {}; start it with\n  sbatch --array=1-{} slurm/sample.sbatch '{}'\n",
                               core::counted(static_cast<std::int64_t>(files.size()), "job"), files.size(),
                               write("jobs.txt", campaign::array_list(files)));
      break;
    case Filing::snakemake:
      std::cout << fmt::format("wrote {}\n", write("Snakefile", campaign::snakefile(files)));
      break;
    case Filing::cylc:
      std::cout << fmt::format("wrote {}\n", write("flow.cylc", campaign::cylc_flow(files)));
      break;
    case Filing::list:
    case Filing::spool:
      break;
  }
}

/// The root's words, on every rank.
/// @note Collective over the world.
void share(const comm::Communicator& world, std::vector<std::string>& words) {
  std::string text = nlohmann::json(words).dump();
  world.broadcast(text);
  words = nlohmann::json::parse(text).get<std::vector<std::string>>();
}

/// A job that a spool has.
struct Queued {
  service::State state;
  std::string file;
};

/// What a spool's job says.
std::string text_of(const service::Spool& spool, const Queued& job) {
  return service::without_origin(spool.files().read(spool.folder(job.state) / job.file).value_or(""));
}

/// Leaves of the files those of jobs that the spool does not have, and says what became of the others.
void leave_out_queued(const service::Spool& spool, std::vector<std::string>& files) {
  using service::State;
  std::map<std::string, Queued> states;
  for (const State state : {State::queued, State::done, State::failed, State::held})
    for (const service::Ticket& ticket : spool.tickets(state))
      states.emplace(ticket.name, Queued{state, ticket.file()});
  for (const service::Claim& claim : spool.claims())
    states.emplace(claim.ticket.name, Queued{State::claimed, claim.file()});
  std::map<std::string, std::int64_t> counts;
  std::erase_if(files, [&](const std::string& file) {
    const std::string name = fs::path(file).stem().string();
    if (!spool.knows(name)) return false;
    const auto state = states.find(name);
    if (state == states.end())
      spdlog::warn(
          "{}: the spool has the name but no job: something died while queuing it; remove {} to queue it",
          name, (spool.path() / "names" / name).string());
    else if (text_of(spool, state->second) != io::read_small_file(file, kMostBytes))
      spdlog::warn(
          "{}: the spool has a job of this name already, with other options, which stays as it is; choose "
          "another spool",
          name);
    else
      ++counts[service::folder_name(state->second.state)];
    return true;
  });
  for (const auto& [state, count] : counts)
    std::cout << fmt::format("{} in the spool already: {}\n", core::counted(count, "job"), state);
  if (counts.contains(service::folder_name(State::failed)))
    std::cout << fmt::format("`foehn jobs {}` says why jobs failed; with --retry it queues them again\n",
                             spool.path().string());
}

/// Checks jobs, and says what is wrong with some.
/// @note Collective over the world.
CheckedJobs check_and_complain(const comm::Communicator& world, const service::Spool* spool,
                               const std::vector<std::string>& files) {
  CheckedJobs checked = check_jobs(world, spool, files);
  if (world.is_root())
    for (const std::string& complaint : checked.complaints) spdlog::error("{}", complaint);
  return checked;
}

/// Queues what the spool does not have.
/// @return  whether all jobs could be queued
/// @note Collective over the world.
bool queue_in_spool(const comm::Communicator& world, const CampaignOptions& options,
                    std::vector<std::string> files) {
  const service::Spool spool(service::disk(), options.spool);
  world.agree_on_root([&] { leave_out_queued(spool, files); });
  share(world, files);
  if (files.empty()) {
    if (world.is_root()) std::cout << "nothing to queue\n";
    return true;
  }
  const CheckedJobs checked = check_and_complain(world, &spool, files);
  if (!checked.jobs.empty()) queue_jobs(world, spool, checked.jobs, options.priority);
  return checked.complaints.empty();
}

int run(const Call& call, const Context& context, const CampaignOptions& options) {
  const comm::Communicator& world = context.world;
  process::stop_listening();
  std::vector<std::string> paths;
  world.agree_on_root([&] {
    if (options.format == Filing::spool && options.spool.empty())
      throw core::UsageError("campaign.spool: required with campaign.format spool");
    const std::vector<CampaignJob> jobs = jobs_of(options, step_of_prior(options.job));
    say_what_there_is(jobs, options);
    if (options.format == Filing::list || call.validate_only) return;
    const std::vector<campaign::JobFile> files = write_jobs_left(jobs);
    for (const campaign::JobFile& file : files) paths.push_back(file.path.string());
  });
  if (options.format == Filing::list || call.validate_only) return 0;
  share(world, paths);
  if (options.format == Filing::spool) return queue_in_spool(world, options, paths) ? 0 : 1;
  const CheckedJobs checked = check_and_complain(world, nullptr, paths);
  world.agree_on_root([&] {
    std::vector<campaign::JobFile> sound;
    for (const JobToQueue& job : checked.jobs) sound.push_back({job.name, job.file});
    write_workflow(options, sound);
  });
  return checked.complaints.empty() ? 0 : 1;
}

}  // namespace

Subcommand campaign() {
  return {
      .name = "campaign",
      .summary = "Expand climate models, scenarios and periods into jobs, and queue those that are not done.",
      .example = "foehn campaign campaign.ini --campaign.format spool --campaign.spool spool",
      .declare = parallel(&declare, &run),
      .takes_config = true};
}

}  // namespace foehn::app
