#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "foehn/ensemble/ensemble.hpp"
#include "sample_job.hpp"
#include "sample_options.hpp"

namespace foehn::app {

/// What a run cost.
struct RunRecord {
  double loading_seconds = 0;
  ensemble::EnsembleTimings timings;
  double total_seconds = 0;
  std::vector<double> peak_memory_megabytes;  ///< one a rank
  int teams = 1;
};

/// Writes run.json: options, versions, seed, digests, files, timings and memory. The members' own files hold
/// nothing that differs from run to run.
void write_run_record(const std::filesystem::path& path, const SampleJob& job, const SampleOptions& options,
                      const nlohmann::json& option_values, const RunRecord& record);

}  // namespace foehn::app
