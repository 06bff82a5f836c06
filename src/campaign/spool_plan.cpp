#include "foehn/campaign/spool_plan.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/service/submission.hpp"

namespace foehn::campaign {

namespace {

constexpr std::size_t kMostNames = 3;  // of jobs, in a message

std::string some_of(std::vector<std::string> names) {
  const std::size_t count = names.size();
  names.resize(std::min(count, kMostNames));
  return fmt::format("{}{}", fmt::join(names, ", "),
                     count > kMostNames ? fmt::format(" and {} more", count - kMostNames) : "");
}

std::vector<std::string> what_is_there(const std::map<service::State, std::int64_t>& counts,
                                       const std::vector<std::string>& waiting, const service::Spool& spool) {
  std::vector<std::string> lines;
  for (const auto& [state, count] : counts)
    lines.push_back(
        fmt::format("{} in the spool already: {}", core::counted(count, "job"), service::folder_name(state)));
  if (counts.contains(service::State::failed))
    lines.push_back(fmt::format("`foehn jobs {}` says why jobs failed; with --retry it queues them again",
                                spool.path().string()));
  if (!waiting.empty())
    lines.push_back(fmt::format(
        "not done with fewer members: {}; give the command again once they are, for the other members",
        some_of(waiting)));
  return lines;
}

}  // namespace

SpoolPlan plan_for_spool(const service::Spool& spool, const std::vector<SurveyedJob>& jobs,
                         const JobWords& words) {
  const std::map<std::string, service::Spool::Job> there = spool.jobs();
  SpoolPlan plan;
  std::map<service::State, std::int64_t> counts;
  std::vector<std::string> others, waiting;
  for (const SurveyedJob& job : jobs) {
    if (!job.is_left()) continue;
    const std::string name = job.standing.job.name();
    const auto found = there.find(name);
    const auto text = found == there.end() ? std::nullopt : spool.text(found->second);
    if (found == there.end()) {
      plan.to_queue.push_back(job);
      continue;
    }
    const service::State state = found->second.state;
    // One that moves on right now is the spool's in any case.
    const Likeness likeness =
        !text ? Likeness::same : words.likeness(service::without_origin(*text), job.files.front().text);
    if (likeness == Likeness::other) {
      others.push_back(name);
    } else if (likeness == Likeness::same) {
      ++counts[state];
    } else if (state == service::State::done) {
      plan.outgrown.push_back(found->second.ticket);
      plan.to_queue.push_back(job);
    } else {
      waiting.push_back(name);
    }
  }
  if (!others.empty())
    throw core::UsageError(
        fmt::format("campaign.spool: {} has other jobs of the same names, such as those of another campaign "
                    "or with other options: {}; choose another spool, or remove their files there",
                    spool.path().string(), some_of(others)));
  plan.there = what_is_there(counts, waiting, spool);
  return plan;
}

}  // namespace foehn::campaign
