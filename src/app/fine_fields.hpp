#pragma once

#include <string>

#include "foehn/config/option_table.hpp"
#include "foehn/config/per_variable.hpp"
#include "foehn/io/field_reader.hpp"

namespace foehn::app {

/// Declares data.cell_methods of subcommands that read fine fields.
void add_cell_methods_option(config::OptionTable& table, config::PerVariable<io::TimeSampling>& methods);

/// How the fields of a reader stand in time, by its files or as the option says; warns where a file
/// contradicts itself.
/// @throws core::UsageError if the option names no variable of the reader; core::Error as
///         FieldReader::sampling, or naming two variables of which one holds means and the other does not
io::Sampling read_sampling(const io::FieldReader& reader,
                           const config::PerVariable<io::TimeSampling>& methods);

/// What needs snapshots, for the message.
inline constexpr const char* kLearntFrom = "a prior is learnt from";
/// @param purpose  what needs snapshots
/// @throws core::Error as read_sampling, or naming the file that holds means over time
void require_snapshots(const io::FieldReader& reader, const config::PerVariable<io::TimeSampling>& methods,
                       const std::string& purpose);

}  // namespace foehn::app
