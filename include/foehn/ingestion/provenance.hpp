#pragma once

#include <span>
#include <vector>

#include "foehn/ingestion/record.hpp"

namespace foehn::ingestion {

/// The global attributes of a file that say which simulation it belongs to (CMIP6): source_id, experiment_id,
/// variant_label, tracking_id and the like, as far as it has them.
io::Attributes identity_attributes(const io::NetcdfFile& file);

/// What observations are made of, as global attributes: the files by variable, and what identity_attributes
/// found, each value once. Long lists end in their number.
io::Attributes provenance(const std::vector<Record>& records);

/// What the files say of one of the identity_attributes, each value once, in their order.
std::vector<std::string> identities(const std::string& attribute, std::span<const Record> records);

/// Warns of files of different models or members, which cannot belong to one simulation.
void warn_of_mixtures(const std::vector<Record>& records);

}  // namespace foehn::ingestion
