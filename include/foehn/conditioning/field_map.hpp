#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>

#include "foehn/conditioning/period.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/observation/field_map.hpp"
#include "foehn/trajectory/slab_partition.hpp"

namespace foehn::conditioning {

/// From what a prior sees of a slab to what the operators of its observations see.
/// @param unknown  as observation::FieldMap has it
/// @return  null if the prior has transformed no variable
std::shared_ptr<const observation::FieldMap> make_field_map(const trajectory::Slab& slab,
                                                            const Period& period, const model::Domain& domain,
                                                            const at::Device& device,
                                                            observation::FieldMap::Unknown unknown);

}  // namespace foehn::conditioning
