#include "foehn/io/disk_space.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "foehn/core/error.hpp"

namespace foehn::io {

double free_space(const std::filesystem::path& folder) {
  return static_cast<double>(std::filesystem::space(folder).available);
}

std::string megabytes(double bytes) {
  return fmt::format("{:.3g} MB", bytes / 1e6);
}

void check_free(const std::filesystem::path& folder, double least, double whole, const std::string& what) {
  const double free = free_space(folder);
  if (least > free)
    throw core::Error(fmt::format("output.directory: {} has {} free, but {} take at least {}",
                                  folder.string(), megabytes(free), what, megabytes(least)));
  if (whole > free)
    spdlog::warn("output.directory: {} has {} free, but {} may take up to {}", folder.string(),
                 megabytes(free), what, megabytes(whole));
}

}  // namespace foehn::io
