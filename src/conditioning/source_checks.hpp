#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::conditioning {

// What coarse observations must fulfil, on whatever grid they are.

/// What `work` throws begins with the file of observations that it is about.
template <class Work>
decltype(auto) in_observations(const std::string& file, Work&& work) {
  return core::with_context(fmt::format("observations {}", file), std::forward<Work>(work));
}

/// @throws core::Error if the step from one observation to the next is not a multiple of the domain's
void check_step(const io::FieldReader& reader, const model::Domain& domain);

/// Logs how many values are missing, if any are.
/// @param values    "tas", "tas in the domain"
/// @param first     which is the first that is missing, as FieldReader::describe_missing says it
/// @param fraction  part of them that may be missing
/// @throws core::Error naming the first if more are missing
void check_missing(std::int64_t missing, std::int64_t all, const std::string& values,
                   const std::string& first, double fraction);

}  // namespace foehn::conditioning
