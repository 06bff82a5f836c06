#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "foehn/core/pages.hpp"

namespace foehn::io {

/// What stands in files where there is no value.
inline constexpr float kFillValue = 1e20F;

/// Instants [first, last) of a trajectory that lie in one chunk of their files, for every variable.
struct ChunkSpan {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t size() const { return last - first; }
};

/// The chunks of a trajectory in the order of time: each file's are counted from its first instant, and its
/// last may be shorter.
/// @param file_starts   instants at which files begin, rising; the first is 0
/// @param instants      of the whole trajectory
/// @param chunk_steps   instants per chunk
std::vector<ChunkSpan> chunk_spans(std::span<const std::int64_t> file_starts, std::int64_t instants,
                                   std::int64_t chunk_steps);

/// How the values of a chunk become the bytes of a file.
struct ChunkEncoding {
  std::int64_t chunk_steps = 24;        ///< instants per chunk
  std::int64_t cells = 0;               ///< per instant
  int deflate = 1;                      ///< level, 0 (none) to 9; with shuffle, as HDF5's filters do both
  std::int64_t significant_digits = 0;  ///< decimal digits that are kept; 0: all of float32
};

using Chunk = core::PagedVector<std::byte>;

/// A variable's chunk as it lies in a NetCDF-4 file: NaN becomes the fill value, values are rounded, what
/// lacks of a whole chunk is filled, and all is compressed.
/// @param values  whole instants, [instant, cell]; at most a chunk's
/// @throws core::Error if there are more
/// @note Not bound to a file or a thread: many may be encoded at a time.
Chunk encode_chunk(std::span<const float> values, const ChunkEncoding& encoding);

}  // namespace foehn::io
