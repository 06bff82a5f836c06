#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/watchdog.hpp"
#include "foehn/process/stop.hpp"
#include "foehn/service/serve.hpp"
#include "prior_shelf.hpp"

namespace foehn::service {

/// How a job ended here.
enum class Outcome {
  done,
  stopped,  ///< with what can be kept of it
  refused,  ///< it cannot be run; the message says why
  busy,     ///< another run writes to its folder, as the message says
  unsuited  ///< it is for a service of other ranks or devices, as the message says
};

struct JobResult {
  Outcome outcome = Outcome::done;
  std::string
      message;  ///< of one that is refused or unsuited, on every rank; of one that is busy, on the root
  bool is_surely_busy = true;  ///< the system vouches for the other run, not only a file
  nlohmann::json facts =
      nlohmann::json::object();  ///< what it is and what it cost, for the journal; of the root
};

/// Runs a job from its text, as `foehn sample` would.
/// @param name  of the job
/// @throws core::CollectiveError of a team alone, after which the ranks no longer agree
/// @note Collective over the world.
JobResult run_order(const comm::Communicator& world, const std::string& text, const std::string& name,
                    const Reader& reader, PriorShelf& shelf, comm::Watchdog& watchdog,
                    const process::StopToken& stop);

}  // namespace foehn::service
