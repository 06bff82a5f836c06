#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "foehn/service/file_system.hpp"

namespace foehn::testing {

/// The disk, behind a network that may lose replies, repeat calls or carry them out late; counts calls.
class UnsteadyFileSystem : public service::FileSystem {
 public:
  enum class Renames {
    steady,
    repeated,  ///< carried out, and then once more
    late,      ///< carried out when settle is called
    lost,      ///< never carried out
  };
  Renames renames = Renames::steady;
  std::map<std::string, int> calls;
  /// Called before a rename, once: another process is faster.
  std::function<void()> before_rename;
  /// Called before a folder is listed.
  std::function<void(const std::filesystem::path& folder)> before_list;

  /// Carries out what is late.
  void settle() {
    for (const auto& [from, to] : std::exchange(late_, {})) disk_.rename(from, to);
  }
  int total() const {
    int sum = 0;
    for (const auto& [name, count] : calls) sum += count;
    return sum;
  }

  std::vector<std::string> list(const std::filesystem::path& folder) override {
    ++calls["list"];
    if (before_list) before_list(folder);
    return disk_.list(folder);
  }
  bool exists(const std::filesystem::path& path) override {
    ++calls["exists"];
    return disk_.exists(path);
  }
  void rename(const std::filesystem::path& from, const std::filesystem::path& to) override {
    ++calls["rename"];
    if (before_rename) std::exchange(before_rename, nullptr)();
    if (renames == Renames::late) late_.emplace_back(from, to);
    if (renames == Renames::steady || renames == Renames::repeated) disk_.rename(from, to);
    if (renames == Renames::repeated) disk_.rename(from, to);
  }
  bool create(const std::filesystem::path& path, std::string_view content) override {
    ++calls["create"];
    return disk_.create(path, content);
  }
  void overwrite(const std::filesystem::path& path, std::string_view content) override {
    ++calls["overwrite"];
    disk_.overwrite(path, content);
  }
  void append(const std::filesystem::path& path, std::string_view content) override {
    ++calls["append"];
    disk_.append(path, content);
  }
  std::optional<std::string> read(const std::filesystem::path& path) override {
    ++calls["read"];
    return disk_.read(path);
  }
  void remove(const std::filesystem::path& path) override {
    ++calls["remove"];
    disk_.remove(path);
  }
  bool make_folder(const std::filesystem::path& folder) override {
    ++calls["make_folder"];
    return disk_.make_folder(folder);
  }
  std::unique_ptr<service::Lock> try_lock(const std::filesystem::path& folder) override {
    ++calls["try_lock"];
    return disk_.try_lock(folder);
  }

 private:
  service::FileSystem& disk_ = service::disk();
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> late_;
};

}  // namespace foehn::testing
