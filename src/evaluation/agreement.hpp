#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "evaluation/sums.hpp"
#include "foehn/evaluation/sources.hpp"

namespace foehn::evaluation {

/// Block means of the members, over the hours that an observation covers, minus the observation, where it is
/// not missing. Hours are added in rising order; a mean over time begins and ends within them.
class Agreement {
 public:
  /// @param sources  outlives this
  /// @param std      unit of the differences, one per variable; empty: 1
  Agreement(const Sources& sources, const std::vector<double>& std);

  /// @param members  an hour's fields, each [variable, y, x]
  void add(std::int64_t hour, const std::vector<std::span<const float>>& members);
  /// One per variable; with a count of 0 if it is not observed.
  const std::vector<AgreementSums>& sums() const { return sums_; }

 private:
  void add_to(std::size_t series, std::int64_t hour, const std::vector<std::span<const float>>& members);

  const Sources& sources_;
  std::vector<double> std_;
  std::vector<AgreementSums> sums_;
  std::vector<std::vector<double>> means_;  // of each series: [member, its variable, block], so far
};

}  // namespace foehn::evaluation
