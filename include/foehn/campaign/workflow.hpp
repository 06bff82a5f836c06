#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace foehn::campaign {

/// A job that is written out: its configuration file, `FOLDER/NAME.ini`.
struct JobFile {
  std::string name;
  std::filesystem::path path;
};

/// The list of a job array, for slurm/sample.sbatch: element N takes line N.
std::string array_list(const std::vector<JobFile>& jobs);

/// A Snakefile with a rule for all jobs; what runs foehn is its config value `launcher`.
/// @param program  foehn's path: engines do not keep the PATH of who writes this
std::string snakefile(const std::vector<JobFile>& jobs, const std::string& program);

/// A workflow of Cylc 8, flow.cylc, with a task per job; what runs foehn is the variable FOEHN_LAUNCHER.
/// @param program  as of snakefile
std::string cylc_flow(const std::vector<JobFile>& jobs, const std::string& program);

}  // namespace foehn::campaign
