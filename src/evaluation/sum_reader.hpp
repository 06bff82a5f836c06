#pragma once

#include <span>
#include <vector>

#include "evaluation/sums.hpp"
#include "evaluation/trajectory_summary.hpp"

namespace foehn::evaluation {

/// Reads sums of a trajectory, of some of its blocks of hours or of all, in the order in which they were
/// appended.
class SumReader {
 public:
  explicit SumReader(std::span<const double> sums) : rest_(sums) {}

  double next() {
    const double number = rest_.front();
    rest_ = rest_.subspan(1);
    return number;
  }
  template <class Sums>
  Sums next() {
    Sums sums;
    visit_numbers(sums, [&](auto& number) { number = static_cast<std::decay_t<decltype(number)>>(next()); });
    return sums;
  }

 private:
  std::span<const double> rest_;
};

/// Adds the statistics that follow from the sums of what was gathered so far: append_sums() writes them,
/// finish_sums() reads them.
template <class Statistics>
void finish_own_sums(const Statistics& statistics, TrajectorySummary& summary) {
  std::vector<double> sums;
  statistics.append_sums(sums);
  SumReader reader(sums);
  statistics.finish_sums(reader, summary);
}

}  // namespace foehn::evaluation
