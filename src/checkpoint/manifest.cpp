#include "manifest.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"

namespace foehn::checkpoint {

namespace {

using Json = nlohmann::json;

constexpr int kFormat = 1;
constexpr std::int64_t kMostHours = std::int64_t{1} << 40, kMostValuesAnHour = std::int64_t{1} << 40;

/// Read as they are: a file of impossible numbers is not a checkpoint.
void check(const Manifest& manifest) {
  const auto fail = [](const std::string& problem) { throw core::Error(problem); };
  if (manifest.step < 1) fail(fmt::format("step {}, expected at least 1", manifest.step));
  if (manifest.fields.empty()) fail("no field");
  if (manifest.files.empty()) fail("no file");
  for (const auto& [name, shape] : manifest.fields) {
    std::int64_t values = 1;
    for (const std::int64_t size : shape) {
      if (size < 1 || size > kMostValuesAnHour / values)
        fail(fmt::format("field '{}': sizes out of range", name));
      values *= size;
    }
  }
  std::int64_t hour = 0;
  for (const SlabFile& file : manifest.files) {
    if (file.first != hour || file.last <= file.first || file.last > kMostHours)
      fail(fmt::format("a file of hours {} to {}, expected one from {}", file.first, file.last, hour));
    hour = file.last;
  }
}

}  // namespace

std::string SlabFile::name() const {
  return fmt::format("hours_{:07}_{:07}.nc", first, last);
}

std::string manifest_text(const Manifest& manifest) {
  Json files = Json::array();
  for (const SlabFile& file : manifest.files)
    files.push_back(
        {{"first", file.first}, {"last", file.last}, {"bytes", file.bytes}, {"sha256", file.digest}});
  const Json content{{"foehn_checkpoint", kFormat}, {"identity", manifest.identity}, {"step", manifest.step},
                     {"facts", manifest.facts},     {"fields", manifest.fields},     {"files", files}};
  return Json{{"content", content}, {"sha256", core::sha256(content.dump())}}.dump(1) + "\n";
}

Manifest parse_manifest(const std::string& text) {
  Manifest manifest;
  try {
    const Json json = Json::parse(text);
    const Json& content = json.at("content");
    if (json.at("sha256").get<std::string>() != core::sha256(content.dump()))
      throw core::Error("it was changed: its digest does not match");
    if (const int format = content.at("foehn_checkpoint").get<int>(); format != kFormat)
      throw core::Error(fmt::format("format {}, expected {}", format, kFormat));
    content.at("identity").get_to(manifest.identity);
    content.at("step").get_to(manifest.step);
    content.at("facts").get_to(manifest.facts);
    content.at("fields").get_to(manifest.fields);
    for (const Json& file : content.at("files"))
      manifest.files.push_back({file.at("first").get<std::int64_t>(), file.at("last").get<std::int64_t>(),
                                file.at("bytes").get<std::int64_t>(), file.at("sha256").get<std::string>()});
  } catch (const Json::exception& error) {
    throw core::Error(fmt::format("no manifest: {}", error.what()));
  }
  check(manifest);
  return manifest;
}

}  // namespace foehn::checkpoint
