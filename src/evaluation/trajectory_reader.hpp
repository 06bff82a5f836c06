#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::evaluation {

/// Reads trajectories by themselves: the truth first where there is one, which others are compared with, then
/// the members, then the interpolated observations.
class TrajectoryReader {
 public:
  /// Both outlive this.
  TrajectoryReader(const Sources& sources, const VerifyOptions& options)
      : sources_(sources), options_(options) {}

  std::int64_t first_member() const { return sources_.reference ? 1 : 0; }
  std::int64_t interpolation() const {
    return first_member() + static_cast<std::int64_t>(sources_.members.size());
  }
  std::int64_t count() const { return interpolation() + 1; }
  bool is_truth(std::int64_t trajectory) const { return trajectory < first_member(); }

  /// Calls `use` with each hour that is scored, in order, and its fields, [variable, y, x].
  void read(std::int64_t trajectory,
            const std::function<void(std::int64_t hour, const std::vector<double>& fields)>& use) const;

 private:
  const io::FieldReader& member(std::int64_t trajectory) const {
    return sources_.members[static_cast<std::size_t>(trajectory - first_member())];
  }

  const Sources& sources_;
  const VerifyOptions& options_;
};

}  // namespace foehn::evaluation
