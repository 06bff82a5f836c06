#include "atomic_file.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"

namespace foehn::io {
namespace {

[[noreturn]] void fail(const std::filesystem::path& path, const std::string& doing) {
  throw core::Error(fmt::format("{}: cannot be {}: {}", path.string(), doing, std::strerror(errno)));
}

std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

/// Asks the system to bring a file or folder to disk; false with errno if it cannot.
bool sync_to_disk(const std::filesystem::path& path, int flags) {
  const int descriptor = ::open(path.c_str(), flags | O_CLOEXEC);
  if (descriptor < 0) return false;
  const bool synced = ::fsync(descriptor) == 0;
  const int reason = errno;
  ::close(descriptor);
  errno = reason;
  return synced;
}

}  // namespace

std::filesystem::path temporary_path_of(const std::filesystem::path& path) {
  std::error_code ignored;
  if (!std::filesystem::is_directory(folder_of(path), ignored)) {
    throw core::Error(
        fmt::format("{}: cannot be written: no folder {}", path.string(), folder_of(path).string()));
  }
  return folder_of(path) / fmt::format(".{}.part", path.filename().string());
}

void sync_file(const std::filesystem::path& temporary_path, const std::filesystem::path& path) {
  if (!sync_to_disk(temporary_path, O_RDONLY)) fail(path, "brought to disk");
}

void rename_file(const std::filesystem::path& temporary_path, const std::filesystem::path& path) {
  if (std::rename(temporary_path.c_str(), path.c_str()) != 0) fail(path, "given its final name");
  if (!sync_to_disk(folder_of(path), O_RDONLY | O_DIRECTORY)) fail(path, "brought to disk");
}

void publish_file(const std::filesystem::path& temporary_path, const std::filesystem::path& path) {
  sync_file(temporary_path, path);
  rename_file(temporary_path, path);
}

AtomicFile::AtomicFile(std::filesystem::path path)
    : path_(std::move(path)),
      temporary_path_(temporary_path_of(path_)),
      descriptor_(::open(temporary_path_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail(path_, "created");
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(temporary_path_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) fail(path_, "written");
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void AtomicFile::commit() {
  // The descriptor stays until all is well, so that after a failure the destructor cleans up.
  publish_file(temporary_path_, path_);
  ::close(std::exchange(descriptor_, -1));
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(content)));
  file.commit();
}

void sync_file(const std::filesystem::path& path) {
  sync_file(path, path);
}

void make_folders(const std::filesystem::path& folder) {
  if (std::filesystem::is_directory(folder)) return;
  const std::filesystem::path parent = folder_of(folder);
  make_folders(parent);
  std::error_code error;
  std::filesystem::create_directory(folder, error);
  if (error) throw core::Error(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
  if (!sync_to_disk(parent, O_RDONLY | O_DIRECTORY)) fail(folder, "brought to disk");
}

void publish_folder(const std::filesystem::path& temporary, const std::filesystem::path& final_path) {
  if (!sync_to_disk(temporary, O_RDONLY | O_DIRECTORY)) fail(final_path, "brought to disk");
  std::filesystem::remove_all(final_path);
  if (std::rename(temporary.c_str(), final_path.c_str()) != 0) fail(final_path, "given its final name");
  if (!sync_to_disk(folder_of(final_path), O_RDONLY | O_DIRECTORY)) fail(final_path, "brought to disk");
}

std::string read_small_file(const std::filesystem::path& path, std::size_t most_bytes) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error == std::errc::no_such_file_or_directory)
    throw core::Error(fmt::format("{}: no such file", path.string()));
  if (error) throw core::Error(fmt::format("{}: cannot be read: {}", path.string(), error.message()));
  if (size > most_bytes)
    throw core::Error(fmt::format("{}: {} bytes, expected at most {}", path.string(), size, most_bytes));
  std::ifstream file(path, std::ios::binary);
  std::string content(std::istreambuf_iterator<char>(file), {});
  if (file.bad() || content.size() != size)
    throw core::Error(fmt::format("{}: cannot be read whole", path.string()));
  return content;
}

}  // namespace foehn::io
