#include "cordex_metadata.hpp"

#include <fmt/format.h>

#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/job/names.hpp"

namespace foehn::app {

namespace {

constexpr const char* kTemplate = "configs/cordex_metadata.ini is a template";

}  // namespace

io::CordexMetadata read_cordex_metadata(const std::filesystem::path& path) {
  io::CordexMetadata metadata;
  // The table knows how to read such a file, and what an unknown key may have meant.
  config::OptionTable table("metadata", "What is said of a simulation.", "");
  for (const io::CordexKey& key : io::cordex_keys())
    table.add(key.name, &metadata.attributes.at(key.name), {.doc = key.expected});
  table.add("version", &metadata.version,
            {.doc = "Version of the simulation.", .unit = "1", .minimum = 1, .maximum = 9999});
  table.add("tracking_prefix", &metadata.tracking_prefix, {.doc = "Handle before the files' tracking_id."});
  table.add("earth_radius", &metadata.earth_radius,
            {.doc = "Radius of the grid's sphere.", .unit = "m", .minimum = 6e6, .maximum = 7e6});
  table.parse({"--config", path.string()});
  try {
    io::check(metadata);
  } catch (const core::Error& error) {
    throw core::UsageError(fmt::format("{}: {}", path.string(), error.what()));
  }
  return metadata;
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
