#include "foehn/campaign/cmip6_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <system_error>
#include <utility>

#include "foehn/core/error.hpp"

namespace foehn::campaign {

namespace {

namespace fs = std::filesystem;

bool are_digits(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (auto end = text.find(separator); end != std::string::npos; end = text.find(separator, begin)) {
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  parts.push_back(text.substr(begin));
  return parts;
}

/// The day that the beginning ("0101") or the end ("1231") of what a time of a name leaves out gives it:
/// "YYYYMMDD" of "YYYY", "YYYYMM", "YYYYMMDD", "YYYYMMDDHHMM" and "YYYYMMDDHHMMSS". Nothing of other texts.
std::optional<std::string> day_of(const std::string& time, const std::string& left_out) {
  constexpr std::array<std::size_t, 5> kLengths{4, 6, 8, 12, 14};
  if (!are_digits(time) || std::ranges::find(kLengths, time.size()) == kLengths.end()) return std::nullopt;
  if (time.size() >= 8) return time.substr(0, 8);
  return time + left_out.substr(time.size() - 4);
}

/// The version of ESGF's tree that a file lies in, "v20190710", also through the link `latest`; empty if in
/// none.
std::string version_of(const fs::path& path) {
  const std::string folder = fs::canonical(path).parent_path().filename().string();
  return folder.size() > 1 && folder.front() == 'v' && are_digits(folder.substr(1)) ? folder : "";
}

/// Keeps one of two files of one name.
void keep_latest(Cmip6File& kept, Cmip6File&& other) {
  if (fs::equivalent(kept.path, other.path)) return;
  const std::string version = version_of(kept.path), other_version = version_of(other.path);
  if (version.empty() || other_version.empty() || version == other_version)
    throw core::Error(
        fmt::format("{} and {}: two files of one name, of which neither folder says that it is the "
                    "later version; leave one out",
                    kept.path.string(), other.path.string()));
  if (other_version > version) kept = std::move(other);
}

}  // namespace

std::optional<Cmip6File> parse_cmip6_name(const fs::path& path) {
  if (path.extension() != ".nc") return std::nullopt;
  const std::vector<std::string> parts = split(path.stem().string(), '_');
  if (parts.size() != 7 || std::ranges::any_of(parts, &std::string::empty)) return std::nullopt;
  const std::vector<std::string> times = split(parts[6], '-');
  if (times.size() != 2) return std::nullopt;
  // Every month of every calendar ends by the 31st: days are compared as text, not as dates.
  const auto first = day_of(times[0], "0101"), last = day_of(times[1], "1231");
  if (!first || !last || *first > *last) return std::nullopt;
  return Cmip6File{path, parts[0], parts[1], parts[2], parts[3], parts[4], parts[5], *first, *last};
}

std::vector<Cmip6File> find_cmip6_files(const std::vector<std::string>& folders) {
  std::map<std::string, Cmip6File> found;  // by name
  for (const std::string& folder : folders) {
    std::error_code error;
    fs::recursive_directory_iterator entry(folder, fs::directory_options::follow_directory_symlink, error);
    for (; !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      auto file = parse_cmip6_name(entry->path());
      if (!file || !entry->is_regular_file()) continue;
      const auto [place, is_new] = found.try_emplace(entry->path().filename().string(), *file);
      if (!is_new) keep_latest(place->second, std::move(*file));
    }
    if (error) throw core::Error(fmt::format("looking for files in {}: {}", folder, error.message()));
  }
  std::vector<Cmip6File> files;
  for (auto& [name, file] : found) files.push_back(std::move(file));
  return files;
}

}  // namespace foehn::campaign
