#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "foehn/job/plan.hpp"
#include "foehn/job/self_check.hpp"
#include "foehn/model/domain.hpp"
#include "packed_hours.hpp"

namespace foehn::job {

/// Gathers what SelfCheck says of range, jumps and spread, from what ranks say of each hour of the members on
/// their way to their files. Of the root alone; its memory does not grow with the members.
class FieldCheck {
 public:
  /// All outlive this.
  FieldCheck(const Plan& plan, const model::Domain& domain);

  /// What is known of a member so far.
  class Member;
  Member new_member() const;
  /// Adds the next hours of a member. @param facts  [hour, variable]
  void add(Member& member, std::span<const HourFacts> facts) const;
  /// Counts a member that is written.
  void take(const Member& member);

  std::int64_t members() const { return members_; }
  /// One per variable.
  std::vector<VariableCheck> finish() const;

 private:
  /// Sums of changes from the hour before, and of their squares.
  struct Changes {
    double count = 0, sum = 0, squares = 0;
    void add(const Changes& others);
    double variance() const { return squares / count - (sum / count) * (sum / count); }
  };
  /// Of one variable.
  struct Sums {
    double values = 0, beyond = 0;
    double lowest = std::numeric_limits<double>::infinity(), highest = -lowest;
    Changes observed, unobserved, at_windows, within_windows;
  };

  std::optional<double> spread(std::size_t variable, bool at_observed) const;
  bool is_observed(std::size_t variable, std::int64_t hour) const {
    return is_observed_[variable][static_cast<std::size_t>(hour)];
  }

  const Plan& plan_;
  std::size_t variables_, cells_;
  std::vector<std::vector<bool>> is_observed_;  ///< [variable][hour]
  std::int64_t stride_;                         ///< of the windows that the last steps take
  std::int64_t members_ = 0;
  std::vector<Sums> sums_;
  std::vector<float> first_;               ///< the first member's points
  std::vector<double> offsets_, squares_;  ///< of the others' differences from it
};

class FieldCheck::Member {
 private:
  friend class FieldCheck;
  std::vector<Sums> variables;
  std::vector<float> points;  ///< [hour, variable, point]
  std::int64_t hours = 0;
};

}  // namespace foehn::job
