#include "foehn/job/plan.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

// What a plan is made of, by name. As CBOR, numbers and the names of folders come back byte by byte.
namespace nlohmann {
template <class Value>
struct adl_serializer<std::optional<Value>> {
  static void to_json(json& json, const std::optional<Value>& value) {
    json = value ? nlohmann::json(*value) : nlohmann::json();
  }
  static void from_json(const json& json, std::optional<Value>& value) {
    value = json.is_null() ? std::nullopt : std::optional(json.get<Value>());
  }
};
}  // namespace nlohmann

namespace foehn::conditioning {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Period, calendar, first_seconds, step_seconds, hours)

/// Intervals are many: two arrays of numbers take less than half of what an object for each would.
void to_json(nlohmann::json& json, const Placement& placement) {
  std::vector<std::int64_t> first, last;
  for (const observation::Interval& interval : placement.intervals) {
    first.push_back(interval.first);
    last.push_back(interval.last);
  }
  json = {{"variables", placement.variables},
          {"block", placement.block},
          {"period", placement.period},
          {"first", first},
          {"last", last}};
}

void from_json(const nlohmann::json& json, Placement& placement) {
  json.at("variables").get_to(placement.variables);
  json.at("block").get_to(placement.block);
  json.at("period").get_to(placement.period);
  const auto first = json.at("first").get<std::vector<std::int64_t>>(),
             last = json.at("last").get<std::vector<std::int64_t>>();
  placement.intervals.clear();
  for (std::size_t i = 0; i < first.size(); ++i) placement.intervals.push_back({first[i], last.at(i)});
}
}  // namespace foehn::conditioning
namespace foehn::diffusion {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SolverOptions, steps, tolerance)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Churn, amount, least, most, inflation)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SamplerOptions, method, steps, spacing, t_first, corrections, tau, churn)
}  // namespace foehn::diffusion
namespace foehn::trajectory {
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Strides, noisy, clear)
}

namespace foehn::job {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Solving, covariance, solver)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Windows, markov_order, strides)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CheckpointSchedule, folder, every_minutes, every_steps)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Plan, prior_digest, period, observations, observation_std, guidance,
                                   solving, gamma, sampler, visits_float64, windows, gaussian_windows, batch,
                                   precision, seed, members, ranks_per_member, chunk_hours, checkpoints,
                                   identity)

std::filesystem::path CheckpointSchedule::folder_of(std::int64_t member) const {
  return std::filesystem::path(folder) / fmt::format("member_{:03}", member);
}

trajectory::SlabPartition Plan::partition() const {
  const int ranks = static_cast<int>(ranks_per_member);
  if (observations.empty()) return {period.hours, ranks};
  return {period.hours, ranks, conditioning::slab_borders(observations, period.hours)};
}

std::string serialise(const Plan& plan) {
  std::string bytes;
  nlohmann::json::to_cbor(nlohmann::json(plan), bytes);
  return bytes;
}

Plan parse_plan(const std::string& bytes) {
  return nlohmann::json::from_cbor(bytes).get<Plan>();
}

}  // namespace foehn::job
