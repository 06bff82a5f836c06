#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "foehn/io/safetensors.hpp"

namespace foehn::io {

struct SafetensorsHeader {
  std::map<std::string, TensorView> tensors;
  std::map<std::string, std::string> metadata;
};

/// Bytes of a tensor of this shape; nothing if their number does not fit into an int64.
std::optional<std::int64_t> tensor_byte_count(TensorType type, const std::vector<std::int64_t>& shape);

/// Parses and checks the JSON header of a safetensors file.
///
/// @param data  what follows the header in the file; the tensors must fill it without overlap or holes
/// @throws Error saying what is wrong with which tensor
SafetensorsHeader parse_safetensors_header(std::string_view json, std::span<const std::byte> data);

}  // namespace foehn::io
