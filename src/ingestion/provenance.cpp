#include "foehn/ingestion/provenance.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>
#include <set>
#include <string>

namespace foehn::ingestion {

namespace {

constexpr std::array<const char*, 8> kIdentity{"mip_era",       "institution_id", "source_id",
                                               "experiment_id", "variant_label",  "grid_label",
                                               "tracking_id",   "license"};
constexpr std::size_t kMostNamed = 200;  // of a list in an attribute

std::string listed(std::vector<std::string> words) {
  const std::size_t count = words.size();
  if (count > kMostNamed) {
    words.resize(kMostNamed);
    words.push_back(fmt::format("and {} more", count - kMostNamed));
  }
  return fmt::format("{}", fmt::join(words, ", "));
}

std::set<std::string> experiments_of(const Record& record) {
  const std::vector<std::string> found = identities("experiment_id", std::span(&record, 1));
  return {found.begin(), found.end()};
}

}  // namespace

io::Attributes identity_attributes(const io::NetcdfFile& file) {
  io::Attributes identity;
  const io::Attributes all = file.global_attributes();
  for (const char* name : kIdentity)
    if (const auto found = all.find(name); found != all.end())
      if (std::holds_alternative<std::string>(found->second)) identity.insert(*found);
  return identity;
}

io::Attributes provenance(const std::vector<Record>& records) {
  io::Attributes attributes;
  std::string files;
  for (const Record& record : records) {
    std::vector<std::string> names;
    for (const SourceFile& file : record.files()) names.push_back(file.path.filename().string());
    files += fmt::format("{}{}: {}", files.empty() ? "" : "; ", record.variable().name, listed(names));
  }
  attributes["source_files"] = files;
  for (const char* name : kIdentity)
    if (const auto values = identities(name, records); !values.empty())
      // A tracking_id of its own would be claimed by the name alone.
      attributes[std::string(name) == "tracking_id" ? "source_tracking_ids" : name] = listed(values);
  return attributes;
}

std::vector<std::string> identities(const std::string& attribute, std::span<const Record> records) {
  std::vector<std::string> values;
  for (const Record& record : records)
    for (const SourceFile& file : record.files())
      if (const auto found = file.attributes.find(attribute); found != file.attributes.end()) {
        const auto& value = std::get<std::string>(found->second);
        if (std::find(values.begin(), values.end(), value) == values.end()) values.push_back(value);
      }
  return values;
}

void warn_of_mixtures(const std::vector<Record>& records) {
  for (const char* name : {"source_id", "variant_label"})
    if (const auto values = identities(name, records); values.size() > 1)
      spdlog::warn("the files have more than one {}: {}", name, listed(values));
  // In time, the historical run may precede its scenario; two variables should not differ.
  const std::set<std::string> expected = experiments_of(records.front());
  for (const Record& record : records) {
    const std::set<std::string> found = experiments_of(record);
    if (found == expected) continue;
    spdlog::warn("the files of {} belong to the experiment {}, but those of {} to {}", record.variable().name,
                 fmt::join(found, ", "), records.front().variable().name, fmt::join(expected, ", "));
    return;
  }
}

}  // namespace foehn::ingestion
