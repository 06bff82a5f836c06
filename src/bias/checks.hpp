#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "foehn/bias/statistics.hpp"

namespace foehn::bias {

/// "cell 12, March", "all cells", ...
std::string slot_name(const Layout& layout, std::int64_t slot, const Wording& wording = {});

/// "cell 12 at 2019-03-26T06:00:00"
std::string value_place(std::size_t cell, std::int64_t seconds, calendar::Calendar calendar);

/// The slot of a field's first cell; those of the others follow it in order, or are the same where cells
/// are pooled.
/// @param cells  of the field
/// @throws Error if the layout is for another number of cells
std::int64_t first_slot(const Layout& layout, std::size_t cells, std::int64_t seconds,
                        calendar::Calendar calendar);

/// @throws Error naming cell and time of a value that is not finite
void require_finite(double value, std::size_t cell, std::int64_t seconds, calendar::Calendar calendar);

/// @throws Error naming the first slot, of those with values, whose bins do not span the values or are too
///         narrow to be told apart
void require_bins(const Bins& bins, const Summary& summary, const std::string& role);

/// All of the above, and that the counts are those of the summary.
void require_sound(const Distribution& distribution, const std::string& role, MayLack may_lack);

/// @throws Error naming the first slot with a negative value: no factor is meant for those
void require_not_negative(const Summary& summary, const std::string& role);

}  // namespace foehn::bias
