#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "foehn/comm/communicator.hpp"

namespace foehn::checkpoint {

/// What is kept of a trajectory between two steps.
struct Snapshot {
  std::int64_t step = 0;
  std::map<std::string, std::string> facts;  ///< the same on all ranks
  /// [hour, ...], float32: this rank's hours of fields that are equal in name and form on all ranks.
  std::map<std::string, at::Tensor> fields;
};

/// The hours [first, last) that a rank owns; may be none.
struct Hours {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t size() const { return last - first; }
};

/// The checkpoints of one trajectory, in a folder of its own:
///
///   step_000012/manifest.json           identity, step, facts and, of every file, hours, size and digest
///   step_000012/hours_0000000_0000049.nc  one file (NetCDF-4, that is HDF5) a rank, keyed by its hours
///
/// Every rank writes its hours in a thread of its own while the sampling goes on; when all have, the root of
/// the team writes the manifest and gives the folder its name, so that a folder of that name is whole. The
/// last two are kept. What is read is checked first: a checkpoint that is torn, truncated or changed is
/// passed over for the one before. Any number of ranks may read what any other number has written.
///
/// All members are collective over the team.
///
/// The thread uses NetCDF, which is not thread-safe: whoever owns a store must not, between save and publish.
class Store {
 public:
  /// @param team      the ranks that share the trajectory; all see the same folder
  /// @param identity  what the trajectory is made of, line by line "name = value": another one's checkpoint
  /// is
  ///                  refused
  Store(const comm::Communicator& team, std::filesystem::path folder, std::string identity, Hours mine);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// The newest good checkpoint, this rank's hours of it; nothing where there is none.
  /// @throws comm::AgreedError if it is of another identity, naming the first lines that differ
  std::optional<Snapshot> load();

  /// Is a checkpoint on its way to disk? The same on all ranks.
  bool is_writing() const { return writing_.has_value(); }
  /// Copies the snapshot and begins to write it; the one before must be published.
  void save(const Snapshot& snapshot);
  /// What came of a checkpoint that was begun.
  enum class Progress { writing, published, failed };
  /// Publishes the checkpoint if all ranks have written theirs.
  /// @param wait  until then
  Progress publish(bool wait);
  /// Why the last one failed; empty on none. The same on all ranks.
  const std::string& failure() const { return failure_; }

 private:
  struct Writing;
  void discard_partial() const;

  const comm::Communicator& team_;
  std::filesystem::path folder_;
  std::string identity_;
  Hours mine_;
  std::optional<std::int64_t> writing_;  // the step
  std::unique_ptr<Writing> background_;
  std::string failure_;
};

}  // namespace foehn::checkpoint
