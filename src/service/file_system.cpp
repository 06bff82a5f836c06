#include "foehn/service/file_system.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <system_error>

#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/process/output_lock.hpp"

namespace foehn::service {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostBytes = std::size_t{64} << 20;  // of a job, a message or a journal

[[noreturn]] void fail(const fs::path& path, const char* doing) {
  throw core::Error(fmt::format("{}: cannot be {}: {}", path.string(), doing, std::strerror(errno)));
}

/// Writes to a file that is opened for it.
void write(const fs::path& path, int flags, std::string_view content, bool to_disk) {
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0666);
  if (descriptor < 0) fail(path, "opened");
  // In one call: lines of a journal stay whole.
  bool is_written =
      ::write(descriptor, content.data(), content.size()) == static_cast<ssize_t>(content.size());
  if (is_written && to_disk) is_written = ::fsync(descriptor) == 0;
  const int reason = errno;
  const bool is_closed = ::close(descriptor) == 0;  // where a network file system tells of a full disk
  if (!is_written) errno = reason;
  if (!is_written || !is_closed) fail(path, "written");
}

class FolderLock : public Lock {
 public:
  explicit FolderLock(const fs::path& folder) : lock_(folder, "lock") {}

 private:
  process::OutputLock lock_;
};

class Disk : public FileSystem {
 public:
  std::vector<std::string> list(const fs::path& folder) override {
    std::vector<std::string> names;
    std::error_code error;
    fs::directory_iterator entry(folder, error);
    for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
      std::string name = entry->path().filename().string();
      if (!name.starts_with('.')) names.push_back(std::move(name));
    }
    if (error && error != std::errc::no_such_file_or_directory)
      throw core::Error(fmt::format("{}: cannot be listed: {}", folder.string(), error.message()));
    return names;
  }

  bool exists(const fs::path& path) override {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
  }

  void rename(const fs::path& from, const fs::path& to) override {
    if (std::rename(from.c_str(), to.c_str()) == 0 || errno == ENOENT) return;
    if (errno == EACCES || errno == EPERM || errno == EROFS || errno == ENOSPC || errno == EDQUOT)
      fail(from, fmt::format("renamed to {}", to.string()).c_str());
  }

  bool create(const fs::path& path, std::string_view content) override {
    // A link, unlike a rename, never replaces a file.
    const fs::path temporary =
        path.parent_path() / fmt::format(".{}.{}.{}", path.filename().string(), ::getpid(), next_++);
    io::write_file_atomically(temporary, content);
    bool is_made = ::link(temporary.c_str(), path.c_str()) == 0;
    const int reason = errno;
    struct stat status {};
    // A link that was made although the call failed.
    if (!is_made) is_made = ::stat(temporary.c_str(), &status) == 0 && status.st_nlink == 2;
    ::unlink(temporary.c_str());
    errno = reason;
    if (!is_made && reason != EEXIST) fail(path, "made");
    return is_made;
  }

  void overwrite(const fs::path& path, std::string_view content) override {
    write(path, O_TRUNC, content, false);
  }
  void append(const fs::path& path, std::string_view content) override {
    write(path, O_APPEND, content, true);
  }

  std::optional<std::string> read(const fs::path& path) override {
    try {
      return io::read_small_file(path, kMostBytes);
    } catch (const core::Error&) {
      if (!exists(path)) return std::nullopt;
      throw;
    }
  }

  void remove(const fs::path& path) override {
    if (std::remove(path.c_str()) != 0 && errno != ENOENT && errno != ENOTEMPTY && errno != EEXIST)
      fail(path, "removed");
  }

  bool make_folder(const fs::path& folder) override {
    std::error_code error;
    const bool is_new = fs::create_directories(folder, error);
    if (error) throw core::Error(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
    return is_new;
  }

  std::unique_ptr<Lock> try_lock(const fs::path& folder) override {
    try {
      return std::make_unique<FolderLock>(folder);
    } catch (const process::FolderInUse&) {
      return nullptr;
    }
  }

 private:
  std::atomic<int> next_ = 0;
};

}  // namespace

FileSystem& disk() {
  static Disk one;
  return one;
}

}  // namespace foehn::service
