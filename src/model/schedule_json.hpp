#pragma once

#include <nlohmann/json_fwd.hpp>

#include "foehn/diffusion/noise_level.hpp"

namespace foehn::model {

/// The schedule that a bundle's metadata say, checked.
/// @throws core::Error naming a schedule that is not known, or a number of it that cannot be; nlohmann's
///         exceptions where something is missing or of another type
diffusion::Schedule schedule_from(const nlohmann::json& json);

/// What schedule_from reads.
nlohmann::json schedule_json(const diffusion::Schedule& schedule);

}  // namespace foehn::model
