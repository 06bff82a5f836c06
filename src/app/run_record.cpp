#include "run_record.hpp"

#include <fmt/format.h>
#include <mpi.h>
#include <netcdf.h>
#include <torch/version.h>

#include <nlohmann/json.hpp>
#include <string>

#include "foehn/io/trajectory_writer.hpp"

namespace foehn::app {

void write_run_record(const std::filesystem::path& path, const SampleJob& job, const SampleOptions& options,
                      const nlohmann::json& option_values, const RunRecord& record) {
  char mpi_version[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(mpi_version, &length);
  const std::string mpi_text(mpi_version, static_cast<std::size_t>(length));

  std::vector<std::string> files;
  for (std::int64_t i = 0; i < options.ensemble.members; ++i)
    files.push_back(member_name(options.ensemble.first_member + i));
  const nlohmann::json json{{"program", "foehn"},
                            {"command", "sample"},
                            {"versions",
                             {{"foehn", FOEHN_VERSION},
                              {"libtorch", TORCH_VERSION},
                              {"netcdf", nc_inq_libvers()},
                              {"mpi", mpi_text.substr(0, mpi_text.find(','))}}},
                            {"seed", options.seed},
                            {"options", option_values},
                            {"digests",
                             {{"prior", job.prior_digest},
                              {"observations", job.observations_digest},
                              {"options", job.options_digest}}},
                            {"files", files},
                            {"ranks", record.peak_memory_megabytes.size()},
                            {"teams", record.teams},
                            {"seconds",
                             {{"loading", record.loading_seconds},
                              {"sampling", record.timings.sampling},
                              {"writing", record.timings.writing},
                              {"total", record.total_seconds}}},
                            {"peak_memory_MB", record.peak_memory_megabytes}};
  io::write_file_atomically(path, json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace foehn::app
