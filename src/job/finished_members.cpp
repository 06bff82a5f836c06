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
#include "foehn/core/text.hpp"
#include "foehn/io/disk_space.hpp"
#include "foehn/io/netcdf.hpp"
#include "member_output.hpp"

namespace foehn::job {

namespace {

/// What a member's file says it is made of; empty where it does not.
std::string identity_in(const std::filesystem::path& path) {
  const io::Attributes attributes = io::NetcdfFile::open(path).global_attributes();
  const auto place = attributes.find(kIdentityAttribute);
  const auto* text = place == attributes.end() ? nullptr : std::get_if<std::string>(&place->second);
  return text == nullptr ? "" : *text;
}

/// Warns of members of another run beside this one's: a glob would take them all for one ensemble.
/// @param mine        names of the files that this run's members have or will have
/// @param identities  of these
void warn_of_others(const std::filesystem::path& folder, const std::set<std::filesystem::path>& mine,
                    const std::set<std::string>& identities) {
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".nc" || mine.contains(entry.path().filename())) continue;
    std::string other;
    try {
      other = identity_in(entry.path());
    } catch (const core::Error&) {
      continue;  // no member, or none yet: whatever it is, nothing here depends on it
    }
    if (other.empty() || identities.contains(other)) continue;
    spdlog::warn("output.directory: {} was written by a different run: {}", entry.path().string(),
                 checkpoint::difference(other, *identities.begin()));
    return;  // one tells enough
  }
}

/// Of a member.
double values_of(const Plan& plan, const model::Domain& domain) {
  return static_cast<double>(plan.period.hours) * static_cast<double>(domain.variables.size()) *
         static_cast<double>(domain.grid.cells());
}

}  // namespace

std::vector<std::int64_t> members_to_draw(const Plan& plan, const Resources& root,
                                          const model::Domain& domain) {
  const Settings& settings = root.settings;
  const MemberOutput output(plan, root, domain);
  const std::filesystem::path folder = settings.output;
  std::vector<std::int64_t> members;
  std::set<std::filesystem::path> files;
  const std::vector<std::int64_t> all = settings.member_numbers();
  std::set<std::string> identities;
  for (const std::int64_t member : all) {
    const std::string expected = plan.identity_of(member);
    identities.insert(expected);
    bool is_whole = true;
    for (const std::filesystem::path& name : output.files(member)) {
      files.insert(name);
      const std::filesystem::path path = folder / name;
      if (settings.restart || !std::filesystem::exists(path)) {
        is_whole = false;
        continue;
      }
      const std::string identity = identity_in(path);
      if (expected.empty() || identity == expected) continue;
      throw core::Error(fmt::format(
          "{} was written by a different run{}; use that run's options, another output.directory, or "
          "checkpoint.restart to overwrite it",
          path.string(), identity.empty() ? "" : ": " + checkpoint::difference(identity, expected)));
    }
    if (is_whole) continue;
    members.push_back(member);
    if (!settings.restart && !expected.empty())
      checkpoint::Store::check_identity(plan.checkpoint_folder_of(member), expected);
  }
  if (!plan.identity.empty()) warn_of_others(folder, files, identities);
  const auto there = static_cast<std::int64_t>(all.size() - members.size());
  if (there > 0)
    spdlog::info("{} already in {}", there == 1 ? "1 member is" : fmt::format("{} members are", there),
                 folder.string());
  return members;
}

void remove_checkpoints(const Plan& plan, const Settings& settings) {
  for (const std::int64_t member : settings.member_numbers()) {
    const std::filesystem::path folder = plan.checkpoint_folder_of(member);
    if (!checkpoint::Store::remove_all(folder))
      throw core::Error(fmt::format("cannot remove the checkpoints in {}", folder.string()));
  }
  std::error_code not_empty;
  if (settings.checkpoint.empty()) std::filesystem::remove(settings.checkpoint_folder(), not_empty);
}

void check_space(const Plan& plan, const Settings& settings, const model::Domain& domain,
                 std::int64_t teams) {
  const auto members = static_cast<double>(plan.members.size());
  const double whole = 4 * values_of(plan, domain) * members;
  const double least = settings.compression == 0 ? whole : io::kBestCompression * whole;
  io::check_free(
      settings.output, least, whole,
      fmt::format("{} of {} steps", core::counted(static_cast<std::int64_t>(plan.members.size()), "member"),
                  plan.period.hours));
  // Two of each unfinished member are kept while a third is written: the fields, and those of the step
  // before. Each team has one that is drawn, and one on its way to its files.
  const double checkpoints =
      std::min<double>(2 * static_cast<double>(teams), members) * 3 * 2 * 4 * values_of(plan, domain);
  const bool is_elsewhere = !settings.checkpoint.empty();
  const double most = is_elsewhere ? checkpoints : whole + checkpoints;
  const double free = io::free_space(is_elsewhere ? settings.checkpoint : settings.output);
  if (most > free)
    spdlog::warn("{} has {} free, but {}checkpoints may take up to {}",
                 is_elsewhere ? "checkpoint.directory: " + settings.checkpoint
                              : "output.directory: " + settings.output,
                 io::megabytes(free), is_elsewhere ? "" : "members and ", io::megabytes(most));
}

}  // namespace foehn::job
