#pragma once

#include <cstdint>
#include <vector>

#include "sample_job.hpp"

namespace foehn::app {

/// The numbers of the members that are not in the output folder yet.
/// @throws core::Error if one is there that another run made, naming what differs
std::vector<std::int64_t> members_to_draw(const SampleJob& job, const SampleOptions& options);

/// Finds out now, not after hours of sampling, whether the members can fit on the disk.
/// @throws core::Error if not even well compressed ones can; warns if they may not
void check_space(const SampleJob& job, const SampleOptions& options);

}  // namespace foehn::app
