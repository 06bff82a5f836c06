#include "foehn/campaign/survey.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"

namespace foehn::campaign {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{16} << 20;  // of a job's file

/// How the files of a job stand to those that were written before.
Likeness likeness_of(const std::vector<WrittenFile>& files, const JobWords& words) {
  Likeness found = Likeness::same;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (!fs::exists(files[i].path)) continue;
    const std::string older = io::read_small_file(files[i].path, kMostBytes);
    if (older == files[i].text) continue;
    found = i == 0 ? words.likeness(older, files[i].text) : Likeness::other;
    if (found == Likeness::other) break;
  }
  return found;
}

}  // namespace

std::vector<SurveyedJob> survey(const Settings& settings, std::int64_t step_seconds, const JobWords& words) {
  const std::vector<Job> found = expand(settings, find_cmip6_files(settings.folders));
  if (found.empty())
    throw core::UsageError(
        fmt::format("no CMIP6 file of {} in {} belongs to an experiment of campaign.periods",
                    fmt::join(settings.variables, ", "), fmt::join(settings.folders, ", ")));
  std::vector<SurveyedJob> jobs;
  for (const Job& job : found) {
    SurveyedJob& next =
        jobs.emplace_back(SurveyedJob{standing_of(job, settings.output, step_seconds, settings.members), {}});
    State& state = next.standing.state;
    if (state == State::impossible) continue;
    next.files = words.files(next.standing);
    if (state != State::to_do && likeness_of(next.files, words) == Likeness::other) state = State::changed;
  }
  return jobs;
}

std::vector<std::string> remarks(const std::vector<SurveyedJob>& jobs, const Settings& settings) {
  std::vector<std::string> texts;
  for (const Period& period : parse_periods(settings.periods))
    if (std::ranges::none_of(jobs, [&](const SurveyedJob& job) { return job.standing.job.period == period; }))
      texts.push_back(
          fmt::format("campaign.periods: no file of the experiment {} was found", period.experiment));
  if (std::ranges::any_of(jobs, [](const SurveyedJob& job) { return job.standing.state == State::changed; }))
    texts.push_back(fmt::format(
        "jobs drawn with other options are left as they are: choose another campaign.output for the new "
        "options, or remove their folders and their files in {}",
        (fs::path(settings.output) / "jobs").string()));
  return texts;
}

std::vector<JobFile> write_files(const std::vector<SurveyedJob>& jobs) {
  std::vector<JobFile> written;
  for (const SurveyedJob& job : jobs) {
    for (const WrittenFile& file : job.files) {
      fs::create_directories(file.path.parent_path());
      io::write_file_atomically(file.path, file.text);
    }
    written.push_back({job.standing.job.name(), job.files.front().path});
  }
  return written;
}

}  // namespace foehn::campaign
