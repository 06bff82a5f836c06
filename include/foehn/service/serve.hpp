#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/process/device.hpp"
#include "foehn/process/stop.hpp"

namespace foehn::service {

/// What a service is told.
struct ServiceOptions {
  std::string spool = {};              ///< folder
  bool until_empty = false;            ///< ends when no job is queued
  double idle_minutes = 0;             ///< ends when it was without a job for so long; 0: never
  std::int64_t crashes = 3;            ///< of services, after which a job counts as failed
  std::int64_t priors = 3;             ///< that are kept loaded
  double beat_seconds = 10;            ///< between signs of life
  double patience_minutes = 2;         ///< after which a service of another machine without one is dead
  double busy_minutes = 10;            ///< after which a run that only a lock file speaks of is dead
  std::optional<double> seconds = {};  ///< that it has; absent: any number
};

/// A job as its options ask for it: what is drawn, and how a process draws it.
struct Order {
  job::Settings settings;
  process::HardwareChoice hardware = {};
  std::int64_t threads = 1;
  double timeout_minutes = 0;
};

/// How jobs are read: the words of options are not this module's.
struct Reader {
  /// The text of a job from a user's file, in which paths are absolute.
  /// @throws core::UsageError naming the file
  std::function<std::string(const std::filesystem::path& file)> text;
  /// An order from a job's text; the same on every rank, without communication.
  /// @throws core::UsageError, for paths too that are not absolute
  std::function<Order(const std::string& text, const std::string& name)> order;
  /// The folder that a job's text has it write to, and nothing else of it, which is far faster than an order;
  /// empty if it names none.
  /// @throws core::UsageError
  std::function<std::string(const std::string& text)> output;
  /// Adds what the root alone reads from files that an order names.
  std::function<void(job::Settings& settings)> complete;
};

/// How a service ended.
enum class Ending {
  empty,    ///< no job is queued
  idle,     ///< there was none for long
  drained,  ///< it was asked to stop, or its time was up; what it ran is back in the queue
};

/// Works through the jobs of a spool, one after another, until it ends. A job that cannot be run is put among
/// the failed ones, with the message that `foehn sample` would give; the service goes on.
/// @param stop  asks to put back the job that is run, with a checkpoint, and end
/// @throws core::CollectiveError on every rank if the spool cannot be used
/// @note Collective over the world.
Ending serve(const comm::Communicator& world, const ServiceOptions& options, const Reader& reader,
             comm::Watchdog& watchdog, const process::StopToken& stop);

}  // namespace foehn::service
