#include "cordex_metadata.hpp"

#include <fmt/format.h>

#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/job/names.hpp"

namespace foehn::app {

namespace {

constexpr const char* kTemplate = "configs/cordex_metadata.ini is a template";

/// A file of metadata: the table knows how to read one, and what an unknown key may have meant.
struct MetadataFile {
  MetadataFile() {
    for (const io::CordexKey& key : io::cordex_keys())
      table.add(key.name, &metadata.attributes.at(key.name), {.doc = key.expected});
    table.add("version", &metadata.version,
              {.doc = "Version of the simulation.", .unit = "1", .minimum = 1, .maximum = 9999});
    table.add("tracking_prefix", &metadata.tracking_prefix, {.doc = "Handle before the files' tracking_id."});
    table.add("earth_radius", &metadata.earth_radius,
              {.doc = "Radius of the grid's sphere.", .unit = "m", .minimum = 6e6, .maximum = 7e6});
  }
  MetadataFile(const MetadataFile&) = delete;
  MetadataFile& operator=(const MetadataFile&) = delete;

  io::CordexMetadata metadata;
  config::OptionTable table{"metadata", "What is said of a simulation.", ""};
};

}  // namespace

io::CordexMetadata read_cordex_metadata(const std::filesystem::path& path) {
  MetadataFile file;
  file.table.parse({"--config", path.string()});
  try {
    io::check(file.metadata);
  } catch (const core::Error& error) {
    throw core::UsageError(fmt::format("{}: {}", path.string(), error.what()));
  }
  return file.metadata;
}

std::string cordex_metadata_text(const std::filesystem::path& path,
                                 const std::map<std::string, std::string>& changes) {
  MetadataFile file;
  file.table.parse({"--config", path.string()});
  for (const auto& [key, value] : changes) file.metadata.attributes.at(key) = value;
  return core::with_context(path.string(), [&] { return file.table.config_text("/"); });
}

std::optional<io::CordexMetadata> output_metadata(job::Layout layout, const std::string& path) {
  if (layout == job::Layout::member) {
    if (!path.empty()) throw core::UsageError("output.metadata: only output.layout = cordex takes it");
    return std::nullopt;
  }
  if (path.empty())
    throw core::UsageError(fmt::format("output.metadata: required with output.layout = {}; {}",
                                       core::name_of(layout), kTemplate));
  return core::with_context("output.metadata", [&] { return read_cordex_metadata(path); });
}

}  // namespace foehn::app
