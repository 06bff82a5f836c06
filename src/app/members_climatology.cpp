#include "app/members_climatology.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/transformed_fields.hpp"

namespace foehn::app {

evaluation::Climatology climatology_of(const std::filesystem::path& prior,
                                       const evaluation::Sources& sources) {
  const model::Domain domain = model::read_domain(prior / "domain.nc");
  if (const auto difference = grid::difference(sources.grid(), domain.grid)) {
    throw core::Error(fmt::format("{}: grid: {}, as in the members", prior.string(), *difference));
  }
  const model::Climatology* climatology = domain.normalisation.climatology();
  if (climatology == nullptr)
    throw core::Error(fmt::format(
        "{}: expected a prior of anomalies, whose climatology the anomaly interpolation needs, found fields "
        "normalised by '{}'; leave the option out to do without",
        prior.string(), domain.normalisation.mode()));
  if (observation::any(domain.normalisation.transforms()))
    throw core::Error(fmt::format(
        "{}: expected a prior without transforms, whose climatology is one of means, which the anomaly "
        "interpolation needs; found {}; leave the option out to do without",
        prior.string(), model::text_of(domain.normalisation.transforms(), domain.variables)));
  struct Source {
    std::int64_t index;
    core::UnitConversion conversion;
  };
  std::vector<Source> variables;
  for (const auto& wanted : sources.variables()) {
    const auto found =
        std::find_if(domain.variables.begin(), domain.variables.end(),
                     [&](const io::Variable& variable) { return variable.name == wanted.name; });
    if (found == domain.variables.end()) {
      throw core::Error(
          fmt::format("{}: the variable {} is missing, which the members have", prior.string(), wanted.name));
    }
    variables.push_back(
        {found - domain.variables.begin(), core::unit_conversion(found->units, wanted.units)});
  }
  const calendar::Calendar calendar = sources.members.front().times().calendar;
  return [climatology = *climatology, variables, calendar](std::int64_t seconds, std::span<double> fields) {
    const at::Tensor physical = climatology.at(seconds, calendar).contiguous();
    const auto cells = static_cast<std::int64_t>(fields.size() / variables.size());
    auto out = fields.begin();
    for (const auto& variable : variables) {
      const double* from = physical.data_ptr<double>() + variable.index * cells;
      out = std::transform(from, from + cells, out, [&](double value) {
        return variable.conversion.scale * value + variable.conversion.offset;
      });
    }
  };
}

}  // namespace foehn::app
