#pragma once

#include <array>
#include <cstdio>
#include <string>
#include <utility>

namespace foehn::io {

/// What a command prints, errors included, and its exit status.
inline std::pair<std::string, int> run(const std::string& command) {
  std::string output;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");
  std::array<char, 4096> buffer{};
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), size);
  return {output, ::pclose(pipe)};
}

/// cdo's output without the one line that it has for every scalar coordinate that is no height: CF wants
/// `realization` among a variable's coordinates, and cdo knows no way to keep it.
inline std::string without_cdo_on_realization(std::string output) {
  const std::string line = "Warning (cdfInqContents): Coordinates variable realization can't be assigned!\n";
  for (auto at = output.find(line); at != std::string::npos; at = output.find(line))
    output.erase(at, line.size());
  return output;
}

}  // namespace foehn::io
