#include "foehn/bench/step_timing.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <optional>
#include <span>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/device/waiting.hpp"
#include "foehn/diffusion/guidance.hpp"
#include "foehn/diffusion/noise.hpp"
#include "foehn/diffusion/sampler.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/observation/block_mean_operator.hpp"
#include "foehn/trajectory/composed_denoiser.hpp"

namespace foehn::bench {

namespace {

constexpr std::int64_t kWarmUpSteps = 2, kTimedSteps = 4, kBlock = 8;

double seconds_of(const c10::Device& device, const std::function<void()>& work) {
  device::wait_for(device);
  const auto start = std::chrono::steady_clock::now();
  work();
  device::wait_for(device);
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// A denoiser of windows whose calls are timed.
class TimedWindows : public diffusion::WindowDenoiser {
 public:
  TimedWindows(diffusion::WindowDenoiser& within, const c10::Device& device)
      : within_(within), device_(device) {}
  CallTally estimates, products;

  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override {
    return timed(estimates, noisy, [&] { return within_.noise_estimate(noisy, level); });
  }
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    return timed(products, noisy, [&] { return within_.noise_vjp(noisy, level, cotangent); });
  }
  bool is_linear() const override { return within_.is_linear(); }
  bool needs_full_batches() const override { return within_.needs_full_batches(); }

 private:
  at::Tensor timed(CallTally& tally, const diffusion::Windows& noisy,
                   const std::function<at::Tensor()>& call) const {
    at::Tensor result;
    tally.seconds += seconds_of(device_, [&] { result = call(); });
    ++tally.calls;
    tally.windows += static_cast<std::int64_t>(noisy.first_hours.size());
    return result;
  }

  diffusion::WindowDenoiser& within_;
  c10::Device device_;
};

/// A timed denoiser composed over slabs, whose passes are counted.
class TimedTrajectory : public diffusion::DifferentiableTrajectoryDenoiser {
 public:
  TimedTrajectory(diffusion::WindowDenoiser& within, std::int64_t markov_order, comm::Transport& transport,
                  const trajectory::SlabPartition& partition, std::int64_t batch, const c10::Device& device)
      : windows_(within, device),
        composed_(windows_, transport, partition, {partition.hours(), markov_order, 1}, batch) {}

  at::Tensor noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) override {
    ++windows_.estimates.passes;
    return composed_.noise_estimate(noisy, level);
  }
  at::Tensor noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override {
    ++windows_.products.passes;
    return composed_.noise_vjp(noisy, level, cotangent);
  }
  const CallTally& estimates() const { return windows_.estimates; }
  const CallTally& products() const { return windows_.products; }
  void start_over() {
    windows_.estimates = windows_.products = {};
    sent_before_ = composed_.work().traffic.sent_bytes;
  }
  double sent_bytes() const {
    return static_cast<double>(composed_.work().traffic.sent_bytes - sent_before_);
  }

 private:
  TimedWindows windows_;
  trajectory::ComposedDenoiser composed_;
  std::int64_t sent_before_ = 0;
};

std::int64_t block_of(const std::vector<std::int64_t>& hour) {
  std::int64_t block = kBlock;
  while (hour[1] % block != 0 || hour[2] % block != 0) block /= 2;
  return block;
}

observation::Observations observations_of(const std::vector<std::int64_t>& hour, const trajectory::Slab& mine,
                                          const at::TensorOptions& tensors) {
  const std::int64_t block = block_of(hour);
  observation::BlockMeanOperator::Layout layout{{}, observation::BlockMean(block), {}, {}};
  for (std::int64_t variable = 0; variable < hour[0]; ++variable) layout.variables.push_back(variable);
  for (std::int64_t first = mine.first; first < mine.last; ++first)
    if (first % kTimedPeriod == 0) layout.intervals.push_back({first - mine.first, first + 1 - mine.first});
  const auto count = static_cast<std::int64_t>(layout.intervals.size());
  observation::Observations sets;
  sets.emplace_back(std::make_shared<observation::BlockMeanOperator>(std::move(layout)),
                    at::full({count, hour[0], hour[1] / block, hour[2] / block}, 0.3, tensors),
                    at::full({hour[0], 1, 1}, 0.01, tensors));
  return sets;
}

/// The median of some calls, in seconds, all ranks beginning together.
double median_seconds(const comm::Communicator& ranks, const c10::Device& device,
                      const std::function<void()>& work) {
  constexpr std::size_t kRepeats = 21;
  work();
  std::vector<double> seconds;
  while (seconds.size() < kRepeats) {
    ranks.any(false);
    seconds.push_back(seconds_of(device, work));
  }
  std::nth_element(seconds.begin(), seconds.begin() + kRepeats / 2, seconds.end());
  return seconds[kRepeats / 2];
}

Passes passes_of(const CallTally& tally, double steps, std::int64_t batch, std::int64_t every,
                 std::int64_t border, bool is_padded) {
  if (tally.calls == 0) return {};
  const auto calls = is_padded ? static_cast<double>(tally.calls)
                               : static_cast<double>(tally.windows) / static_cast<double>(batch);
  return {.per_step = static_cast<double>(tally.passes) / steps,
          .every = every,
          .batch = batch,
          .border = border,
          .is_padded = is_padded,
          .seconds_per_call = tally.seconds / calls};
}

}  // namespace

StepTiming time_steps(const Subject& subject, comm::Transport& transport, std::int64_t hours,
                      std::int64_t batch, const c10::Device& device) {
  const at::NoGradGuard no_gradients;
  const comm::Communicator& team = transport.ranks();
  const trajectory::SlabPartition partition(hours, team.size(), 0, kTimedPeriod);
  const trajectory::Slab mine = partition.slab(team.rank());
  const at::TensorOptions tensors = at::TensorOptions(at::kFloat).device(device);
  TimedTrajectory prior(*subject.denoiser, subject.markov_order, transport, partition, batch, device);
  std::optional<TimedTrajectory> gaussian;
  if (subject.gaussian && subject.gaussian != subject.denoiser)
    gaussian.emplace(*subject.gaussian, subject.gaussian_order, transport, partition, batch, device);

  StepTiming timing{.steps = kTimedSteps};
  diffusion::Surroundings surroundings;
  surroundings.fill_noise = [&](at::Tensor& slab, std::uint32_t draw) {
    diffusion::fill_noise({.seed = 1, .draw = draw}, mine.first, slab);
  };
  surroundings.ordered_sum = [&](std::span<const double> per_hour) {
    ++timing.sums;
    return team.ordered_sum(per_hour);
  };
  surroundings.trajectory_values = hours * subject.hour[0] * subject.hour[1] * subject.hour[2];
  surroundings.pass_done = [](const diffusion::SamplerState&) { return true; };
  const auto covariance = subject.gaussian ? job::Covariance::gaussian : job::Covariance::network;
  diffusion::MmpsGuidance guided(
      prior, observations_of(subject.hour, mine, tensors),
      {.solver = {.steps = job::calibrated_steps(covariance), .tolerance = {}},
       .covariance =
           gaussian ? static_cast<diffusion::DifferentiableTrajectoryDenoiser*>(&*gaussian) : &prior,
       .ordered_sum = surroundings.ordered_sum});
  const at::Tensor slab =
      at::empty({mine.size(), subject.hour[0], subject.hour[1], subject.hour[2]}, tensors);
  const auto take = [&](std::int64_t steps) {
    diffusion::SamplerState state{.slab = slab};
    diffusion::SamplerOptions sampler{.steps = steps};
    if (subject.schedule.vp_cosine() != nullptr) sampler.t_first = job::kGuidedFrom;
    diffusion::sample(guided, subject.schedule, sampler, surroundings, state);
  };
  take(kWarmUpSteps);
  prior.start_over();
  if (gaussian) gaussian->start_over();
  timing.sums = 0;
  team.any(false);  // all begin together
  timing.seconds = seconds_of(device,
                              [&] {
                                take(kTimedSteps);
                                team.any(false);
                              }) /
                   kTimedSteps;
  timing.estimates = prior.estimates();
  timing.products = prior.products();
  timing.sums /= kTimedSteps;
  timing.sent_bytes = prior.sent_bytes() / kTimedSteps;
  if (gaussian) {
    timing.gaussian_products = gaussian->products();
    timing.sent_bytes += gaussian->sent_bytes() / kTimedSteps;
  }
  return timing;
}

StepParts parts_of(const Subject& subject, std::int64_t batch, const StepTiming& few, std::int64_t few_hours,
                   const StepTiming& more, std::int64_t more_hours) {
  StepParts parts{.period = kTimedPeriod};
  const bool has_own_gaussian = more.gaussian_products.calls > 0;
  const std::int64_t order = has_own_gaussian ? subject.gaussian_order : subject.markov_order;
  const CallTally& products = has_own_gaussian ? more.gaussian_products : more.products;
  const diffusion::WindowDenoiser& multiplied = has_own_gaussian ? *subject.gaussian : *subject.denoiser;
  parts.passes = {passes_of(more.estimates, more.steps, batch, 1, 0, subject.denoiser->needs_full_batches()),
                  passes_of(products, more.steps, batch, kTimedPeriod, 2 * order / kTimedPeriod,
                            multiplied.needs_full_batches())};
  const double few_outside = few.seconds - few.in_denoisers(),
               more_outside = more.seconds - more.in_denoisers();
  parts.hour_seconds =
      std::max(0.0, (more_outside - few_outside) / static_cast<double>(more_hours - few_hours));
  parts.fixed_seconds = std::max(0.0, few_outside - parts.hour_seconds * static_cast<double>(few_hours));

  // An estimate fetches k hours on either side. A product asks which rows of gradients will come, and sends
  // those of windows that are observed, as many as reach beyond the slab: k of one at its end, one less of
  // each further in. Slabs begin with an observed hour, and end kTimedPeriod - 1 hours after one.
  const double estimates = parts.passes[0].per_step, multiplications = parts.passes[1].per_step;
  std::int64_t before = 0, behind = 0;
  for (std::int64_t depth = 0; depth < order; depth += kTimedPeriod) before += order - depth;
  for (std::int64_t depth = kTimedPeriod - 1; depth < order; depth += kTimedPeriod) behind += order - depth;
  const auto sent = [&](std::int64_t sides, std::int64_t gradients) {
    return static_cast<double>(subject.hour[0] * subject.hour[1] * subject.hour[2]) * sizeof(float) *
           (static_cast<double>(sides * subject.markov_order) * estimates +
            static_cast<double>(gradients) * multiplications);
  };
  parts.messages = estimates + 2 * multiplications;
  parts.bytes = sent(2, before + behind);
  parts.end_bytes = sent(1, before);
  parts.sums = more.sums;
  return parts;
}

LinkSpeed time_link(const Subject& subject, comm::Transport& transport, const c10::Device& device) {
  constexpr std::int64_t kLeastValues = 1 << 18, kSummed = 1 << 12;
  const comm::Communicator& ranks = transport.ranks();
  const int next = (ranks.rank() + 1) % ranks.size(), last = (ranks.rank() + ranks.size() - 1) % ranks.size();
  const auto carried = [&](std::int64_t rows, std::int64_t values) {
    const at::Tensor out = at::zeros({rows, values}, at::TensorOptions(at::kFloat).device(device)),
                     in = at::empty_like(out);
    return median_seconds(ranks, device, [&] { transport.start({{next, out}}, {{last, in}})->finish(); });
  };
  const std::int64_t values = subject.hour[0] * subject.hour[1] * subject.hour[2];
  const std::int64_t rows = std::max(subject.markov_order, kLeastValues / values + 1);
  const double empty = carried(1, 1), full = carried(rows, values);
  const auto summed = [&](std::int64_t count) {
    const std::vector<double> mine(static_cast<std::size_t>(count), 1.0);
    return median_seconds(ranks, c10::kCPU, [&] { ranks.ordered_sum(mine); });
  };
  const double one = summed(1), many = summed(kSummed);
  return {
      .message_seconds = empty,
      .bytes_per_second = static_cast<double>(rows * values) * sizeof(float) / std::max(full - empty, 1e-9),
      .sum_seconds = one / std::log2(static_cast<double>(ranks.size())),
      .sum_hour_seconds = std::max(0.0, many - one) / static_cast<double>(kSummed * ranks.size())};
}

}  // namespace foehn::bench
