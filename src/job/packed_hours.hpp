#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "foehn/core/pages.hpp"
#include "foehn/io/chunks.hpp"

namespace foehn::job {

/// What FieldCheck wants to know of one variable in one hour.
struct HourFacts {
  static constexpr std::size_t kPoints = 16;

  double beyond = 0;           ///< values beyond the range of the prior's data
  double sum = 0;              ///< of the changes from the hour before; of the first hour 0
  double squares = 0;          ///< of these changes
  float points[kPoints] = {};  ///< values at a few cells
  float lowest = 0, highest = 0;
};

/// A chunk of hours on its way from the rank that packs it to the root.
struct PackedHours {
  std::vector<io::Chunk> chunks;  ///< one per variable, as they lie in files
  std::vector<HourFacts> facts;   ///< [hour, variable]
};

/// As bytes, for ranks of one build.
core::PagedVector<std::byte> serialise(const PackedHours& packed);
/// @throws core::Error if the bytes are not of serialise
PackedHours parse_packed_hours(const core::PagedVector<std::byte>& bytes);

}  // namespace foehn::job
