#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "foehn/conditioning/native_input.hpp"
#include "foehn/conditioning/observation_input.hpp"
#include "foehn/conditioning/point_set.hpp"
#include "foehn/conditioning/series.hpp"
#include "foehn/io/cordex_metadata.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/model/domain.hpp"

namespace foehn::job {

/// The coarse observations that drive members: all that there are, or those of one member of a coarse
/// ensemble. Of the root alone.
struct DriverInput {
  std::string label;                                       ///< as Driver::label
  std::unique_ptr<conditioning::ObservationInput> blocks;  ///< null: none
  std::unique_ptr<conditioning::NativeInput> native;       ///< null: none
  std::vector<conditioning::Series> series;                ///< of either

  std::vector<std::filesystem::path> files() const;
  std::vector<conditioning::Origin> origins() const;
};

/// Opens the coarse observations of a job: one source, which may be none, or one for each member of a coarse
/// ensemble.
/// @throws core::UsageError naming ensemble.coarse_members or input.observations where these do not fit
/// together; core::Error where a file cannot be used, or says that it is of another member
std::vector<DriverInput> open_drivers(const Settings& settings, const model::Domain& domain);

/// Refuses members of a coarse ensemble whose observations differ in more than values.
/// @throws core::Error naming the member, its file and what differs from the first one's: variables, times,
///         blocks, or whether they are means
void check_drivers_alike(const std::vector<DriverInput>& drivers, const model::Domain& domain);

/// The same of the cells under values at points.
/// @param expected, found  of the first member, and of another
/// @param label            of the latter
/// @throws core::Error naming its file
void check_cells_alike(const std::vector<conditioning::PointSet>& expected,
                       const std::vector<conditioning::PointSet>& found, const std::string& label);

/// Checks that metadata name the simulation that observations are of, where these say it.
/// @throws core::UsageError as check_driving
void check_origins(const io::CordexMetadata& metadata, const DriverInput& driver);

}  // namespace foehn::job
