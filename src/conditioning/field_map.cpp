#include "foehn/conditioning/field_map.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>
#include <vector>

namespace foehn::conditioning {

namespace {

/// How widely normalised values of a transformed variable spread, as its upper quantiles say: the lower ones
/// may all be an atom. Anomalies have unit size.
double normalised_spread(const model::Domain& domain, std::int64_t variable) {
  if (domain.normalisation.climatology() != nullptr) return 1;
  constexpr double kOf99 = 2.326;                         // of the standard normal distribution
  constexpr std::int64_t kLow = 1, kHalf = 4, kHigh = 7;  // of Domain::kQuantileLevels: 0.01, 0.5, 0.99
  const at::Tensor quantiles =
      observation::apply(domain.normalisation.transforms(), domain.quantiles)[variable];
  const auto at_level = [&](std::int64_t level) { return quantiles[level].item<double>(); };
  const double spread =
      std::max((at_level(kHigh) - at_level(kHalf)) / kOf99, (at_level(kHigh) - at_level(kLow)) / (2 * kOf99));
  return spread / domain.normalisation.scale()[variable].item<double>();
}

}  // namespace

std::shared_ptr<const observation::FieldMap> make_field_map(const trajectory::Slab& slab,
                                                            const Period& period, const model::Domain& domain,
                                                            const at::Device& device,
                                                            observation::FieldMap::Unknown unknown) {
  const model::Normalisation& normalisation = domain.normalisation;
  const observation::Transforms& transforms = normalisation.transforms();
  if (!observation::any(transforms)) return nullptr;
  const at::Tensor scale = domain.of_observations().normalisation.scale();
  // What stays the same needs but one hour.
  const std::int64_t hours =
      normalisation.is_constant() ? std::min<std::int64_t>(1, slab.size()) : slab.size();
  std::vector<observation::FieldMap::Variable> variables;
  for (std::size_t i = 0; i < transforms.size(); ++i) {
    if (transforms[i].is_none()) continue;
    const auto variable = static_cast<std::int64_t>(i);
    const auto of_hours = [&](auto&& at_hour) {
      at::Tensor all = at::empty({hours, domain.grid.ny(), domain.grid.nx()}, at::kFloat);
      for (std::int64_t hour = 0; hour < hours; ++hour)
        all.select(0, hour).copy_(at_hour(period.seconds(slab.first + hour))[variable]);
      return all.to(device);
    };
    variables.push_back(
        {variable, transforms[i],
         of_hours([&](std::int64_t seconds) { return normalisation.offset(seconds, period.calendar); }),
         of_hours([&](std::int64_t seconds) { return normalisation.unit(seconds, period.calendar); }),
         scale[variable].item<double>(), normalised_spread(domain, variable)});
  }
  return std::make_shared<observation::FieldMap>(std::move(variables), std::move(unknown));
}

}  // namespace foehn::conditioning
