#pragma once

#include <c10/core/Device.h>

#include <cstddef>
#include <list>
#include <memory>
#include <optional>
#include <string>

#include "foehn/comm/communicator.hpp"
#include "foehn/model/prior_bundle.hpp"

namespace foehn::service {

/// The priors that were used last, loaded: the same ones on every rank.
class PriorShelf {
 public:
  /// @param most  that are kept at once, the one in use included
  explicit PriorShelf(std::size_t most) : most_(most) {}

  /// The prior of a digest on a device, in some arithmetic; it is loaded from the root's files only where it
  /// is not kept.
  /// @throws core::CollectiveError as job::load_prior
  /// @note Collective over the world.
  std::shared_ptr<const model::PriorBundle> take(const comm::Communicator& world, const std::string& digest,
                                                 std::optional<model::PriorFiles> files,
                                                 const at::Device& device, model::Precision precision);

 private:
  struct Kept {
    std::string digest;
    at::Device device;
    model::Precision precision;
    std::shared_ptr<const model::PriorBundle> prior;
  };
  std::size_t most_;
  std::list<Kept> kept_;  // the one used last first
};

}  // namespace foehn::service
