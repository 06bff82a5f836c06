#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "foehn/bench/step_model.hpp"
#include "foehn/bench/subject.hpp"
#include "foehn/comm/communicator.hpp"
#include "foehn/process/device.hpp"

namespace foehn::bench {

/// A model of what a step of `foehn sample` costs on any number of ranks, of parts that were measured.
struct Model {
  /// Steps that were timed on some ranks, beside what the model says of them.
  struct Check {
    std::int64_t ranks = 0, hours = 0;
    double measured = 0, predicted = 0;   ///< seconds per step
    double sent = 0, predicted_sent = 0;  ///< bytes per step, of the rank that sends most
  };
  StepParts parts;
  LinkSpeed link;
  std::vector<Check> checks;
  std::int64_t steps_per_year = 0;  ///< of the prior
};

/// Measures the parts and checks the model on all teams of ranks that the world can be cut into by halves.
/// All ranks work all the time, so that they share cores and memory alike.
/// @param world  two ranks or more
/// @note Collective over the world.
Model make_model(const comm::Communicator& world, const Subject& subject, std::int64_t batch,
                 const process::Hardware& hardware);

/// The parts, the checks and, for 1 to 1024 ranks and 1 to 100 years, what the model predicts.
std::string describe(const Model& model);
nlohmann::json record(const Model& model);

}  // namespace foehn::bench
