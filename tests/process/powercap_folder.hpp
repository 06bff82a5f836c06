#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "io/test_files.hpp"

namespace foehn::testing {

/// A folder as the kernel's of RAPL, whose counters stand as they are set.
class PowercapFolder {
 public:
  std::filesystem::path folder() const { return folder_ / ""; }
  void set(const std::string& zone, const std::string& name, std::int64_t microjoules,
           std::int64_t range) const {
    std::filesystem::create_directory(folder_ / zone);
    io::write_content(folder_ / zone / "name", name + "\n");
    io::write_content(folder_ / zone / "energy_uj", std::to_string(microjoules) + "\n");
    io::write_content(folder_ / zone / "max_energy_range_uj", std::to_string(range) + "\n");
  }

 private:
  io::TemporaryFolder folder_;
};

}  // namespace foehn::testing
