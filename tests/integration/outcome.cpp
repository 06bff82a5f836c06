#include "outcome.hpp"

#include <algorithm>
#include <ostream>
#include <sstream>
#include <system_error>

namespace foehn::testing {

std::ostream& operator<<(std::ostream& stream, const Outcome& outcome) {
  return stream << "exit code " << outcome.exit_code << (outcome.timed_out ? ", timed out" : "")
                << "\nstdout:\n"
                << outcome.out << "\nstderr:\n"
                << outcome.err;
}

Words command_line(const std::string& subcommand, const Options& options, const Words& more) {
  Words words{subcommand};
  for (const auto& [name, value] : options) words.insert(words.end(), {"--" + name, value});
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

int error_lines(const std::string& text) {
  std::istringstream lines(text);
  int count = 0;
  for (std::string line; std::getline(lines, line);) count += line.starts_with("foehn: error: ");
  return count;
}

std::vector<std::string> files_in(const std::filesystem::path& folder) {
  // A program that runs may remove what is being looked at: then it is looked at again.
  for (;;) {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::recursive_directory_iterator entry(folder, error);
    if (error) return {};
    for (; entry != std::filesystem::recursive_directory_iterator(); entry.increment(error)) {
      std::error_code gone;
      if (entry->is_regular_file(gone)) names.push_back(entry->path().lexically_relative(folder).string());
    }
    if (error) continue;
    std::sort(names.begin(), names.end());
    return names;
  }
}

}  // namespace foehn::testing
