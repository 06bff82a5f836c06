#pragma once

#include <filesystem>
#include <string>

#include "foehn/evaluation/sources.hpp"
#include "foehn/evaluation/verify.hpp"

namespace foehn::app {

/// A prior's climatology, and what it does not serve.
struct MembersClimatology {
  evaluation::Climatology climatology;  ///< empty where it would serve no variable
  std::string left_out;                 ///< which variables it leaves out and why, in words; empty: none
};

/// The climatology of a prior, in the members' variables and units. Variables that the prior learnt
/// transformed are left out, since theirs is one of transformed values.
/// @throws core::Error naming the prior if it is on another grid, lacks a variable or has no climatology
MembersClimatology climatology_of(const std::filesystem::path& prior, const evaluation::Sources& sources);

}  // namespace foehn::app
