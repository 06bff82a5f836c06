#include "foehn/job/plan.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "foehn/core/digest.hpp"

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
void add_intervals(nlohmann::json& json, const std::vector<observation::Interval>& intervals) {
  std::vector<std::int64_t> first, last;
  for (const observation::Interval& interval : intervals) {
    first.push_back(interval.first);
    last.push_back(interval.last);
  }
  json["first"] = first;
  json["last"] = last;
}

std::vector<observation::Interval> intervals_of(const nlohmann::json& json) {
  const auto first = json.at("first").get<std::vector<std::int64_t>>(),
             last = json.at("last").get<std::vector<std::int64_t>>();
  std::vector<observation::Interval> intervals;
  for (std::size_t i = 0; i < first.size(); ++i) intervals.push_back({first[i], last.at(i)});
  return intervals;
}

void to_json(nlohmann::json& json, const Placement& placement) {
  json = {{"variables", placement.variables}, {"block", placement.block}, {"period", placement.period}};
  add_intervals(json, placement.intervals);
}

void from_json(const nlohmann::json& json, Placement& placement) {
  json.at("variables").get_to(placement.variables);
  json.at("block").get_to(placement.block);
  json.at("period").get_to(placement.period);
  placement.intervals = intervals_of(json);
}

void to_json(nlohmann::json& json, const PointPlacement& placement) {
  json = {{"name", placement.name},         {"variable", placement.variable},
          {"sampling", placement.sampling}, {"points", placement.points},
          {"count", placement.count},       {"least_std", placement.least_std},
          {"most_std", placement.most_std}, {"are_cells", placement.are_cells},
          {"bias_std", placement.bias_std}, {"correlation_hours", placement.correlation_hours}};
  add_intervals(json, placement.intervals);
}

void from_json(const nlohmann::json& json, PointPlacement& placement) {
  json.at("name").get_to(placement.name);
  json.at("variable").get_to(placement.variable);
  json.at("sampling").get_to(placement.sampling);
  json.at("points").get_to(placement.points);
  json.at("count").get_to(placement.count);
  json.at("least_std").get_to(placement.least_std);
  json.at("most_std").get_to(placement.most_std);
  json.at("are_cells").get_to(placement.are_cells);
  json.at("bias_std").get_to(placement.bias_std);
  json.at("correlation_hours").get_to(placement.correlation_hours);
  placement.intervals = intervals_of(json);
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
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Driver, label, identity)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(OutputForm, chunk_hours, compression, significant_digits,
                                   has_geographic_winds, holds_members, file_starts)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Plan, prior_digest, period, observations, points, coarse, withheld,
                                   observation_std, guidance, solving, gamma, sampler, visits_float64,
                                   windows, gaussian_windows, batch, precision, seed, drivers, members,
                                   ranks_per_member, output, checkpoints, identity)

std::string Plan::describe_member(std::int64_t member) const {
  const std::string& label = drivers[driver_of(member)].label;
  return label.empty() ? fmt::format("{}", member) : fmt::format("{} of {}", index_of(member), label);
}

std::string Plan::name_of(std::int64_t member) const {
  const std::string& label = drivers[driver_of(member)].label;
  return label.empty() ? fmt::format("member_{:03}", member)
                       : fmt::format("member_{}_{:03}", label, index_of(member));
}

std::uint64_t Plan::seed_of(std::int64_t member) const {
  const std::string& label = drivers[driver_of(member)].label;
  if (label.empty()) return static_cast<std::uint64_t>(seed);
  constexpr std::size_t kDigits = 16;
  return std::stoull(core::sha256(fmt::format("{} {}", seed, label)).substr(0, kDigits), nullptr, 16);
}

std::filesystem::path Plan::checkpoint_folder_of(std::int64_t member) const {
  return std::filesystem::path(checkpoints.folder) / name_of(member);
}

trajectory::SlabPartition Plan::partition() const {
  const int ranks = static_cast<int>(ranks_per_member);
  if (observations.empty() && points.empty()) return {period.hours, ranks};
  std::vector<conditioning::PointPlacement> all = points;
  all.insert(all.end(), withheld.begin(), withheld.end());
  return {period.hours, ranks, conditioning::slab_borders(observations, period.hours, all)};
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
