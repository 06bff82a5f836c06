#include "campaign_jobs.hpp"

#include <fmt/format.h>

#include <map>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "cordex_metadata.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/model/domain.hpp"
#include "job_file.hpp"

namespace foehn::app {

namespace {

namespace fs = std::filesystem;

/// A seed of a job's own, so that trajectories of different simulations do not share their noise.
std::int64_t seed_of(std::int64_t seed, const std::string& name) {
  constexpr std::size_t kDigits = 8;
  return std::stoll(core::sha256(fmt::format("{} {}", seed, name)).substr(0, kDigits), nullptr, 16);
}

/// What a climate model's file says of its simulation, by the keys of the archive's metadata.
std::map<std::string, std::string> said_by_files(const campaign::Job& job) {
  std::map<std::string, std::string> said{{"driving_source_id", job.model},
                                          {"driving_experiment_id", job.period.experiment},
                                          {"driving_variant_label", job.variant}};
  const io::Attributes attributes = io::NetcdfFile::open(job.files.front()).global_attributes();
  // Not `source`: CMIP6's has many lines, and the archive wants a name.
  for (const auto& [key, attribute] :
       {std::pair{"driving_institution_id", "institution_id"}, std::pair{"driving_experiment", "experiment"}})
    if (const auto found = attributes.find(attribute); found != attributes.end())
      if (const auto* text = std::get_if<std::string>(&found->second)) said[key] = *text;
  return said;
}

std::vector<campaign::WrittenFile> files_of_job(const campaign::Standing& standing,
                                                const campaign::Settings& settings, const fs::path& job) {
  const fs::path folder = fs::absolute(settings.output);
  const std::string name = standing.job.name();
  const fs::path path = folder / "jobs" / (name + ".ini"),
                 metadata = folder / "jobs" / (name + ".metadata.ini");
  std::vector<campaign::WrittenFile> files;
  const std::string text = job_text(
      {"--config", job.string(), "--output.directory", (folder / standing.job.folder()).string()},
      [&](SampleOptions& options) {
        options.preparation.files.clear();
        for (const fs::path& file : standing.job.files)
          options.preparation.files.push_back(fs::absolute(file).string());
        options.start = standing.job.period.first;
        options.hours = standing.steps;
        options.members = settings.members;
        options.seed = seed_of(options.seed, name);
        if (options.layout != job::Layout::cordex || options.metadata.empty()) return;
        files.push_back({metadata, cordex_metadata_text(options.metadata, said_by_files(standing.job))});
        options.metadata = metadata.string();
      });
  files.insert(files.begin(), {path, text});
  return files;
}

/// The members that a job asks for, and what it asks for otherwise.
std::pair<std::int64_t, std::string> members_and_rest(const std::string& text) {
  std::int64_t members = 0;
  const std::string rest = changed_text(
      text, [&](SampleOptions& options) { members = std::exchange(options.members, std::int64_t{1}); });
  return {members, rest};
}

campaign::Likeness likeness_of(const std::string& older, const std::string& text) {
  if (older == text) return campaign::Likeness::same;
  try {
    const auto [members_before, rest_before] = members_and_rest(older);
    const auto [members, rest] = members_and_rest(text);
    if (rest != rest_before) return campaign::Likeness::other;
    return members > members_before ? campaign::Likeness::extended : campaign::Likeness::same;
  } catch (const core::UsageError&) {
    return campaign::Likeness::other;  // it was edited, and wrongly
  }
}

}  // namespace

std::int64_t step_of_prior(const fs::path& job) {
  std::string prior;
  // The folder of the members is the campaign's.
  job_text({"--config", job.string(), "--output.directory", "."},
           [&](SampleOptions& options) { prior = options.prior; });
  return model::read_domain(fs::path(prior) / "domain.nc").step_seconds;
}

campaign::JobWords job_words(const campaign::Settings& settings, const fs::path& job) {
  return {.files = [&settings, job](
                       const campaign::Standing& standing) { return files_of_job(standing, settings, job); },
          .likeness = &likeness_of};
}

}  // namespace foehn::app
