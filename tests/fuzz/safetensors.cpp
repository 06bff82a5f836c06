// The JSON header of a safetensors file, before tensors of some size.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "foehn/core/error.hpp"
#include "io/safetensors_header.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  static const std::vector<std::byte> data(4096);
  if (size == 0) return 0;
  const std::span<const std::byte> tensors = std::span(data).first(16 * static_cast<std::size_t>(bytes[0]));
  try {
    const auto header =
        foehn::io::parse_safetensors_header({reinterpret_cast<const char*>(bytes + 1), size - 1}, tensors);
    // What is accepted must lie inside.
    for (const auto& [name, view] : header.tensors)
      if (view.bytes.data() < tensors.data() ||
          view.bytes.data() + view.bytes.size() > tensors.data() + tensors.size())
        __builtin_trap();
  } catch (const foehn::core::Error&) {
  }
  return 0;
}
