#include "foehn/process/output_lock.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>

#include "foehn/core/error.hpp"

namespace foehn::process {

namespace {

std::string machine() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "an unknown machine";
  return name.data();
}

std::string content_of(int descriptor) {
  std::array<char, 512> text{};
  const ssize_t size = ::pread(descriptor, text.data(), text.size(), 0);
  return {text.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
}

/// Does the lock file speak of a process of this machine that is gone?
bool is_stale(const std::string& content) {
  const std::string words = fmt::format(" on {}\n", machine());
  const auto place = content.find(words);
  if (!content.starts_with("process ") || place == std::string::npos) return false;
  const long process = std::strtol(content.c_str() + std::strlen("process "), nullptr, 10);
  return process > 0 && ::kill(static_cast<pid_t>(process), 0) != 0 && errno == ESRCH;
}

std::string holder(const std::string& content) {
  const std::string name = content.substr(0, content.find('\n'));
  return name.empty() ? "an unnamed process" : name;
}

/// Is the open file still the one of that name?
bool is_in_place(int descriptor, const std::filesystem::path& path) {
  struct stat open_file {
  }, named{};
  return ::fstat(descriptor, &open_file) == 0 && ::stat(path.c_str(), &named) == 0 &&
         open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
}

}  // namespace

OutputLock::OutputLock(const std::filesystem::path& folder, const std::string& option)
    : path_(folder / ".foehn_lock") {
  const auto refuse = [&](const std::string& why, bool is_locked) {
    throw FolderInUse(fmt::format("{}: another run writes here: {} {}", option, path_.string(), why),
                      is_locked);
  };
  for (;;) {
    const auto open_with = [&](int flags) { return ::open(path_.c_str(), O_RDWR | O_CLOEXEC | flags, 0666); };
    descriptor_ = open_with(O_CREAT | O_EXCL);
    const bool is_made_here = descriptor_ >= 0;
    if (!is_made_here && errno == EEXIST) descriptor_ = open_with(0);
    if (descriptor_ < 0 && errno == ENOENT && std::filesystem::is_directory(folder)) continue;
    if (descriptor_ < 0)
      throw core::Error(fmt::format("{}: {}: {}", option, path_.string(), std::strerror(errno)));
    struct flock lock {};
    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    const bool is_locked = ::fcntl(descriptor_, F_OFD_SETLK, &lock) == 0;
    const bool is_held = !is_locked && (errno == EAGAIN || errno == EACCES);
    const std::string content = content_of(descriptor_);
    // Where the file system knows no locks, who makes the file holds it.
    const bool is_ours = is_locked ? is_in_place(descriptor_, path_) : is_made_here && !is_held;
    if (is_ours) break;
    ::close(descriptor_);
    if (is_held) refuse(fmt::format("is held by {}", holder(content)), true);
    if (is_locked) continue;  // who held it before removed it between the calls
    if (!is_stale(content))
      refuse(fmt::format("names {}; remove this file if that process is gone", holder(content)), false);
    ::unlink(path_.c_str());
  }
  const std::string text = fmt::format("process {} on {}\n", ::getpid(), machine());
  // On a full disk the lock holds all the same, without its name.
  [[maybe_unused]] const bool is_named =
      ::ftruncate(descriptor_, 0) == 0 && ::pwrite(descriptor_, text.data(), text.size(), 0) > 0;
}

OutputLock::~OutputLock() {
  ::unlink(path_.c_str());
  ::close(descriptor_);
}

}  // namespace foehn::process
