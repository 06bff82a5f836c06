#pragma once

#include <span>

#include "foehn/io/chunks.hpp"

namespace foehn::io {

/// Takes the encoded chunks of one member in order of time. What was written appears under its final names in
/// commit(), whole; a writer that is destroyed before that removes it.
class MemberWriter {
 public:
  virtual ~MemberWriter() = default;

  /// Appends the chunks of the next ChunkSpan, one per variable.
  virtual void append(std::span<const Chunk> chunks) = 0;
  /// Brings everything to disk and gives it its final name; nothing can be appended afterwards.
  virtual void commit() = 0;
};

}  // namespace foehn::io
