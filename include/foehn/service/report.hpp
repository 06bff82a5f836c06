#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foehn/service/presence.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::service {

/// What is known of a job.
struct JobReport {
  Ticket ticket;
  State state = State::queued;
  std::string service = {};           ///< that runs it
  std::optional<Beat> progress = {};  ///< of one that is run
  /// Since its service gave a sign of life, if that is long ago or the service is known to be dead.
  std::optional<double> silent_seconds = {};
  bool is_orphaned = false;  ///< its service is known to be dead: what it says of progress is the last
  std::string output = {};   ///< folder of its members; empty until a service has begun with it
  std::string message = {};  ///< of one that failed, or that is not yet taken notice of
};

/// What runs of jobs took of some kind of device.
struct RunEnergy {
  std::int64_t runs = 0;     ///< that used such devices
  std::int64_t metered = 0;  ///< of these, whose machines say how much
  double joules = 0;         ///< of these
  double years = 0;          ///< simulated by these
};

/// What services did with a spool, by their journals.
struct Summary {
  std::map<State, std::int64_t> jobs;
  double years = 0;         ///< simulated
  double device_hours = 0;  ///< of all ranks that ran jobs, each with its GPU or its threads
  double hours = 0;  ///< from the first claim to the end of the last job, by the clocks of their machines
  std::int64_t evaluated = 0;  ///< windows of networks or Gaussian priors
  std::int64_t differentiated = 0;
  RunEnergy processors, gpus;
  std::int64_t crashes = 0;             ///< of services that ran a job
  std::optional<double> waiting_hours;  ///< from submission to the first claim, mean over jobs
};

struct Report {
  std::vector<JobReport> jobs;  ///< those that are run, queued (in order), held, failed and done
  Summary summary;
};

/// Looks at a spool: a few files and folders for each service and failed job, and none for other jobs.
Report report_on(const Spool& spool);
/// The jobs that are being run, with their progress, and how many there are of each state: no journal is
/// read.
Report report_on_progress(const Spool& spool);

/// "claimed  europe  500  42 %, 108 of 256 steps, 1 h 10 min left; by node7-4711", a line per job.
std::string list_text(const std::vector<JobReport>& jobs);
std::string summary_text(const Summary& summary);
/// The jobs that are being run, and below them how many there are of each state.
std::string progress_text(const Report& report);
nlohmann::json to_json(const Report& report);

}  // namespace foehn::service
