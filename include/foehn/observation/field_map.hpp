#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "foehn/observation/transform.hpp"

namespace foehn::observation {

/// From the fields that a prior sees to those that operators see, where a prior has transformed some
/// variables: operators are linear in physical values, and these are a curve of the prior's.
///
/// Of a transformed variable, u becomes f(u) = T^-1(offset + unit u) / scale; the others stay as they are.
class FieldMap {
 public:
  struct Variable {
    std::int64_t variable = 0;  ///< index of the slab's
    Transform transform;
    at::Tensor offset, unit;  ///< [hour or 1, y, x], of the transformed variable, float32
    double scale = 1;         ///< physical, of what operators see
    double deviation = 1;     ///< of u, as the prior has it; only where that is all that is known of it
  };
  /// The standard deviation to which u of a variable, by its index, is known from fields with noise sigma/mu.
  using Unknown = std::function<double(double noise, std::int64_t variable)>;
  /// @param unknown  as a prior has it; null: that of a variable whose values are independent
  explicit FieldMap(std::vector<Variable> variables, Unknown unknown = nullptr)
      : variables_(std::move(variables)), unknown_(std::move(unknown)) {}

  /// @param slab  [hour, variable, y, x]
  /// @return      the same shape and type; never beyond a bound
  at::Tensor apply(const at::Tensor& slab) const;

  /// The line that is nearest to f where u is known to a standard deviation, [hour, variable, y, x] each: if
  /// u is N(estimate, d^2), the mean of f and Cov(f, u)/d^2.
  struct Line {
    at::Tensor mean, slope;
  };
  /// As d falls to 0, the tangent at the estimate: Gauss-Newton. Where d is large a tangent would be
  /// misleading, as f is curved, and flat where it is dry.
  /// @param estimate  of the clean slab
  /// @param noise     sigma/mu, on which d depends
  /// @param share     of d, where more is known than from the noisy slab; like `estimate`; undefined: 1
  Line line_at(const at::Tensor& estimate, double noise, const at::Tensor& share = {}) const;

  /// How widely u spreads, as far as that is known: 1 for variables that are not transformed.
  /// @param slab  [hour, variable, y, x]
  /// @return      [variable, 1, 1], of the slab's type
  at::Tensor deviations(const at::Tensor& slab) const;

  /// Where u is in the mean if it is N(estimate, d^2) and the variable is dry, that is u lies below the edge
  /// of its atom; -infinity where there is no atom.
  /// @return  of the estimate's shape
  at::Tensor driest(const at::Tensor& estimate, double noise) const;

 private:
  /// d, before what more is known.
  double deviation_of(const Variable& variable, double noise) const;

  std::vector<Variable> variables_;
  Unknown unknown_;
};

}  // namespace foehn::observation
