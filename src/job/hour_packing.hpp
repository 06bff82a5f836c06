#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "foehn/ensemble/held_hours.hpp"
#include "foehn/io/chunks.hpp"
#include "foehn/io/wind_turning.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/model/domain.hpp"
#include "packed_hours.hpp"

namespace foehn::job {

/// Makes of a rank's normalised hours what goes into files: physical units, facts for the self-check, winds
/// as the layout wants them, encoded chunks. An hour's bits depend on no other hour.
class HourPacking {
 public:
  /// Both outlive this.
  HourPacking(const Plan& plan, const model::Domain& domain);

  /// @param hours  with those of the span and, if there is one, the hour before
  /// @note For any thread; of several that pack at a time, each its own.
  PackedHours pack(const ensemble::HeldHours& hours, const io::ChunkSpan& span) const;

  /// What the self-check wants to know of an hour's fields, [variable, cell], in physical units.
  /// @param before  the hour before; empty: none
  std::vector<HourFacts> facts_of(std::span<const float> fields, std::span<const float> before) const;

 private:
  std::vector<float> physical(const ensemble::HeldHours& hours, std::int64_t hour) const;

  const Plan& plan_;
  const model::Domain& domain_;
  std::size_t variables_, cells_;
  std::vector<double> lowest_, highest_;  // of the prior's data, one per variable
  std::optional<io::WindTurning> turn_winds_;
};

}  // namespace foehn::job
