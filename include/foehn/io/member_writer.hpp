#pragma once

#include <span>

namespace foehn::io {

/// Takes the fields of one member in order of time. What was written appears under its final names in
/// commit(), whole; a writer that is destroyed before that removes it.
class MemberWriter {
 public:
  virtual ~MemberWriter() = default;

  /// Appends whole instants, [time, variable, ...], as the member's slabs have them.
  virtual void append(std::span<const float> values) = 0;
  /// Brings everything to disk and gives it its final name; nothing can be appended afterwards.
  virtual void commit() = 0;
};

}  // namespace foehn::io
