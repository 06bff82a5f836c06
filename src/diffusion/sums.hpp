#pragma once

#include <ATen/core/Tensor.h>

#include "foehn/diffusion/sampler.hpp"

namespace foehn::diffusion {

/// The sum of a * b over the trajectory: in float64 over each row, always of one shape, then in the order of
/// rows.
/// @param a, b  [row, ...], a row being an hour of this slab or an observation of one, in order
/// @note Collective over the team.
double sum_of_products(const at::Tensor& a, const at::Tensor& b, const OrderedSum& ordered_sum);

/// slab += weight * other, some hours at a time, so that no second slab is made; product and sum round one by
/// one.
/// @param slab, other  [hour, ...]
void add_scaled(at::Tensor& slab, const at::Tensor& other, double weight);

}  // namespace foehn::diffusion
