#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <vector>

#include "foehn/core/background_tasks.hpp"
#include "foehn/core/pages.hpp"
#include "foehn/ensemble/held_hours.hpp"
#include "foehn/io/chunks.hpp"

namespace foehn::ensemble {

using Bytes = core::PagedVector<std::byte>;

/// A rank packs its part of a member, chunk after chunk, in a thread of its own.
class Packing {
 public:
  using Pack = std::function<Bytes(const HeldHours& hours, const io::ChunkSpan& span)>;

  /// Begins at once.
  Packing(HeldHours hours, const std::vector<io::ChunkSpan>& spans, const Pack& pack);

  const HeldHours& hours() const { return hours_; }
  /// Whether a span's bytes are there.
  /// @param span  its place in the list
  bool is_ready(std::size_t span) const;
  /// Gives them up; empty if packing has failed.
  Bytes take(std::size_t span);
  /// @throws whatever packing threw
  void check() const;

 private:
  HeldHours hours_;
  mutable std::mutex mutex_;
  std::vector<std::optional<Bytes>> packed_;
  std::exception_ptr failure_;
  core::BackgroundTasks tasks_;  // last: ends before what it uses
};

}  // namespace foehn::ensemble
