#include "finished_members.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <string>

#include "foehn/checkpoint/identity.hpp"
#include "foehn/checkpoint/store.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "member_output.hpp"
#include "member_sampling.hpp"

namespace foehn::app {

namespace {

/// What a member's file says it is made of; empty where it does not.
std::string identity_of(const std::filesystem::path& path) {
  const io::Attributes attributes = io::NetcdfFile::open(path).global_attributes();
  const auto place = attributes.find(kIdentityAttribute);
  const auto* text = place == attributes.end() ? nullptr : std::get_if<std::string>(&place->second);
  return text == nullptr ? "" : *text;
}

/// Warns of members of another run beside this one's: a glob would take them all for one ensemble.
/// @param mine  names of the files that this run's members have or will have
void warn_of_others(const std::filesystem::path& folder, const std::set<std::filesystem::path>& mine,
                    const std::string& identity) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".nc" || mine.contains(entry.path().filename())) continue;
    std::string other;
    try {
      other = identity_of(entry.path());
    } catch (const core::Error&) {
      continue;  // no member, or none yet: whatever it is, nothing here depends on it
    }
    if (other.empty() || other == identity) continue;
    spdlog::warn("output.directory: {} was written by a different run: {}", entry.path().string(),
                 checkpoint::difference(other, identity));
    return;  // one tells enough
  }
}

double values_of(const SampleJob& job) {
  return static_cast<double>(job.period.hours) * static_cast<double>(job.prior.domain.variables.size()) *
         static_cast<double>(job.prior.domain.grid.cells());
}

double space_in(const std::filesystem::path& folder) {
  return static_cast<double>(std::filesystem::space(folder).available);
}

std::string megabytes(double bytes) {
  return fmt::format("{:.3g} MB", bytes / 1e6);
}

}  // namespace

std::vector<std::int64_t> members_to_draw(const SampleJob& job, const SampleOptions& options) {
  const std::filesystem::path folder = options.output;
  std::vector<std::int64_t> members;
  std::set<std::filesystem::path> files;
  for (std::int64_t member = options.first_member; member < options.first_member + options.members;
       ++member) {
    bool is_whole = true;
    for (const std::filesystem::path& name : member_files(job, options, member)) {
      files.insert(name);
      const std::filesystem::path path = folder / name;
      if (options.restart || !std::filesystem::exists(path)) {
        is_whole = false;
        continue;
      }
      const std::string identity = identity_of(path);
      if (job.identity.empty() || identity == job.identity) continue;
      throw core::Error(fmt::format(
          "{} was written by a different run{}; use that run's options, another output.directory, or "
          "checkpoint.restart to overwrite it",
          path.string(), identity.empty() ? "" : ": " + checkpoint::difference(identity, job.identity)));
    }
    if (is_whole) continue;
    members.push_back(member);
    if (!options.restart && !job.identity.empty())
      checkpoint::Store::check_identity(checkpoint_folder(options, member), job.identity);
  }
  if (!job.identity.empty()) warn_of_others(folder, files, job.identity);
  const auto there = options.members - static_cast<std::int64_t>(members.size());
  if (there > 0)
    spdlog::info("{} already in {}", there == 1 ? "1 member is" : fmt::format("{} members are", there),
                 folder.string());
  return members;
}

void remove_checkpoints(const SampleOptions& options) {
  for (std::int64_t i = 0; i < options.members; ++i) {
    const std::filesystem::path folder = checkpoint_folder(options, options.first_member + i);
    if (!checkpoint::Store::remove_all(folder))
      throw core::Error(fmt::format("cannot remove the checkpoints in {}", folder.string()));
  }
  std::error_code not_empty;
  if (options.checkpoint.empty()) std::filesystem::remove(options.checkpoint_folder(), not_empty);
}

void check_space(const SampleJob& job, const SampleOptions& options, int teams) {
  const auto members = static_cast<double>(job.members.size());
  const double whole = 4 * values_of(job) * members;
  const double least = options.compression == 0 ? whole : kBestCompression * whole;
  check_free(options.output, least, whole,
             fmt::format("{} of {} steps", counted(static_cast<std::int64_t>(job.members.size()), "member"),
                         job.period.hours));
  // Two of each unfinished member are kept while a third is written: the fields, and those of the step
  // before.
  const double checkpoints = std::min<double>(teams, members) * 3 * 2 * 4 * values_of(job);
  const bool is_elsewhere = !options.checkpoint.empty();
  const double most = is_elsewhere ? checkpoints : whole + checkpoints;
  const double free = space_in(is_elsewhere ? options.checkpoint : options.output);
  if (most > free)
    spdlog::warn(
        "{} has {} free, but {}checkpoints may take up to {}",
        is_elsewhere ? "checkpoint.directory: " + options.checkpoint : "output.directory: " + options.output,
        megabytes(free), is_elsewhere ? "" : "members and ", megabytes(most));
}

void check_free(const std::filesystem::path& folder, double least, double whole, const std::string& what) {
  const double free = space_in(folder);
  if (least > free)
    throw core::Error(fmt::format("output.directory: {} has {} free, but {} take at least {}",
                                  folder.string(), megabytes(free), what, megabytes(least)));
  if (whole > free)
    spdlog::warn("output.directory: {} has {} free, but {} may take up to {}", folder.string(),
                 megabytes(free), what, megabytes(whole));
}

}  // namespace foehn::app
