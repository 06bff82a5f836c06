#include "foehn/trajectory/window_plan.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"

namespace foehn::trajectory {

WindowPlan::WindowPlan(std::int64_t hours, std::int64_t markov_order, std::int64_t stride)
    : hours_(hours), markov_order_(markov_order), stride_(stride) {
  if (hours < window_hours())
    throw core::Error(
        fmt::format("the trajectory has too few hours for the prior's window: found {}, expected at least {} "
                    "(markov order {})",
                    hours, window_hours(), markov_order));
  if (stride < 1 || stride % 2 == 0 || stride > window_hours())
    throw core::Error(
        fmt::format("sampler.stride: expected an odd number from 1 to {} (the prior's window), found {}",
                    window_hours(), stride));
}

std::int64_t WindowPlan::centre(std::int64_t hour) const {
  return std::clamp(stride_ * (hour / stride_) + (stride_ - 1) / 2, markov_order_,
                    hours_ - 1 - markov_order_);
}

Strides automatic_strides(std::int64_t markov_order) {
  return {.noisy = 1, .clear = 2 * (markov_order / 2) + 1};
}

}  // namespace foehn::trajectory
