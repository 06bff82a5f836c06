#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "foehn/io/member_writer.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/job/self_check.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::job {

/// Watches members on their way to their files, hour by hour: gathers what SelfCheck says of range, jumps and
/// spread. Of the root alone; its memory does not grow with the members.
class FieldCheck {
 public:
  /// All outlive this.
  FieldCheck(const Plan& plan, const model::Domain& domain);

  /// A writer that looks at what it hands on; a member counts once it is committed.
  std::unique_ptr<io::MemberWriter> watch(std::unique_ptr<io::MemberWriter> writer);

  std::int64_t members() const { return members_; }
  /// One per variable.
  std::vector<VariableCheck> finish() const;

 private:
  /// Sums of changes from the hour before, and of their squares.
  struct Changes {
    double count = 0, sum = 0, squares = 0;
    void add(double change) {
      ++count;
      sum += change;
      squares += change * change;
    }
    void add(const Changes& others);
    double variance() const { return squares / count - (sum / count) * (sum / count); }
  };
  /// Of one variable.
  struct Sums {
    double values = 0, beyond = 0;
    Changes observed, unobserved, at_windows, within_windows;
  };
  /// Of one member, as far as it is known.
  struct Member {
    std::vector<Sums> variables;
    std::vector<float> hour_before;  ///< [variable, cell]
    std::vector<float> points;       ///< [hour, variable, point]
    std::int64_t hours = 0;
  };
  class Watcher;

  Member new_member() const;
  void add(Member& member, std::span<const float> values) const;
  void take(const Member& member);
  std::optional<double> spread(std::size_t variable, bool at_observed) const;
  bool is_observed(std::size_t variable, std::int64_t hour) const {
    return is_observed_[variable][static_cast<std::size_t>(hour)];
  }

  const Plan& plan_;
  std::size_t variables_, cells_;
  std::vector<double> lowest_, highest_;        ///< of the prior's data
  std::vector<std::vector<bool>> is_observed_;  ///< [variable][hour]
  std::int64_t stride_;                         ///< of the windows that the last steps take
  std::int64_t members_ = 0;
  std::vector<Sums> sums_;
  std::vector<float> first_;               ///< the first member's points
  std::vector<double> offsets_, squares_;  ///< of the others' differences from it
};

}  // namespace foehn::job
