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
  if (whole.climatology() == nullptr) return whole.of_variable(variable);
  std::optional<Deviation> deviation;
  if (whole.deviation() != nullptr)
    deviation.emplace(chosen(whole.deviation()->variance(), variable, cells),
                      whole.deviation()->least_part());
  observation::Transforms transforms = whole.transforms();
  if (!transforms.empty()) transforms = {transforms[static_cast<std::size_t>(variable)]};
  return Normalisation::anomaly(chosen(*whole.climatology(), variable, cells),
                                whole.scale().narrow(0, variable, 1), std::move(deviation),
                                std::move(transforms));
}

}  // namespace foehn::model
