#include "foehn/model/normalisation_at.hpp"

#include <ATen/ATen.h>

#include <optional>
#include <utility>

namespace foehn::model {

namespace {

Climatology chosen(const Climatology& whole, std::int64_t variable, const at::Tensor& cells) {
  const at::Tensor fields = whole.coefficients().select(1, variable).flatten(1);  // [harmonic, cell]
  return Climatology(whole.harmonics(), fields.index_select(1, cells).unsqueeze(1).unsqueeze(1));
}

}  // namespace

Normalisation normalisation_at(const Domain& domain, std::int64_t variable, const at::Tensor& cells) {
  const Normalisation& whole = domain.normalisation;
  if (whole.climatology() == nullptr)
    return Normalisation::of_quantiles(whole.mode(), domain.quantiles.narrow(0, variable, 1));
  std::optional<Deviation> deviation;
  if (whole.deviation() != nullptr)
    deviation.emplace(chosen(whole.deviation()->variance(), variable, cells),
                      whole.deviation()->least_part());
  return Normalisation::anomaly(chosen(*whole.climatology(), variable, cells),
                                whole.scale().narrow(0, variable, 1), std::move(deviation));
}

}  // namespace foehn::model
