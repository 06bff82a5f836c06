#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "io/test_files.hpp"
#include "outcome.hpp"

namespace foehn::testing {

/// Writes options as a job's file.
inline std::filesystem::path write_job(const std::filesystem::path& file, const Options& options) {
  std::map<std::string, std::string> sections;
  for (const auto& [name, value] : options) {
    const auto dot = name.find('.');
    sections[name.substr(0, dot)] += name.substr(dot + 1) + " = " + value + "\n";
  }
  std::string text;
  for (const auto& [section, lines] : sections) text += "[" + section + "]\n" + lines;
  io::write_content(file, text);
  return file;
}

}  // namespace foehn::testing
