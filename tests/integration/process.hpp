#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "io/test_files.hpp"
#include "outcome.hpp"

namespace foehn::testing {

/// Runs a command, found on PATH, to its end; one that takes longer than the timeout is ended.
Outcome run_command(const Words& words, std::chrono::seconds timeout = std::chrono::seconds(300));

/// A command that is under way.
class RunningCommand {
 public:
  explicit RunningCommand(const Words& words);
  /// Ends it, if it was not waited for.
  ~RunningCommand();
  RunningCommand(const RunningCommand&) = delete;
  RunningCommand& operator=(const RunningCommand&) = delete;

  /// Waits for its end; one that takes longer than the timeout is ended.
  Outcome wait(std::chrono::seconds timeout = std::chrono::seconds(300));
  /// Waits until a condition holds or the command has ended.
  void wait_until(const std::function<bool()>& holds) const;
  pid_t process() const { return process_; }
  /// The processes of foehn in it, itself or its children.
  std::vector<pid_t> ranks() const;

 private:
  std::unique_ptr<io::TemporaryFolder> folder_;
  pid_t process_ = 0;
};

/// Starts a subcommand of foehn on its own (ranks 0) or under mpirun.
RunningCommand start_foehn(const std::string& subcommand, const Options& options, int ranks = 0);

/// The command that runs a subcommand of foehn by launch/run.
Words launch_command(const std::string& subcommand, const Options& options, int ranks);

/// Is there a program of this name on PATH?
bool has_program(const std::string& name);

/// Runs a subcommand of foehn on its own (ranks 0) or under mpirun.
Outcome run_foehn(const std::string& subcommand, const Options& options, int ranks = 0,
                  const Words& more = {});

}  // namespace foehn::testing
