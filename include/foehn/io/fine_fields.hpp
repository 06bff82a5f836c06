#pragma once

#include <string>
#include <vector>

#include "foehn/core/per_variable.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::io {

/// Steps: a gap in a reanalysis that a straight line may bridge.
inline constexpr std::int64_t kLongestGap = 6;

/// What "name=standard name" pairs, which overrule the files' standard names, and a crop text mean.
/// @throws core::UsageError for a variable that is named twice
FieldSelection field_selection(const std::vector<std::string>& variables, const std::string& crop);

/// @param named  variables that an option names
/// @throws core::UsageError naming the option for one that is not among those that there are
void check_known(const std::string& option, const std::vector<std::string>& named,
                 const std::vector<std::string>& variables);

/// How the fields of a reader stand in time, by its files or as the option says; warns where a file
/// contradicts itself.
/// @throws core::UsageError if the option names no variable of the reader; core::Error as
///         FieldReader::sampling, or naming two variables of which one holds means and the other does not
Sampling read_sampling(const FieldReader& reader, const core::PerVariable<TimeSampling>& methods);

/// What needs snapshots, for the message.
inline constexpr const char* kLearntFrom = "a prior is learnt from";
/// @param purpose  what needs snapshots
/// @throws core::Error as read_sampling, or naming the file that holds means over time
void require_snapshots(const FieldReader& reader, const core::PerVariable<TimeSampling>& methods,
                       const std::string& purpose);

/// Warns of values that were filled in.
void say_filled(const FieldReader& reader);
/// Warns of variables of a prior that will not be found in the files of a climate model.
void say_unnamed(const std::vector<Variable>& variables);

}  // namespace foehn::io
