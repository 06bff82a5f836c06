#include "member_sampling.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <set>
#include <string>

#include "foehn/conditioning/plausible_values.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "foehn/device/waiting.hpp"
#include "foehn/diffusion/divergence.hpp"
#include "foehn/diffusion/noise.hpp"

namespace foehn::job {

namespace {

using Clock = std::chrono::steady_clock;

/// Normalised values of weather are a few units large, of noise a few times its standard deviation; a poor
/// prior may lead far astray on the way.
constexpr double kRunaway = 1e5;

checkpoint::Snapshot snapshot_of(const diffusion::SamplerState& state, const Plan& plan) {
  // Numbered by passes. Numbers as hexadecimal text, so that what is read is what was written.
  checkpoint::Snapshot snapshot{
      state.step * diffusion::passes_per_step(plan.sampler) + state.pass,
      {{"draw", std::to_string(state.draw)}, {"previous_h", fmt::format("{:a}", state.previous_h)}},
      {{"slab", state.slab}}};
  if (state.previous.defined()) snapshot.fields["previous"] = state.previous;
  return snapshot;
}

/// The state that snapshot_of has made a snapshot of; refuses all else.
diffusion::SamplerState state_of(const checkpoint::Snapshot& snapshot, const Plan& plan) {
  const std::int64_t per_step = diffusion::passes_per_step(plan.sampler);
  const std::int64_t passes = plan.sampler.steps * per_step;
  if (snapshot.step > passes)
    throw core::Error(
        fmt::format("the checkpoint is at pass {}, but the run has only {}", snapshot.step, passes));
  const auto number = [&](const char* name, auto parse) {
    const auto fact = snapshot.facts.find(name);
    char* end = nullptr;
    if (fact != snapshot.facts.end() && !fact->second.empty()) {
      const auto value = parse(fact->second.c_str(), &end);
      if (*end == '\0') return value;
    }
    throw core::Error(fmt::format("fact '{}': found {}, expected a number", name,
                                  fact == snapshot.facts.end() ? "none" : "'" + fact->second + "'"));
  };
  diffusion::SamplerState state;
  state.step = snapshot.step / per_step;
  state.pass = snapshot.step % per_step;
  state.draw = static_cast<std::uint32_t>(
      number("draw", [](const char* text, char** end) { return std::strtoul(text, end, 10); }));
  state.previous_h =
      number("previous_h", [](const char* text, char** end) { return std::strtod(text, end); });
  const bool is_halfway = plan.sampler.method == diffusion::Method::heun && state.pass == 1;
  const bool looks_back = state.previous_h != 0 || is_halfway;
  std::set<std::string> expected{"slab"}, found;
  if (looks_back) expected.insert("previous");
  for (const auto& [name, field] : snapshot.fields) found.insert(name);
  if (found != expected)
    throw core::Error(
        fmt::format("fields {}, expected {}", fmt::join(found, ", "), fmt::join(expected, ", ")));
  state.slab = snapshot.fields.at("slab");
  if (looks_back) state.previous = snapshot.fields.at("previous");
  return state;
}

/// Decides when the next checkpoint is due; the root's clock counts.
class Schedule {
 public:
  Schedule(double minutes, std::int64_t steps) : minutes_(minutes), steps_(steps) {}
  bool is_due(const diffusion::SamplerState& state) const {
    const double passed = std::chrono::duration<double, std::ratio<60>>(Clock::now() - last_).count();
    return (steps_ > 0 && state.pass == 0 && state.step % steps_ == 0) ||
           (minutes_ > 0 && passed >= minutes_);
  }
  void written() { last_ = Clock::now(); }

 private:
  double minutes_;
  std::int64_t steps_;
  Clock::time_point last_ = Clock::now();
};

}  // namespace

void MemberSampling::check_values(const diffusion::SamplerState& state, std::int64_t member) const {
  if (state.slab.numel() == 0) return;
  const Plan& plan = tools_.plan;
  const model::Domain& domain = tools_.prior.domain;
  const bool is_last = state.step == plan.sampler.steps;
  const auto variables = static_cast<std::int64_t>(domain.variables.size());
  const at::Tensor limits =
      is_last ? conditioning::normalised_limits(domain)
              : at::full({}, kRunaway * std::max(1.0, tools_.prior.schedule.noisiest().sigma), at::kDouble);
  // Of every cell, [variable, ...]; NaN where there is one.
  const at::Tensor greatest =
      device::to_host(at::maximum(state.slab.amin(0).abs(), state.slab.amax(0).abs())).to(at::kDouble);
  if ((greatest <= limits).all().item<bool>()) return;
  for (std::int64_t i = 0; i < state.slab.size(0); ++i) {
    const at::Tensor is_sound_then =
        (device::to_host(state.slab[i].abs()).to(at::kDouble) <= limits).flatten(1).all(1);
    for (std::int64_t variable = 0; variable < variables; ++variable) {
      if (is_sound_then[variable].item<bool>()) continue;
      const bool is_sda =
          tools_.plan.guidance == Guidance::sda || tools_.plan.guidance == Guidance::sda_exact;
      throw core::Error(fmt::format(
          "{}: member {}, step {} of {}, {}, variable {}: a value is not finite or {}; use "
          "more sampler.steps{}{} or a smaller sampler.stride",
          diffusion::kDiverged, plan.describe_member(member), state.step, plan.sampler.steps,
          plan.period.date(hours_.first + i), domain.variables[static_cast<std::size_t>(variable)].name,
          is_last ? "far outside the prior's range" : "grows without bound",
          is_last && tools_.prior.network ? ", a prior trained longer" : "",
          is_sda ? ", a larger observation.gamma" : ""));
    }
  }
}

checkpoint::Store MemberSampling::checkpoints_of(std::int64_t member, const at::Tensor& slab) const {
  return {tools_.team.ranks, tools_.plan.checkpoint_folder_of(member), tools_.plan.identity_of(member),
          checkpoint::Form{.hours = tools_.plan.period.hours, .hour_shape = slab.sizes().slice(1).vec()},
          checkpoint::Hours{hours_.first, hours_.last}};
}

bool MemberSampling::draw(std::int64_t member, const Given& given, at::Tensor& slab) {
  const Plan& plan = tools_.plan;
  const comm::Communicator& ranks = tools_.team.ranks;
  const auto& domain = tools_.prior.domain;
  if (ranks.any(tools_.stop.is_requested())) return false;
  const core::Activity activity("member " + plan.describe_member(member));
  std::unique_ptr<core::Activity> at_step;
  checkpoint::Store store = checkpoints_of(member, slab);
  diffusion::SamplerState state{.slab = slab};
  const auto snapshot = store.load([&](const checkpoint::Snapshot& found) { state_of(found, plan); });
  if (snapshot) {
    state = state_of(*snapshot, plan);
    slab.copy_(state.slab);
    state.slab = slab;
    if (state.previous.defined()) state.previous = state.previous.to(slab.device());
    tools_.progress.advance_without_work(state.step);
    if (ranks.is_root())
      spdlog::info("member {} continues from step {}", plan.describe_member(member), state.step);
  }
  const auto say_step = [&](std::int64_t step) {
    // The next before this one ends: who asks in between hears of a step as well.
    at_step = std::make_unique<core::Activity>(
        fmt::format("step {} of {}", std::min(step + 1, plan.sampler.steps), plan.sampler.steps));
  };
  say_step(state.step);
  Schedule schedule(plan.checkpoints.every_minutes, plan.checkpoints.every_steps);
  const auto report = [&](checkpoint::Store::Progress progress) {
    if (progress == checkpoint::Store::Progress::failed && ranks.is_root())
      spdlog::warn("{}; sampling continues, and the previous checkpoint is kept", store.failure());
  };

  diffusion::Surroundings surroundings;
  surroundings.fill_noise = [&](at::Tensor& noise, std::uint32_t number) {
    diffusion::fill_noise({plan.seed_of(member), static_cast<std::uint32_t>(plan.index_of(member)), number},
                          hours_.first, noise);
  };
  surroundings.ordered_sum = tools_.ordered_sum;
  surroundings.expected = given.expected;
  surroundings.trajectory_values =
      plan.period.hours * static_cast<std::int64_t>(domain.variables.size()) * domain.grid.cells();
  surroundings.pass_done = [&](const diffusion::SamplerState& now) {
    if (now.pass == 0) {
      say_step(now.step);
      tools_.progress.advance();
      ++steps_taken_;
    }
    tools_.output.advance();
    ranks.agree([&] {
      check_values(now, member);
      tools_.output.check();
    });
    const bool is_last = now.step == plan.sampler.steps;
    // No checkpoint is on its way while the member is written, which may take long as well.
    if (store.is_writing()) report(store.publish(is_last));
    const bool stops = ranks.any(tools_.stop.is_requested());
    const bool is_due = ranks.any(ranks.is_root() && schedule.is_due(now));
    if (!stops && (!is_due || store.is_writing())) return true;
    if (store.is_writing()) report(store.publish(true));
    store.save(snapshot_of(now, plan));
    schedule.written();
    if (stops) {
      if (store.publish(true) == checkpoint::Store::Progress::failed)
        throw core::CollectiveError(ranks.scope(), store.failure());
      return false;
    }
    if (is_last) report(store.publish(true));
    return true;
  };
  return diffusion::sample(given.denoiser, tools_.prior.schedule, plan.sampler, surroundings, state);
}

void MemberSampling::keep(std::int64_t member, const at::Tensor& slab) {
  const Plan& plan = tools_.plan;
  const comm::Communicator& ranks = tools_.team.ranks;
  checkpoint::Store store = checkpoints_of(member, slab);
  store.save(snapshot_of({.slab = slab, .step = plan.sampler.steps}, plan));
  if (store.publish(true) == checkpoint::Store::Progress::failed)
    throw core::CollectiveError(ranks.scope(), store.failure());
}

}  // namespace foehn::job
