#include "packing.hpp"

#include <utility>

#include "foehn/core/heartbeat.hpp"

namespace foehn::ensemble {

Packing::Packing(HeldHours hours, const std::vector<io::ChunkSpan>& spans, const Pack& pack)
    : hours_(std::move(hours)), packed_(spans.size()), tasks_(spans.size()) {
  for (std::size_t i = 0; i < spans.size(); ++i)
    tasks_.submit([this, i, span = spans[i], pack] {
      if (!failure_) {  // which this thread alone sets
        try {
          Bytes bytes = pack(hours_, span);
          const std::lock_guard lock(mutex_);
          packed_[i] = std::move(bytes);
        } catch (...) {
          const std::lock_guard lock(mutex_);
          failure_ = std::current_exception();
        }
      }
      core::beat();
    });
}

bool Packing::is_ready(std::size_t span) const {
  const std::lock_guard lock(mutex_);
  return failure_ || packed_[span];
}

Bytes Packing::take(std::size_t span) {
  const std::lock_guard lock(mutex_);
  return failure_ ? Bytes{} : *std::exchange(packed_[span], std::nullopt);
}

void Packing::check() const {
  const std::lock_guard lock(mutex_);
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace foehn::ensemble
