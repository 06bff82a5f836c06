// The manifest of a checkpoint: as it is, and with a digest that fits what it says.
#include "checkpoint/manifest.hpp"

#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

#include "foehn/checkpoint/identity.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  using namespace foehn;
  const std::string text(reinterpret_cast<const char*>(bytes), size);
  const auto read = [](const std::string& manifest) {
    try {
      const auto parsed = checkpoint::parse_manifest(manifest);
      if (parsed.files.front().first != 0 || parsed.step < 1) __builtin_trap();
      checkpoint::difference(parsed.identity, "a = 1\n");
    } catch (const core::Error&) {
    }
  };
  read(text);
  const auto content = nlohmann::json::parse(text, nullptr, false);
  if (content.is_discarded()) return 0;
  try {
    read(nlohmann::json{{"content", content}, {"sha256", core::sha256(content.dump())}}.dump());
  } catch (const nlohmann::json::exception&) {  // no UTF-8 to be dumped
  }
  return 0;
}
