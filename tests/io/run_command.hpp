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

}  // namespace foehn::io
