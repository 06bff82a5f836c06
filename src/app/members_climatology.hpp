#pragma once

#include <filesystem>

#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::app {

/// The climatology of a prior, in the members' variables and units.
/// @throws core::Error naming the prior if it is on another grid, lacks a variable or has no climatology
evaluation::Climatology climatology_of(const std::filesystem::path& prior,
                                       const evaluation::Sources& sources);

}  // namespace foehn::app
