#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/io/variable.hpp"
#include "foehn/tuning/search.hpp"
#include "foehn/tuning/trial.hpp"

namespace foehn::tuning {

/// The trials of a search on disk, a line of JSON each (journal.jsonl in the search's folder), in order,
/// below one that says which search it is. It is replaced whole each time, so that it is never half-written.
class Journal {
 public:
  /// Reads the journal, if there is one.
  /// @param identity  of the search
  /// @throws core::Error naming the file if it is of another search, or holds what is not a journal
  Journal(const std::filesystem::path& folder, std::string identity, std::vector<Dimension> dimensions,
          std::vector<io::Variable> variables);

  const std::vector<Trial>& trials() const { return trials_; }
  /// Adds trials, which must follow those that there are in number, and brings all to disk.
  void add(const std::vector<Trial>& trials);

 private:
  void read();
  void write() const;

  std::filesystem::path file_;
  std::string identity_;
  std::vector<Dimension> dimensions_;
  std::vector<io::Variable> variables_;
  std::vector<Trial> trials_;
};

}  // namespace foehn::tuning
