#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "foehn/comm/communicator.hpp"
#include "foehn/comm/space_groups.hpp"
#include "foehn/comm/transport.hpp"
#include "foehn/job/plan.hpp"
#include "foehn/model/graph_transformer.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/process/device.hpp"

namespace foehn::job {

/// Ranks that evaluate windows together, each of them some of the cells: consecutive ones of the world. The
/// first of a group leads: leaders draw members among themselves, as if there were no other ranks. The others
/// help to evaluate windows, and do nothing else.
class SpaceGroup {
 public:
  /// @param world  outlives this
  /// @param ranks  of a group
  /// @throws core::CollectiveError if the world's ranks make no such groups
  /// @note Collective over the world.
  SpaceGroup(const comm::Communicator& world, std::int64_t ranks, const process::Hardware& hardware);

  bool leads() const { return groups_.group.is_root(); }
  /// Of a leader: all of them, in the order of the world.
  const comm::Communicator& leaders() const { return groups_.alike; }

  /// Loads the prior on all ranks, and shares out its cells. Of leaders, while the others are in `help`.
  /// @param files  of the world's root
  /// @throws core::CollectiveError as load_prior, on all ranks
  /// @note Collective over the world.
  std::shared_ptr<const model::PriorBundle> load(std::optional<model::PriorFiles> files, const Plan& plan);
  /// Helps until the group's leader calls `release`. Of the other ranks.
  void help();
  /// Whether leaders share out members over several teams, one of which may fail alone. Of leaders.
  bool has_teams() const { return has_teams_; }
  /// Lets the other ranks return from `help`. Of leaders.
  /// @throws core::Error if the network failed while the group evaluated windows
  void release();

 private:
  void share(std::optional<model::PriorFiles> files, const std::vector<std::int64_t>& facts);

  const comm::Communicator& world_;
  process::Hardware hardware_;
  comm::SpaceGroups groups_;
  std::unique_ptr<comm::Transport> transport_;  // of the group
  std::shared_ptr<const model::PriorBundle> prior_;
  model::GraphTransformer* network_ = nullptr;  // of the prior, once its cells are shared out
  bool has_teams_ = false;
};

/// @throws core::UsageError if the prior's network does not share out cells
void check_shares_cells(const model::PriorDescription& prior);

}  // namespace foehn::job
