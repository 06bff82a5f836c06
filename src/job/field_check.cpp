#include "field_check.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>

namespace foehn::job {
namespace {

// Where spread is looked at: enough to tell its size, whatever the trajectory's length.
constexpr std::size_t kPoints = HourFacts::kPoints;
constexpr std::int64_t kMostCheckedHours = 4096;

std::optional<double> ratio(double one, double other) {
  return one > 0 && other > 0 ? std::optional(std::sqrt(one / other)) : std::nullopt;
}

}  // namespace

FieldCheck::FieldCheck(const Plan& plan, const model::Domain& domain)
    : plan_(plan),
      variables_(domain.variables.size()),
      cells_(static_cast<std::size_t>(domain.grid.cells())),
      is_observed_(variables_, std::vector<bool>(static_cast<std::size_t>(plan.period.hours), false)),
      stride_(plan.windows.strides.clear),
      sums_(variables_) {
  for (const conditioning::Placement& placement : plan.observations)
    for (const std::int64_t variable : placement.variables)
      for (const observation::Interval& interval : placement.intervals)
        is_observed_[static_cast<std::size_t>(variable)][static_cast<std::size_t>(interval.first)] = true;
}

FieldCheck::Member FieldCheck::new_member() const {
  Member member;
  member.variables.resize(variables_);
  return member;
}

void FieldCheck::Changes::add(const Changes& others) {
  count += others.count;
  sum += others.sum;
  squares += others.squares;
}

void FieldCheck::add(Member& member, std::span<const HourFacts> facts) const {
  const auto cells = static_cast<double>(cells_);
  for (; !facts.empty(); facts = facts.subspan(variables_), ++member.hours) {
    const std::int64_t hour = member.hours;
    for (std::size_t variable = 0; variable < variables_; ++variable) {
      Sums& sums = member.variables[variable];
      const HourFacts& found = facts[variable];
      sums.values += cells;
      sums.beyond += found.beyond;
      sums.lowest = std::min(sums.lowest, static_cast<double>(found.lowest));
      sums.highest = std::max(sums.highest, static_cast<double>(found.highest));
      const Changes changes{cells, found.sum, found.squares};
      if (hour > 0) (is_observed(variable, hour) ? sums.observed : sums.unobserved).add(changes);
      if (hour > 0) (hour % stride_ == 0 ? sums.at_windows : sums.within_windows).add(changes);
      if (hour < kMostCheckedHours)
        member.points.insert(member.points.end(), std::begin(found.points), std::end(found.points));
    }
  }
}

void FieldCheck::take(const Member& member) {
  for (std::size_t variable = 0; variable < variables_; ++variable) {
    Sums& sums = sums_[variable];
    const Sums& more = member.variables[variable];
    sums.values += more.values;
    sums.beyond += more.beyond;
    sums.lowest = std::min(sums.lowest, more.lowest);
    sums.highest = std::max(sums.highest, more.highest);
    sums.observed.add(more.observed);
    sums.unobserved.add(more.unobserved);
    sums.at_windows.add(more.at_windows);
    sums.within_windows.add(more.within_windows);
  }
  if (members_++ == 0) {
    first_ = member.points;
    offsets_.assign(first_.size(), 0);
    squares_.assign(first_.size(), 0);
    return;
  }
  for (std::size_t i = 0; i < first_.size(); ++i) {
    const double offset = static_cast<double>(member.points[i]) - static_cast<double>(first_[i]);
    offsets_[i] += offset;
    squares_[i] += offset * offset;
  }
}

std::optional<double> FieldCheck::spread(std::size_t variable, bool at_observed) const {
  // Members that different coarse members drive differ as those do, which is not for a prior to judge.
  if (members_ < 2 || plan_.drivers.size() > 1) return std::nullopt;
  const auto members = static_cast<double>(members_);
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < first_.size(); ++i) {
    const std::size_t of = i / kPoints % variables_;
    const auto hour = static_cast<std::int64_t>(i / kPoints / variables_);
    if (of != variable || is_observed(variable, hour) != at_observed) continue;
    sum += std::max(0.0, squares_[i] - offsets_[i] * offsets_[i] / members) / (members - 1);
    ++count;
  }
  return count > 0 ? std::optional(std::sqrt(sum / count)) : std::nullopt;
}

std::vector<VariableCheck> FieldCheck::finish() const {
  std::vector<VariableCheck> checks;
  for (std::size_t variable = 0; variable < variables_; ++variable) {
    const Sums& sums = sums_[variable];
    VariableCheck& check = checks.emplace_back();
    check.beyond_range = sums.values > 0 ? sums.beyond / sums.values : 0;
    check.lowest = sums.lowest;
    check.highest = sums.highest;
    check.jump_at_observations = ratio(sums.observed.variance(), sums.unobserved.variance());
    if (stride_ > 1)
      check.jump_at_windows = ratio(sums.at_windows.variance(), sums.within_windows.variance());
    check.spread_observed = spread(variable, true);
    check.spread_between = spread(variable, false);
  }
  return checks;
}

}  // namespace foehn::job
