#pragma once

#include <filesystem>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "foehn/service/file_system.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::service {

/// What may happen to a service and its jobs.
enum class Event { started, claimed, done, failed, put_back, lost, taken_over, ended };

std::string event_name(Event event);

/// What one service did, a JSON object per line, for people and their figures: nothing is decided by it.
class Journal {
 public:
  /// @param files  outlives it
  Journal(FileSystem& files, std::filesystem::path file);
  /// Adds "time" (of this machine) and "event". What cannot be written is a warning in the log.
  /// @param facts  a JSON object
  void write(Event event, const nlohmann::json& facts) const;

 private:
  FileSystem& files_;
  std::filesystem::path file_;
};

/// The lines of all journals of a spool, in order of time; a line that was cut short by a crash is left out.
std::vector<nlohmann::json> read_journals(const Spool& spool);

}  // namespace foehn::service
