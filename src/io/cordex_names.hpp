#pragma once

#include <string>

#include "foehn/io/cordex_metadata.hpp"
#include "foehn/io/field_writer.hpp"

namespace foehn::io {

/// "1hr". @throws Error if the archive knows no such step
std::string cordex_frequency(const FieldHeader& header);

/// "v1-r3" of the third member.
std::string version_realization(const FieldHeader& header, const CordexMetadata& metadata);

}  // namespace foehn::io
