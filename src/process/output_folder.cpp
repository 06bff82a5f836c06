#include "foehn/process/output_folder.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <system_error>

#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"

namespace foehn::process {

OutputFolder::OutputFolder(const std::filesystem::path& folder, const std::string& option,
                           bool is_temporary) {
  core::with_context(option, [&] {
    std::error_code error;
    const std::filesystem::path whole = std::filesystem::absolute(folder, error);
    for (auto path = whole; is_temporary && path.has_relative_path() && !std::filesystem::exists(path, error);
         path = path.parent_path())
      to_remove_.push_back(path);
    std::filesystem::create_directories(folder, error);
    if (error) throw core::Error(fmt::format("cannot make {}: {}", folder.string(), error.message()));
    const std::filesystem::path probe = folder / fmt::format(".foehn_probe_{}", getpid());
    io::write_file_atomically(probe, "");
    std::filesystem::remove(probe, error);
  });
}

OutputFolder::~OutputFolder() {
  std::error_code error;
  for (const auto& path : to_remove_) std::filesystem::remove(path, error);
}

}  // namespace foehn::process
