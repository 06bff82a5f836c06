#include "foehn/observation/field_map.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <numbers>

namespace foehn::observation {

namespace {

/// Gauss-Hermite quadrature of five nodes: means of polynomials up to order 9 of a standard normal value.
struct Node {
  double place, weight;
};
constexpr std::array<Node, 5> kNodes{{{-2.8569700138728056, 0.011257411327720693},
                                      {-1.3556261799742659, 0.22207592200561266},
                                      {0, 0.53333333333333333},
                                      {1.3556261799742659, 0.22207592200561266},
                                      {2.8569700138728056, 0.011257411327720693}}};

constexpr double kLeastDeviation = 1e-4;  // below, differences of f between nodes are rounding

}  // namespace

at::Tensor FieldMap::apply(const at::Tensor& slab) const {
  at::Tensor mapped = slab.clone();
  for (const Variable& one : variables_) {
    at::Tensor field = mapped.select(1, one.variable);
    field.copy_(one.transform.invert(one.offset + one.unit * field.to(at::kDouble)) / one.scale);
  }
  return mapped;
}

double FieldMap::deviation_of(const Variable& variable, double noise) const {
  const double independent = variable.deviation * noise / std::hypot(variable.deviation, noise);
  return std::max(kLeastDeviation, unknown_ ? unknown_(noise, variable.variable) : independent);
}

at::Tensor FieldMap::deviations(const at::Tensor& slab) const {
  at::Tensor all = at::ones({slab.size(1), 1, 1}, slab.options());
  for (const Variable& one : variables_) all.select(0, one.variable).fill_(one.deviation);
  return all;
}

at::Tensor FieldMap::driest(const at::Tensor& estimate, double noise) const {
  at::Tensor all = at::full_like(estimate, -std::numeric_limits<double>::infinity());
  for (const Variable& one : variables_) {
    if (!one.transform.has_atom()) continue;
    const at::Tensor u = estimate.select(1, one.variable).to(at::kDouble);
    const double deviation = deviation_of(one, noise),
                 edge = one.transform.apply(at::zeros({}, at::kDouble)).item<double>();
    // u - d phi(a)/Phi(a), by logarithms, as Phi(a) may be too small for a number.
    const at::Tensor a = ((edge - one.offset) / one.unit - u) / deviation;
    const at::Tensor log_density = -0.5 * (a.square() + std::log(2 * std::numbers::pi));
    all.select(1, one.variable).copy_(u - deviation * (log_density - at::special_log_ndtr(a)).exp());
  }
  return all;
}

FieldMap::Line FieldMap::line_at(const at::Tensor& estimate, double noise, const at::Tensor& share) const {
  Line line{estimate.clone(), at::ones_like(estimate)};
  for (const Variable& one : variables_) {
    at::Tensor deviation = at::scalar_tensor(deviation_of(one, noise), estimate.options().dtype(at::kDouble));
    if (share.defined()) deviation = (deviation * share.select(1, one.variable)).clamp_min(kLeastDeviation);
    const at::Tensor centre = one.offset + one.unit * estimate.select(1, one.variable).to(at::kDouble);
    const at::Tensor width = one.unit * deviation;
    at::Tensor mean = at::zeros_like(centre), slope = at::zeros_like(centre);
    for (const Node& node : kNodes) {
      const at::Tensor value = one.transform.invert_smoothly(centre + width * node.place) / one.scale;
      mean.add_(value, node.weight);
      slope.add_(value, node.weight * node.place);
    }
    line.mean.select(1, one.variable).copy_(mean);
    line.slope.select(1, one.variable).copy_(slope / deviation);
  }
  return line;
}

}  // namespace foehn::observation
