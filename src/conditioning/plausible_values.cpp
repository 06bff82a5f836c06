#include "foehn/conditioning/plausible_values.hpp"

#include <ATen/ATen.h>

namespace foehn::conditioning {

std::vector<ingestion::PlausibleRange> plausible_ranges(const model::Domain& domain) {
  constexpr auto kLevels = model::Domain::kQuantileLevels.size();
  const observation::Transforms& transforms = domain.normalisation.transforms();
  std::vector<ingestion::PlausibleRange> ranges;
  for (std::size_t i = 0; i < domain.variables.size(); ++i) {
    const double* quantiles = domain.quantiles.data_ptr<double>() + i * kLevels;
    ranges.push_back({domain.variables[i], quantiles[0], quantiles[kLevels - 1]});
    if (transforms.empty()) continue;
    ranges.back().lowest = transforms[i].lowest() - transforms[i].tolerance();
    ranges.back().highest = transforms[i].highest() + transforms[i].tolerance();
    ranges.back().bounds = transforms[i].bounds_text();
  }
  return ranges;
}

at::Tensor normalised_limits(const model::Domain& domain) {
  const at::Tensor quantiles = observation::apply(domain.normalisation.transforms(), domain.quantiles);
  const at::Tensor widths = quantiles.select(1, -1) - quantiles.select(1, 0);
  const at::Tensor limits =
      ((ingestion::kMostRangesBeyond + 1) * widths / domain.normalisation.scale()).reshape({-1, 1, 1});
  const model::Deviation* deviation = domain.normalisation.deviation();
  return deviation != nullptr ? limits / deviation->least() : limits;
}

ingestion::FineDomain fine_domain(const model::Domain& domain, const std::filesystem::path& file) {
  return {domain.variables, domain.grid, domain.step_seconds, plausible_ranges(domain), file};
}

}  // namespace foehn::conditioning
