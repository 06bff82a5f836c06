#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include "foehn/io/chunks.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/member_writer.hpp"

namespace foehn::io {

/// The chunks of a span, one per variable, as a header says.
/// @param values  of all instants, [instant, variable, cell]
inline std::vector<Chunk> encode(const FieldHeader& header, std::span<const float> values,
                                 const ChunkSpan& span) {
  const auto cells = static_cast<std::size_t>(header.grid.cells());
  std::vector<Chunk> chunks;
  for (std::size_t variable = 0; variable < header.variables.size(); ++variable) {
    std::vector<float> of_one;
    for (std::int64_t instant = span.first; instant < span.last; ++instant) {
      const auto field = values.subspan(
          (static_cast<std::size_t>(instant) * header.variables.size() + variable) * cells, cells);
      of_one.insert(of_one.end(), field.begin(), field.end());
    }
    chunks.push_back(encode_chunk(
        of_one, {header.chunk_steps, header.grid.cells(), header.deflate, header.significant_digits}));
  }
  return chunks;
}

/// Appends a whole member.
/// @param file_starts  instants at which its files begin
inline void append_all(MemberWriter& writer, const FieldHeader& header, std::span<const float> values,
                       const std::vector<std::int64_t>& file_starts = {0}) {
  const auto instant = header.variables.size() * static_cast<std::size_t>(header.grid.cells());
  for (const ChunkSpan& span :
       chunk_spans(file_starts, static_cast<std::int64_t>(values.size() / instant), header.chunk_steps))
    writer.append(encode(header, values, span));
}

}  // namespace foehn::io
