#pragma once

#include <c10/core/Device.h>

#include <cstdint>

#include "foehn/bench/step_model.hpp"
#include "foehn/bench/subject.hpp"
#include "foehn/comm/transport.hpp"

namespace foehn::bench {

/// Hours between the observations of the steps that are timed.
inline constexpr std::int64_t kTimedPeriod = 6;

/// Calls of one pass of a denoiser, and how long they took.
struct CallTally {
  std::int64_t passes = 0, calls = 0, windows = 0;
  double seconds = 0;
};

/// Steps of `foehn sample` as this rank saw them; counts and seconds are per step.
struct StepTiming {
  double seconds = 0;
  double steps = 0;                         ///< that the tallies are of
  CallTally estimates = {}, products = {};  ///< of the prior
  CallTally gaussian_products = {};         ///< of a Gaussian part of its own
  double sums = 0;                          ///< over the team
  double sent_bytes = 0;

  double in_denoisers() const {
    return (estimates.seconds + products.seconds + gaussian_products.seconds) / steps;
  }
};

/// Times steps of `foehn sample` as it is by default: mmps, with snapshots of all variables every
/// kTimedPeriod hours, means over blocks of at most 8 x 8 cells.
/// @param transport  between the ranks that share the trajectory
/// @param hours      of the trajectory
/// @note Collective over the transport's ranks.
StepTiming time_steps(const Subject& subject, comm::Transport& transport, std::int64_t hours,
                      std::int64_t batch, const c10::Device& device);

/// The parts of a step, of timings of a rank alone with few hours and with more.
StepParts parts_of(const Subject& subject, std::int64_t batch, const StepTiming& few, std::int64_t few_hours,
                   const StepTiming& more, std::int64_t more_hours);

/// Times what travels between ranks, all of which talk to their neighbours at once, as when halos travel.
/// @param transport  between two ranks or more
/// @note Collective over the transport's ranks.
LinkSpeed time_link(const Subject& subject, comm::Transport& transport, const c10::Device& device);

}  // namespace foehn::bench
