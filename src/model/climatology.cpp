#include "foehn/model/climatology.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

#include "foehn/observation/block_mean.hpp"

namespace foehn::model {

namespace {

constexpr std::int64_t kMostOfAYearSeconds = 330 * calendar::kSecondsPerDay;
constexpr int kMostOrders = 2;

at::Tensor harmonic_sum(const std::vector<Harmonic>& harmonics, std::int64_t seconds,
                        calendar::Calendar calendar) {
  std::vector<double> values;
  for (const Harmonic& harmonic : harmonics) values.push_back(harmonic.value(seconds, calendar));
  return at::tensor(values, at::kDouble);
}

}  // namespace

double Harmonic::value(std::int64_t seconds, calendar::Calendar calendar) const {
  double fraction = 0;
  if (cycle == Cycle::day) {
    const std::int64_t of_day =
        ((seconds % calendar::kSecondsPerDay) + calendar::kSecondsPerDay) % calendar::kSecondsPerDay;
    fraction = static_cast<double>(of_day) / static_cast<double>(calendar::kSecondsPerDay);
  } else if (cycle == Cycle::year) {
    fraction = calendar::year_fraction(seconds, calendar);
  }
  const double angle = 2 * std::numbers::pi * order * fraction;
  return is_sine ? std::sin(angle) : std::cos(angle);
}

std::vector<Harmonic> harmonics_for(std::int64_t step_seconds, std::int64_t record_seconds) {
  std::vector<Harmonic> harmonics{{Harmonic::Cycle::constant, 0, false}};
  const auto add = [&](Harmonic::Cycle cycle, std::int64_t orders) {
    for (int order = 1; order <= std::min<std::int64_t>(orders, kMostOrders); ++order) {
      harmonics.push_back({cycle, order, false});
      harmonics.push_back({cycle, order, true});
    }
  };
  // Below the Nyquist frequency of the samples, which must fall at fixed times of the day; at least two days
  // of them.
  if (step_seconds > 0 && calendar::kSecondsPerDay % step_seconds == 0 &&
      record_seconds >= 2 * calendar::kSecondsPerDay)
    add(Harmonic::Cycle::day, (calendar::kSecondsPerDay / step_seconds - 1) / 2);
  if (record_seconds >= kMostOfAYearSeconds) add(Harmonic::Cycle::year, kMostOrders);
  return harmonics;
}

bool has_daily_cycle(const std::vector<Harmonic>& harmonics) {
  return std::ranges::any_of(harmonics,
                             [](const Harmonic& harmonic) { return harmonic.cycle == Harmonic::Cycle::day; });
}

Climatology::Climatology(std::vector<Harmonic> harmonics, at::Tensor coefficients)
    : harmonics_(std::move(harmonics)), coefficients_(std::move(coefficients)) {}

at::Tensor Climatology::at(std::int64_t seconds, calendar::Calendar calendar) const {
  at::Tensor field = coefficients_.select(0, 0) * harmonics_[0].value(seconds, calendar);
  for (std::size_t i = 1; i < harmonics_.size(); ++i)
    field.add_(coefficients_.select(0, static_cast<std::int64_t>(i)) *
               harmonics_[i].value(seconds, calendar));
  return field;
}

at::Tensor Climatology::daily_cycle(std::int64_t seconds, calendar::Calendar calendar) const {
  at::Tensor field = at::zeros_like(coefficients_.select(0, 0));
  for (std::size_t i = 0; i < harmonics_.size(); ++i)
    if (harmonics_[i].cycle == Harmonic::Cycle::day)
      field.add_(coefficients_.select(0, static_cast<std::int64_t>(i)) *
                 harmonics_[i].value(seconds, calendar));
  return field;
}

Climatology Climatology::block_mean(std::int64_t block) const {
  const observation::BlockMean mean(block);
  std::vector<at::Tensor> means;
  for (const at::Tensor& coefficient : coefficients_.unbind(0)) means.push_back(mean.apply(coefficient));
  return Climatology(harmonics_, at::stack(means));
}

ClimatologyEstimator::ClimatologyEstimator(std::vector<Harmonic> harmonics,
                                           const std::vector<std::int64_t>& shape)
    : harmonics_(std::move(harmonics)) {
  const auto count = static_cast<std::int64_t>(harmonics_.size());
  normal_matrix_ = at::zeros({count, count}, at::kDouble);
  right_hand_side_ = at::zeros({count, shape[0], shape[1], shape[2]}, at::kDouble);
}

void ClimatologyEstimator::add(const at::Tensor& fields, std::int64_t seconds, calendar::Calendar calendar) {
  const at::Tensor values = harmonic_sum(harmonics_, seconds, calendar);
  normal_matrix_.add_(at::outer(values, values));
  right_hand_side_.addcmul_(values.reshape({-1, 1, 1, 1}), fields.to(at::kDouble).unsqueeze(0));
}

Climatology ClimatologyEstimator::estimate() const {
  const at::Tensor solution = at::linalg_solve(normal_matrix_, right_hand_side_.flatten(1));
  return Climatology(harmonics_, solution.reshape(right_hand_side_.sizes()));
}

Climatology ClimatologyEstimator::estimate_without(const std::vector<ClimatologyEstimator>& parts,
                                                   std::size_t left_out) {
  ClimatologyEstimator sum = parts.front();
  sum.normal_matrix_ = at::zeros_like(sum.normal_matrix_);
  sum.right_hand_side_ = at::zeros_like(sum.right_hand_side_);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i == left_out) continue;
    sum.normal_matrix_.add_(parts[i].normal_matrix_);
    sum.right_hand_side_.add_(parts[i].right_hand_side_);
  }
  return sum.estimate();
}

}  // namespace foehn::model
