#pragma once

#include <ATen/core/TensorBody.h>

#include <filesystem>
#include <optional>

#include "foehn/comm/communicator.hpp"
#include "foehn/model/prior_bundle.hpp"

namespace foehn::job {

/// Opens a prior on the root, which alone reads it.
/// @param gaussian  folder of a Gaussian prior to lend to one that has no Gaussian part; empty: none
/// @return  of the root; nothing on the others
/// @throws core::CollectiveError as model::PriorFiles and model::load_gaussian_part
/// @note Collective over the world.
std::optional<model::PriorFiles> open_prior(const comm::Communicator& world,
                                            const std::filesystem::path& folder,
                                            const std::filesystem::path& gaussian = {});

/// Hands the root's prior to all ranks, each of which holds its bytes once beside what it makes of them.
/// @param files      of the root
/// @param options    type and device of the fields to come
/// @param precision  of the prior's network, if it has one
/// @throws core::CollectiveError as model::PriorFiles::load
/// @note Collective over the world.
model::PriorBundle load_prior(const comm::Communicator& world, std::optional<model::PriorFiles> files,
                              const at::TensorOptions& options,
                              model::Precision precision = model::Precision::fp32);

}  // namespace foehn::job
