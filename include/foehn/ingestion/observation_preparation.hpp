#pragma once

#include <deque>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "foehn/ingestion/preparation_inputs.hpp"
#include "foehn/io/field_writer.hpp"

namespace foehn::ingestion {

class PreparedBias;

/// Observations being made from a climate model's files: of snapshots one file, of means another. In order:
/// the constructor checks all input, `open` begins the files, `write` fills them, `commit` gives them their
/// names. Without commit nothing is left behind.
class ObservationPreparation {
 public:
  /// @param options  must outlive this object
  /// @param domain   that the observations are for
  /// @param cut      leaves of each record what is wanted
  /// @throws core::UsageError for options that do not go together, core::Error naming what is wrong with the
  ///         files
  ObservationPreparation(const PreparationTask& options, FineDomain domain, const RecordCut& cut);
  ~ObservationPreparation();
  ObservationPreparation(const ObservationPreparation&) = delete;
  ObservationPreparation& operator=(const ObservationPreparation&) = delete;

  const std::vector<ObservationStream>& streams() const { return streams_; }
  /// The file that a stream goes to.
  const std::string& output_of(const ObservationStream& stream) const;
  /// All files that options name as input, whether or not the period needs them.
  std::vector<std::filesystem::path> inputs() const;

  /// Begins the files beside their final places, to find out if they can be written.
  void open();
  /// Reads and writes everything, and brings it to disk under temporary names; shows how far it has come.
  void write();
  /// Where the files are between write and commit, in the order of streams.
  std::vector<std::filesystem::path> unpublished() const;
  /// Gives the files their names, once all of them are whole.
  void commit();

  /// What is in a stream's file, for people.
  std::string describe(const ObservationStream& stream) const;
  /// Which variables of which files it is made from: a line for each file that the period needs.
  std::string describe_sources(const ObservationStream& stream) const;

 private:
  void check_statistics() const;
  io::FieldHeader header_of(const ObservationStream& stream) const;

  const PreparationTask& options_;
  FineDomain domain_;
  PreparationTarget target_;
  std::vector<ObservationStream> streams_;
  std::unique_ptr<PreparedBias> bias_;
  std::deque<io::FieldWriter> writers_;  // of each stream
};

}  // namespace foehn::ingestion
