#pragma once

#include <cstdint>
#include <deque>
#include <vector>

#include "evaluation/hour_fields.hpp"
#include "evaluation/local_climate.hpp"
#include "evaluation/sums.hpp"

namespace foehn::evaluation {

/// How variables, neighbouring cells and hours vary together, over a block of hours: energy and variogram
/// scores of small tiles, and correlations and joint tails of pairs of variables. Fields are standardised by
/// cell.
class JointScoring {
 public:
  /// @param sources, climate  outlive this
  JointScoring(const Sources& sources, const LocalClimate& climate);

  /// Adds the next hour; the first of a block have no hours before them, and tiles are scored once they do.
  void add(std::int64_t hour, const HourFields& fields);
  const JointSums& sums() const { return sums_; }

 private:
  /// Standardised fields of the truth, then of each member, [variable, cell].
  std::vector<std::vector<double>> standardised(const HourFields& fields) const;
  /// @param high  what a tail lies above, [variable, cell]
  void add_pairs(const HourFields& fields, const std::vector<std::vector<double>>& standardised,
                 const std::vector<double>& high);
  void score_tiles();

  const Sources& sources_;
  const LocalClimate& climate_;
  std::size_t cells_;
  std::vector<std::vector<std::size_t>> tiles_;  ///< places in [variable, cell] of each tile's values
  std::vector<std::size_t> lags_;                ///< steps
  std::int64_t every_;                           ///< steps from one scored hour to the next
  /// [hour][truth, members...][tile, value]; the latest hour last.
  std::deque<std::vector<std::vector<double>>> recent_;
  JointSums sums_;
};

}  // namespace foehn::evaluation
