#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "foehn/model/domain.hpp"

namespace foehn::model {

/// The normalisation of some cells of one variable of a domain: what is [variable, y, x] elsewhere is
/// [1, 1, cell], or [1, 1, 1] where it is the same in all cells.
/// @param cells  y * nx + x, int64
Normalisation normalisation_at(const Domain& domain, std::int64_t variable, const at::Tensor& cells);

}  // namespace foehn::model
