#include "foehn/campaign/campaign.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "campaign_jobs.hpp"
#include "foehn/campaign/spool_plan.hpp"
#include "foehn/campaign/standing.hpp"
#include "foehn/campaign/survey.hpp"
#include "foehn/campaign/workflow.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/service/check_jobs.hpp"
#include "foehn/service/spool.hpp"
#include "job_file.hpp"
#include "option_names.hpp"
#include "subcommands.hpp"

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

/// Says which jobs there are and how they stand.
void say_what_there_is(const std::vector<campaign::SurveyedJob>& jobs, const CampaignOptions& options) {
  std::vector<campaign::Standing> standings;
  for (const campaign::SurveyedJob& job : jobs) standings.push_back(job.standing);
  if (options.as_json)
    std::cout << to_json(standings, options.members).dump(2) << "\n";
  else
    std::cout << list_text(standings, options.members);
  for (const std::string& remark : campaign::remarks(jobs, options)) spdlog::warn("{}", remark);
}

/// This program's path, or only its name where the system does not tell.
std::string program() {
  std::error_code error;
  const fs::path path = fs::read_symlink("/proc/self/exe", error);
  return error ? "foehn" : path.string();
}

/// Writes the jobs for a workflow engine, and says how to start it.
void write_workflow(const CampaignOptions& options, const std::vector<campaign::JobFile>& files) {
  if (files.empty()) {
    std::cout << "nothing to write: no job is left that can be run\n";
    return;
  }
  const fs::path folder = fs::absolute(options.output);
  const auto write = [&](const fs::path& name, const std::string& text) {
    fs::create_directories((folder / name).parent_path());
    io::write_file_atomically(folder / name, text);
    return (folder / name).string();
  };
  const std::string counted = core::counted(static_cast<std::int64_t>(files.size()), "job");
  switch (options.format) {
    case Filing::array:
      std::cout << fmt::format("wrote {}; start it with\n  sbatch --array=1-{} slurm/sample.sbatch '{}'\n",
                               counted, files.size(), write("jobs.txt", campaign::array_list(files)));
      break;
    case Filing::snakemake:
      std::cout << fmt::format(
          "wrote {}; start it with\n  snakemake --directory '{}' --snakefile '{}' --cores 2\n", counted,
          folder.string(), write("Snakefile", campaign::snakefile(files, program())));
      break;
    case Filing::cylc:
      // In a folder of its own: Cylc copies all that lies beside it.
      std::cout << fmt::format(
          "wrote {}; start it with\n  cylc vip '{}'\n", counted,
          fs::path(write("cylc/flow.cylc", campaign::cylc_flow(files, program()))).parent_path().string());
      break;
    case Filing::list:
    case Filing::spool:
      break;
  }
}

/// What the root decides, and what the ranks then check together.
struct Filed {
  std::vector<std::string> files;         ///< of jobs, on every rank
  std::vector<service::Ticket> outgrown;  ///< jobs of the spool that some of these replace; on the root
};

/// Lists the campaign's jobs, and writes the files of those to be filed; none if it only lists.
/// @note Collective over the world.
Filed list_and_write(const comm::Communicator& world, const CampaignOptions& options, bool only_lists) {
  Filed filed;
  world.agree_on_root([&] {
    const campaign::JobWords words = job_words(options, options.job);
    std::vector<campaign::SurveyedJob> jobs = campaign::survey(options, step_of_prior(options.job), words);
    say_what_there_is(jobs, options);
    std::erase_if(jobs, [](const campaign::SurveyedJob& job) { return !job.is_left(); });
    if (options.format == Filing::spool) {
      const service::Spool spool(service::disk(), options.spool);
      campaign::SpoolPlan plan = campaign::plan_for_spool(spool, jobs, words);
      for (const std::string& line : plan.there) std::cout << line << "\n";
      jobs = std::move(plan.to_queue);
      filed.outgrown = std::move(plan.outgrown);
    }
    if (only_lists) return;
    for (const campaign::JobFile& file : campaign::write_files(jobs)) filed.files.push_back(file.path);
  });
  std::string text = nlohmann::json(filed.files).dump();
  world.broadcast(text);
  filed.files = nlohmann::json::parse(text).get<std::vector<std::string>>();
  return filed;
}

/// Queues jobs that were checked.
void queue(const service::Spool& spool, const service::CheckedJobs& checked,
           const std::vector<service::Ticket>& outgrown, std::int64_t priority) {
  if (checked.jobs.empty()) {
    std::cout << "nothing to queue\n";
    return;
  }
  spool.make();
  // Of one that is refused the old job stays.
  for (const service::Ticket& ticket : outgrown)
    if (std::ranges::any_of(checked.jobs, [&](const auto& job) { return job.name == ticket.name; }))
      spool.forget(ticket);
  spool.submit(checked.jobs, priority);
  say_queued(spool, checked.jobs.size());
}

int run(const Call& call, const Context& context, const CampaignOptions& options) {
  const comm::Communicator& world = context.world;
  process::stop_listening();
  const bool is_for_spool = options.format == Filing::spool,
             only_lists = options.format == Filing::list || call.validate_only;
  world.agree([&] {
    if (is_for_spool && options.spool.empty())
      throw core::UsageError("campaign.spool: required with campaign.format spool");
  });
  const Filed filed = list_and_write(world, options, only_lists);
  if (only_lists) return 0;
  std::optional<service::Spool> spool;
  if (is_for_spool) spool.emplace(service::disk(), options.spool);
  const service::CheckedJobs checked =
      service::check_jobs(world, spool ? &*spool : nullptr, filed.files, job_reader(), filed.outgrown);
  world.agree_on_root([&] {
    for (const std::string& complaint : checked.complaints) spdlog::error("{}", complaint);
    if (spool) {
      queue(*spool, checked, filed.outgrown, options.priority);
    } else {
      std::vector<campaign::JobFile> sound;
      for (std::size_t i = 0; i < checked.jobs.size(); ++i)
        sound.push_back({checked.jobs[i].name, checked.files[i]});
      write_workflow(options, sound);
    }
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
