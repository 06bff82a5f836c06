#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/conditioning/period.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/model/domain.hpp"
#include "foehn/tuning/trial.hpp"

namespace foehn::tuning {

/// The reanalysis that trials are scored against; its variables have the names that they have in the prior.
struct ReferenceFiles {
  std::vector<std::filesystem::path> files;
  std::string crop;  ///< the prior's domain in the files' grid, "y0:y1,x0:x1"; empty: it is all of it
};

/// The hours of a reanalysis that are those of a trajectory.
class Reference {
 public:
  /// @throws core::Error naming the file and what is wrong: a variable or an hour of the trajectory that it
  ///         lacks, another calendar, or a grid that is not the prior's
  Reference(const ReferenceFiles& files, const model::Domain& domain, const conditioning::Period& period);

  /// Scores members, all hours and cells of whom count alike.
  /// @param members  a file each, of at least two
  std::vector<VariableScore> score(const std::vector<std::filesystem::path>& members) const;

 private:
  const model::Domain& domain_;
  io::FieldReader reader_;
  std::vector<std::int64_t> instants_;  // of the reader, of each hour
};

}  // namespace foehn::tuning
