#include "foehn/checkpoint/identity.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <vector>

namespace foehn::checkpoint {

namespace {

/// "name = value" by name.
std::map<std::string, std::string> lines_of(const std::string& identity) {
  std::map<std::string, std::string> lines;
  std::istringstream stream(identity);
  for (std::string line; std::getline(stream, line);) {
    const auto middle = line.find(" = ");
    lines[line.substr(0, middle)] = middle == std::string::npos ? "" : line.substr(middle + 3);
  }
  return lines;
}

}  // namespace

std::string difference(const std::string& there, const std::string& here) {
  constexpr std::size_t kMostLines = 3;
  const auto old_lines = lines_of(there), new_lines = lines_of(here);
  std::vector<std::string> found;
  const auto value = [](const auto& lines, const std::string& name) {
    const auto line = lines.find(name);
    return line == lines.end() ? "nothing" : line->second;
  };
  std::map<std::string, std::string> names(old_lines);
  names.insert(new_lines.begin(), new_lines.end());
  for (const auto& [name, unused] : names)
    if (value(old_lines, name) != value(new_lines, name))
      found.push_back(
          fmt::format("{}: {} there, {} here", name, value(old_lines, name), value(new_lines, name)));
  std::string text;
  for (std::size_t i = 0; i < std::min(found.size(), kMostLines); ++i)
    text += (i == 0 ? "" : "; ") + found[i];
  if (found.size() > kMostLines) text += fmt::format(" (and {} more)", found.size() - kMostLines);
  return text;
}

}  // namespace foehn::checkpoint
