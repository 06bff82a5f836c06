#pragma once

#include <filesystem>
#include <iosfwd>
#include <map>
#include <string>
#include <vector>

namespace foehn::testing {

using Words = std::vector<std::string>;

/// Options of a subcommand by name, without the leading dashes.
using Options = std::map<std::string, std::string>;

/// How a run ended and what it said.
struct Outcome {
  int exit_code = -1;  ///< of a process that a signal ended: 128 and its number
  bool timed_out = false;
  std::string out, err;
};
std::ostream& operator<<(std::ostream& stream, const Outcome& outcome);

/// The command line after the program's name.
Words command_line(const std::string& subcommand, const Options& options, const Words& more = {});

/// How many lines of a text begin with "foehn: error: ".
int error_lines(const std::string& text);

/// Every regular file below a folder, relative to it, sorted; none if it does not exist.
std::vector<std::string> files_in(const std::filesystem::path& folder);

}  // namespace foehn::testing
