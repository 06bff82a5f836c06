#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foehn/calendar/time_axis.hpp"
#include "foehn/ingestion/source_grid.hpp"
#include "foehn/ingestion/time_sampling.hpp"
#include "foehn/ingestion/vertical_level.hpp"
#include "foehn/io/field_layout.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/field_values.hpp"

namespace foehn::ingestion {

/// The checked header of one variable in one file.
struct SourceFile {
  std::filesystem::path path;
  io::FieldLayout layout;
  std::shared_ptr<const SourceGrid> grid;  ///< shared by all files on it
  calendar::TimeAxis times;
  io::Sampling sampling;
  std::optional<VerticalLevel> level;
  io::Attributes attributes;  ///< of the file as a whole: what it is made of
};

/// One variable over time, joined from many files: each instant once, in order. Files may overlap.
class Record {
 public:
  /// @param variable  as wanted: the name and unit that values are given in
  /// @param files     in any order; at least one
  /// @throws Error naming two files whose grids, calendars, standard names, levels or sampling in time
  ///                   differ
  Record(io::Variable variable, std::vector<SourceFile> files);

  const io::Variable& variable() const { return variable_; }
  /// The standard name of what the files hold, which for winds may differ from the wanted one.
  const std::string& source_standard_name() const { return files_.front().layout.variable.standard_name; }
  const std::shared_ptr<const SourceGrid>& grid() const { return files_.front().grid; }
  const io::Sampling& sampling() const { return files_.front().sampling; }
  const calendar::TimeAxis& times() const { return times_; }
  std::int64_t step_seconds() const { return step_seconds_; }
  const std::vector<SourceFile>& files() const { return files_; }
  const std::filesystem::path& file_of(std::int64_t index) const { return file(kept_[at(index)]).path; }

  /// Keeps only what lies between two dates, both inclusive (io::select_period), and the files that hold it.
  /// For a mean, its middle counts.
  /// @param options  that the dates come from, for messages
  /// @throws Error if nothing is left, or naming the gap in it and the files on both sides
  void select_period(const std::string& start, const std::string& end,
                     const std::string& options = "time.start, time.end");

  /// Reads every instant of the period that files have in common, and compares what they hold of the crop.
  /// @throws Error naming files, variable, time and cell of the first values that differ by more than the
  ///         files' precision
  void check_overlaps(const grid::Crop& crop) const;

  /// Reads instants [first, first + count) of the crop; missing values are NaN.
  /// @param values   room for [count, cells of the crop]
  /// @param is_used  [cell of the crop]: whether a cell's values are used, and so must be plausible; empty:
  ///                 all
  /// @throws Error naming file, variable, time and place of the first value that is not plausible for its
  ///         standard name
  void read(std::int64_t first, std::int64_t count, const grid::Crop& crop, std::span<float> values,
            std::span<const char> is_used = {}) const;

 private:
  /// Where an instant lies.
  struct Slot {
    std::size_t file = 0;
    std::int64_t index = 0;
    bool is_followed_by(const Slot& next) const { return file == next.file && index + 1 == next.index; }
  };
  /// An instant that lies in two files.
  struct Repeat {
    std::int64_t seconds = 0;
    Slot kept, other;
  };

  static std::size_t at(std::int64_t index) { return static_cast<std::size_t>(index); }
  const SourceFile& file(const Slot& slot) const { return files_[slot.file]; }
  void check_alike() const;
  void join();
  void check_steps();
  /// Looks for a gap that reaches from before or after the range into the period.
  void check_borders(const io::IndexRange& range, const std::string& start, const std::string& end) const;
  std::int64_t step_to(std::int64_t index) const;
  [[noreturn]] void refuse_step(std::int64_t index, std::int64_t expected) const;
  void drop_unused_files();
  void check_plausible(std::int64_t first, std::int64_t count, const grid::Crop& crop,
                       std::span<const float> values, std::span<const char> is_used) const;
  /// Reads one of two files that overlap, forward in time.
  struct OverlapReader {
    std::optional<io::NetcdfFile> file;
    io::ReadAhead ahead;
    void read(const SourceFile& source, const grid::Crop& crop, std::int64_t first, std::int64_t count,
              std::vector<float>& values);
  };
  void compare(const Repeat* first, std::int64_t count, const grid::Crop& crop, OverlapReader& of_kept,
               OverlapReader& of_other) const;

  io::Variable variable_;
  std::vector<SourceFile> files_;
  calendar::TimeAxis times_;
  std::vector<Slot> kept_;  // [instant]
  std::vector<Repeat> repeats_;
  std::int64_t step_seconds_ = 0;
  // The file read last stays open: reads go forward in time, and a thousand files may be joined.
  mutable std::optional<io::NetcdfFile> open_file_;
  mutable io::ReadAhead ahead_;
};

}  // namespace foehn::ingestion
