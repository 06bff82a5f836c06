#include "app/members_climatology.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "foehn/core/error.hpp"
#include "foehn/core/units.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/model/transformed_fields.hpp"
#include "foehn/observation/transform.hpp"

namespace foehn::app {
namespace {

bool is_learnt_transformed(const observation::Transforms& transforms, std::int64_t variable) {
  return !transforms.empty() && !transforms[static_cast<std::size_t>(variable)].is_none();
}

}  // namespace

MembersClimatology climatology_of(const std::filesystem::path& prior, const evaluation::Sources& sources) {
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
  struct Source {
    std::int64_t index;
    core::UnitConversion conversion;
    bool is_transformed;
  };
  std::vector<Source> variables;
  const observation::Transforms& transforms = domain.normalisation.transforms();
  for (const auto& wanted : sources.variables()) {
    const auto found =
        std::find_if(domain.variables.begin(), domain.variables.end(),
                     [&](const io::Variable& variable) { return variable.name == wanted.name; });
    if (found == domain.variables.end()) {
      throw core::Error(
          fmt::format("{}: the variable {} is missing, which the members have", prior.string(), wanted.name));
    }
    const std::int64_t index = found - domain.variables.begin();
    variables.push_back(
        {index, core::unit_conversion(found->units, wanted.units), is_learnt_transformed(transforms, index)});
  }
  MembersClimatology result;
  const auto is_left_out = [](const Source& source) { return source.is_transformed; };
  if (std::any_of(variables.begin(), variables.end(), is_left_out))
    result.left_out = fmt::format(
        "{}: the climatology of {} is one of transformed values: scored without the climatology and the "
        "interpolation of anomalies from it as baselines",
        prior.string(), model::text_of(transforms, domain.variables));
  if (std::all_of(variables.begin(), variables.end(), is_left_out)) return result;
  const calendar::Calendar calendar = sources.members.front().times().calendar;
  result.climatology = [climatology = *climatology, variables, calendar](std::int64_t seconds,
                                                                         std::span<double> fields) {
    const at::Tensor physical = climatology.at(seconds, calendar).contiguous();
    const auto cells = static_cast<std::int64_t>(fields.size() / variables.size());
    auto out = fields.begin();
    for (const auto& variable : variables) {
      const double* from = physical.data_ptr<double>() + variable.index * cells;
      out = std::transform(from, from + cells, out, [&](double value) {
        return variable.is_transformed ? std::numeric_limits<double>::quiet_NaN()
                                       : variable.conversion.scale * value + variable.conversion.offset;
      });
    }
  };
  return result;
}

}  // namespace foehn::app
