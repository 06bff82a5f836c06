#include "weights_builder.hpp"

#include <algorithm>

namespace foehn::grid {

double WeightsBuilder::sum() const {
  double sum = 0;
  for (const auto& [cell, weight] : links_) sum += weight;
  return sum;
}

void WeightsBuilder::finish_cell() {
  const double total = sum();
  std::sort(links_.begin(), links_.end());
  std::int64_t last_cell = -1;
  for (const auto& [cell, weight] : links_) {
    if (cell == last_cell) {
      weights_.weight.back() += weight / total;
    } else {
      weights_.source_cell.push_back(cell);
      weights_.weight.push_back(weight / total);
    }
    last_cell = cell;
  }
  weights_.first_link.push_back(static_cast<std::int64_t>(weights_.source_cell.size()));
  links_.clear();
}

}  // namespace foehn::grid
