#include "evaluation/cell_sums.hpp"

#include <cmath>

namespace foehn::evaluation {

std::vector<CellScores> cell_scores(const Results& what, const CellSums& sums) {
  const auto cells = static_cast<std::size_t>(what.grid.cells());
  const auto hours = static_cast<double>(what.hours);
  std::vector<CellScores> all;
  for (std::size_t variable = 0; variable < what.variables.size(); ++variable) {
    CellScores& scores = all.emplace_back();
    for (std::size_t cell = variable * cells; cell < (variable + 1) * cells; ++cell) {
      if (what.members > 1) scores.spread.push_back(std::sqrt(sums.variance[cell] / hours));
      if (!what.has_reference) continue;
      scores.bias.push_back(sums.error[cell] / hours);
      scores.rmse.push_back(std::sqrt(sums.squared[cell] / hours));
      if (what.members > 1) scores.fair_crps.push_back(sums.fair_crps[cell] / hours);
      scores.interpolation_mae.push_back(sums.interpolation[cell] / sums.interpolated[cell]);
    }
  }
  return all;
}

}  // namespace foehn::evaluation
