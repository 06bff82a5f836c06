#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "foehn/comm/communicator.hpp"

namespace foehn::checkpoint {

struct Manifest;

/// What is kept of a trajectory between two steps.
struct Snapshot {
  std::int64_t step = 0;
  std::map<std::string, std::string> facts;  ///< the same on all ranks
  /// [hour, ...], float32: this rank's hours of fields that are equal in name and form on all ranks.
  std::map<std::string, at::Tensor> fields;
};

/// The hours [first, last) that a rank owns; may be empty.
struct Hours {
  std::int64_t first = 0;
  std::int64_t last = 0;
  std::int64_t size() const { return last - first; }
};

/// What every checkpoint of a trajectory must have.
struct Form {
  std::int64_t hours = 0;                ///< of the whole trajectory
  std::vector<std::int64_t> hour_shape;  ///< of every field
};

/// The checkpoints of one trajectory, in a folder of its own:
///
///   step_000012/manifest.json           identity, step, facts and, of every file, hours, size and digest
///   step_000012/hours_0000000_0000049.nc  one file (NetCDF-4, that is HDF5) per rank, keyed by its hours
///
/// Every rank writes its hours, and brings them to disk, in a thread of its own while the sampling continues;
/// when all have, the root of the team writes the manifest and gives the folder its name, so that a folder of
/// that name is whole. The last two are kept. What is read is checked first: a checkpoint that is torn,
/// truncated or changed is passed over for the one before, and is removed when a new one is whole. Any number
/// of ranks may read what any other number has written.
///
/// All members are collective over the team.
///
/// The thread uses NetCDF, which is not thread-safe: whoever owns a store must not, between save and publish.
class Store {
 public:
  /// @param team      the ranks that share the trajectory; all see the same folder
  /// @param identity  what the trajectory is made of, line by line "name = value": another one's checkpoint
  ///                  is refused
  Store(const comm::Communicator& team, std::filesystem::path folder, std::string identity, Form form,
        Hours mine);
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Refuses the checkpoints of another identity in a folder, without reading the fields. Not collective.
  /// @throws core::Error naming the newest one and the first lines that differ
  static void check_identity(const std::filesystem::path& folder, const std::string& identity);
  /// Removes the checkpoints in a folder, and the folder if nothing else is in it. Not collective.
  /// @return  whether all are gone
  static bool remove_all(const std::filesystem::path& folder);

  /// The newest good checkpoint, this rank's hours of it; nothing if there is no good one.
  /// @param check  throws core::Error if a snapshot cannot be used: it is passed over
  /// @throws core::CollectiveError if it is of another identity, naming the first lines that differ
  std::optional<Snapshot> load(const std::function<void(const Snapshot&)>& check);

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
  void remove_old(const std::filesystem::path& newest);
  Manifest parse(const std::string& text, std::int64_t step) const;

  const comm::Communicator& team_;
  std::filesystem::path folder_;
  std::string identity_;
  Form form_;
  Hours mine_;
  std::vector<std::filesystem::path> passed_over_;  // by load, of the root
  std::optional<std::int64_t> writing_;             // the step
  std::unique_ptr<Writing> background_;
  std::string failure_;
};

}  // namespace foehn::checkpoint
