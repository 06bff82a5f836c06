#pragma once

#include <optional>
#include <vector>

#include "foehn/comm/names.hpp"
#include "foehn/core/named.hpp"
#include "foehn/diffusion/names.hpp"
#include "foehn/ingestion/names.hpp"
#include "foehn/job/names.hpp"
#include "foehn/model/precision.hpp"
#include "foehn/process/names.hpp"
#include "foehn/training/names.hpp"

namespace foehn::app {

/// What anomalies are divided by: a deviation by cell, hour of day and season as far as the record tells, or
/// one number per variable.
enum class Deviating { automatic, one };
/// What `foehn bench` times.
enum class TimedNetwork { prior, full };
/// What becomes of the jobs of a campaign that are not done.
enum class Filing { list, spool, array, snakemake, cylc };

}  // namespace foehn::app

// The words that users give for values of enumerations.
namespace foehn::core {

template <>
const std::vector<Named<app::Deviating>>& names_of();
template <>
const std::vector<Named<app::TimedNetwork>>& names_of();
template <>
const std::vector<Named<app::Filing>>& names_of();

}  // namespace foehn::core
