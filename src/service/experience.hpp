#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "foehn/service/serve.hpp"

namespace foehn::service {

/// What jobs draw with, in so far as what they cost depends on it: prior, sampler, guidance, batch,
/// arithmetic and threads. Jobs of one setting take the same time for an instant of a member.
std::string setting_of(const Order& order);

/// The seconds that a job takes.
struct Estimate {
  double loading = 0;           ///< before the first step
  std::optional<double> whole;  ///< with loading; nothing where no job of its setting has run, or its length
                                ///< is that of its observations
};

/// What jobs took, by their setting and device, learnt from lines of journals.
class Experience {
 public:
  /// @param ranks  that jobs to come run on; trajectories are taken to scale with ranks
  explicit Experience(int ranks) : ranks_(ranks) {}

  /// Learns from a line of a journal, if it is one of a job that was drawn.
  /// @param is_own  it is one of this service, whose jobs to come have the same device
  void learn(const nlohmann::json& line, bool is_own);
  /// By jobs of the same device; as long as that is not known, by those of the slowest.
  Estimate of(const Order& order) const;

 private:
  struct Cost {
    std::string setting, device;
    double rank_seconds = 0, instants = 0;  ///< of jobs, without loading
    double loading_seconds = 0;             ///< the longest
  };
  Cost& cost_of(const std::string& setting, const std::string& device);

  int ranks_;
  std::string device_;  ///< empty: not known yet
  std::vector<Cost> costs_;
};

}  // namespace foehn::service
