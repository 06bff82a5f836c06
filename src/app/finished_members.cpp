#include "finished_members.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <filesystem>
#include <string>

#include "foehn/checkpoint/identity.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "member_output.hpp"

namespace foehn::app {

namespace {

/// What a member's file says it is made of; empty where it does not.
std::string identity_of(const std::filesystem::path& path) {
  const io::Attributes attributes = io::NetcdfFile::open(path).global_attributes();
  const auto place = attributes.find(kIdentityAttribute);
  const auto* text = place == attributes.end() ? nullptr : std::get_if<std::string>(&place->second);
  return text == nullptr ? "" : *text;
}

double values_of(const SampleJob& job) {
  return static_cast<double>(job.period.hours) * static_cast<double>(job.prior.domain.variables.size()) *
         static_cast<double>(job.prior.domain.grid.cells());
}

}  // namespace

std::vector<std::int64_t> members_to_draw(const SampleJob& job, const SampleOptions& options) {
  const std::filesystem::path folder = options.output;
  std::vector<std::int64_t> members;
  for (std::int64_t member = options.first_member; member < options.first_member + options.members;
       ++member) {
    bool is_whole = !options.restart;
    for (const std::filesystem::path& name : member_files(job, options, member)) {
      const std::filesystem::path path = folder / name;
      if (!is_whole || !std::filesystem::exists(path)) {
        is_whole = false;
        continue;
      }
      const std::string identity = identity_of(path);
      if (job.identity.empty() || identity == job.identity) continue;
      throw core::Error(fmt::format(
          "{} is there, of another run{}; take the options of that run, another output.directory, or "
          "checkpoint.restart to write over it",
          path.string(), identity.empty() ? "" : ": " + checkpoint::difference(identity, job.identity)));
    }
    if (!is_whole) members.push_back(member);
  }
  const auto there = options.members - static_cast<std::int64_t>(members.size());
  if (there > 0)
    spdlog::info("{} in {} already", there == 1 ? "1 member is" : fmt::format("{} members are", there),
                 folder.string());
  return members;
}

void check_space(const SampleJob& job, const SampleOptions& options) {
  const double whole = 4 * values_of(job) * static_cast<double>(job.members.size());
  const double least = options.compression == 0 ? whole : kBestCompression * whole;
  check_free(options.output, least, whole,
             fmt::format("{} of {} steps", counted(static_cast<std::int64_t>(job.members.size()), "member"),
                         job.period.hours));
}

void check_free(const std::filesystem::path& folder, double least, double whole, const std::string& what) {
  const auto free =
      static_cast<double>(std::filesystem::space(std::filesystem::absolute(folder).parent_path()).available);
  const auto text = [&](double bytes) { return fmt::format("{:.3g} MB", bytes / 1e6); };
  if (least > free)
    throw core::Error(fmt::format("output.directory: {} has {} free, and {} take at least {}",
                                  folder.string(), text(free), what, text(least)));
  if (whole > free)
    spdlog::warn("output.directory: {} has {} free, and {} take up to {}, checkpoints aside", folder.string(),
                 text(free), what, text(whole));
}

}  // namespace foehn::app
