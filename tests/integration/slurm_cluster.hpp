#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "io/test_files.hpp"
#include "outcome.hpp"
#include "process.hpp"

namespace foehn::testing {

/// A Slurm of two nodes, node1 and node2, on this machine for as long as the object lives: munged, slurmctld
/// and two slurmd, with ports, keys and files of their own. Each node claims 32 processors and a GPU.
class SlurmCluster {
 public:
  /// The programs of Slurm that this machine lacks; empty if it has all.
  static std::vector<std::string> missing_programs();

  /// @throws std::runtime_error with the daemons' last words if both nodes are not idle in time
  SlurmCluster();
  /// Cancels the jobs that are left.
  ~SlurmCluster();
  SlurmCluster(const SlurmCluster&) = delete;
  SlurmCluster& operator=(const SlurmCluster&) = delete;

  /// Runs a command that may call Slurm, in a folder.
  Outcome run(const Words& words, const std::filesystem::path& folder = "/") const;
  /// Queues a job by sbatch, from a folder.
  /// @return its number
  std::string submit(const Words& words, const std::filesystem::path& folder) const;
  /// What scontrol says of a job: "JobState" is "RUNNING".
  std::map<std::string, std::string> job(const std::string& number) const;
  std::string state(const std::string& number) const { return job(number).at("JobState"); }
  /// Waits for a job to end and returns its last state.
  std::string wait(const std::string& number) const;
  /// Cancels a job, waits for its end and returns its last state.
  std::string cancel(const std::string& number) const;

 private:
  void write_configuration() const;
  void start(const Words& words);
  bool is_ready() const;
  std::string last_words() const;

  io::TemporaryFolder folder_;
  std::vector<std::unique_ptr<RunningCommand>> daemons_;
};

/// Waits until a condition holds; false if it does not in time.
bool holds_within(std::chrono::seconds timeout, const std::function<bool()>& holds);

}  // namespace foehn::testing
