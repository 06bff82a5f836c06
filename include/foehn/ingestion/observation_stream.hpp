#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "foehn/ingestion/block_regridding.hpp"
#include "foehn/ingestion/record.hpp"

namespace foehn::ingestion {

enum class RegridMethod { bilinear, conservative };

/// Where coarse observations lie and how fields get there.
struct Target {
  grid::Grid domain;  ///< the fine grid
  std::int64_t block = 1;
  RegridMethod method = RegridMethod::bilinear;
  std::filesystem::path weights;     ///< a weight file onto the domain in place of a method; empty: none
  double cell_missing_fraction = 0;  ///< part of a block that may be missing; the mean is over the rest
  double missing_fraction = 0;       ///< part of a variable's coarse values that may be missing themselves
};

/// Records of one kind (snapshots, or means over intervals of one length) as block means on a domain, instant
/// by instant; the instants are those that all records have.
class ObservationStream {
 public:
  /// @param records  cut to the period that is wanted
  /// @throws Error naming variable and file: intervals or calendars that differ, no instant in common, a
  ///         source grid that does not cover the domain or wants a weight file, a wind without its other
  ///         component, files that overlap and disagree
  ObservationStream(std::vector<Record> records, Target target);

  const std::vector<io::Variable>& variables() const { return variables_; }
  const grid::Grid& grid() const { return grid_; }
  const calendar::TimeAxis& times() const { return times_; }
  std::int64_t step_seconds() const { return step_seconds_; }
  const io::Sampling& sampling() const { return records_.front().sampling(); }
  const std::vector<Record>& records() const { return records_; }
  /// The file that an instant of a variable is read from.
  const std::filesystem::path& file_of(std::size_t variable, std::int64_t index) const {
    return records_[variable].file_of(instants_[variable][static_cast<std::size_t>(index)]);
  }
  bool turns_winds() const { return !winds_.empty(); }

  /// Reads one instant; fastest forward in time, in which files are read ahead.
  /// @param values  [variable, Y, X], in the variables' units; NaN where too much of a block is missing
  /// @throws Error naming file, variable, time and place of the first missing value of a variable of which
  ///         more are missing than may be; found as soon as all instants read, in order, have so many
  void read(std::int64_t index, std::span<float> values);
  /// Missing values so far, of all instants up to the last one read, [variable].
  std::vector<std::int64_t> missing() const;

 private:
  struct Field {                // read last
    std::int64_t instant = -1;  // of the record
    std::vector<float> values;  // [region]
  };
  struct Missing {  // so far, and where the first one is
    std::int64_t count = 0, index = 0;
    std::size_t lacking = 0;  // the record whose file lacks it: of turned winds perhaps the other one
    MissingBlocks first;
  };
  struct WindPair {
    std::size_t u = 0, v = 0;
    std::vector<double> source_angles;  // [region]; empty: the source's winds are geographic
    bool is_turned_to_grid = false;
  };

  void find_common_times();
  void regrid(const SourceGrid& source, std::size_t record);
  /// Whether a record's winds go along its grid, and that is not along meridians.
  bool comes_along_grid(std::size_t record) const;
  bool share_grid(std::size_t record, std::size_t other) const;
  void pair_winds();
  std::span<const float> field(std::size_t record, std::int64_t index);
  void count(std::size_t record, std::int64_t index, const MissingBlocks& found, std::size_t lacking);
  std::string describe_missing(std::size_t record) const;
  std::span<float> part(std::span<float> values, std::size_t record) const;

  std::vector<Record> records_;
  Target target_;
  std::vector<io::Variable> variables_;
  grid::Grid grid_;
  calendar::TimeAxis times_;
  std::int64_t step_seconds_ = 0;
  std::vector<std::vector<std::int64_t>> instants_;  // [record, index]: the instant in the record
  std::vector<std::shared_ptr<const BlockRegridding>> regridding_;  // [record], shared on the same grid
  std::vector<WindPair> winds_;                                     // those that are turned
  std::vector<Field> fields_;                                       // [record]
  std::vector<Missing> missing_;                                    // [record]
  std::int64_t first_uncounted_ = 0;                                // index: what is read again counts once
};

/// Sorts records into snapshots and means, and makes a stream of each kind that occurs: snapshots first.
std::vector<ObservationStream> make_streams(std::vector<Record> records, const Target& target);

}  // namespace foehn::ingestion
