#include "safetensors_header.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

using Json = nlohmann::json;

/// The header object, a tensor's object, its list of numbers: nothing nests deeper.
constexpr int kDeepestNesting = 3;
constexpr std::size_t kMostDimensions = 16;

constexpr std::array<std::pair<std::string_view, TensorType>, 5> kTypes{{
    {"F16", TensorType::f16},
    {"BF16", TensorType::bf16},
    {"F32", TensorType::f32},
    {"F64", TensorType::f64},
    {"I64", TensorType::i64},
}};

/// Parses JSON that has no key twice and does not nest deeply.
Json parse_strictly(std::string_view text) {
  std::vector<std::set<std::string>> keys;
  const auto check = [&](int depth, Json::parse_event_t event, const Json& value) {
    if (depth > kDeepestNesting) throw core::Error("the header nests too deeply");
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(value.get<std::string>()).second) {
      throw core::Error("the header has the key '" + value.get<std::string>() + "' twice");
    }
    return true;
  };
  try {
    return Json::parse(text, check);
  } catch (const Json::exception& error) {
    constexpr std::size_t kLongestReason = 200;  // it may quote the header
    throw core::Error("the header is not JSON: " + std::string(error.what()).substr(0, kLongestReason));
  }
}

const Json& member(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end()) throw core::Error(std::string("it has no ") + key);
  return *found;
}

TensorType parse_type(const Json& value) {
  const std::string name = value.is_string() ? value.get<std::string>() : "(not text)";
  for (const auto& [known, type] : kTypes) {
    if (name == known) return type;
  }
  throw core::Error("dtype " + name + " is not supported, expected F16, BF16, F32, F64 or I64");
}

/// A list of whole numbers from 0 to the largest int64.
std::vector<std::int64_t> parse_whole_numbers(const Json& value, const char* key) {
  const auto is_whole = [](const Json& number) {
    return number.is_number_unsigned() &&
           number.get<std::uint64_t>() <=
               static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  };
  if (!value.is_array() || value.size() > kMostDimensions ||
      !std::all_of(value.begin(), value.end(), is_whole)) {
    throw core::Error(std::string(key) + " is not a list of whole numbers of at least 0");
  }
  return value.get<std::vector<std::int64_t>>();
}

TensorView parse_tensor(const Json& value, std::span<const std::byte> data) {
  if (!value.is_object()) throw core::Error("it is not a JSON object");
  TensorView tensor;
  tensor.type = parse_type(member(value, "dtype"));
  tensor.shape = parse_whole_numbers(member(value, "shape"), "shape");
  const auto offsets = parse_whole_numbers(member(value, "data_offsets"), "data_offsets");
  if (value.size() != 3) throw core::Error("it has keys other than dtype, shape and data_offsets");
  const auto size = static_cast<std::int64_t>(data.size());
  if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > size) {
    throw core::Error("data_offsets do not lie within the " + std::to_string(size) + " bytes of data");
  }
  const std::int64_t found = offsets[1] - offsets[0];
  const auto expected = tensor_byte_count(tensor.type, tensor.shape);
  if (expected != found) {
    throw core::Error("data_offsets span " + std::to_string(found) + " bytes, but its shape needs " +
                      (expected ? std::to_string(*expected) : "more than any file holds"));
  }
  tensor.bytes = data.subspan(static_cast<std::size_t>(offsets[0]), static_cast<std::size_t>(found));
  return tensor;
}

std::map<std::string, std::string> parse_metadata(const Json& value) {
  const auto is_text = [](const Json& entry) { return entry.is_string(); };
  if (!value.is_object() || !std::all_of(value.begin(), value.end(), is_text)) {
    throw core::Error("__metadata__ is not a JSON object of texts");
  }
  return value.get<std::map<std::string, std::string>>();
}

/// Laid end to end, the tensors must fill the data exactly.
void check_coverage(const std::map<std::string, TensorView>& tensors, std::span<const std::byte> data) {
  std::vector<std::pair<std::span<const std::byte>, std::string>> pieces;
  for (const auto& [name, tensor] : tensors) pieces.emplace_back(tensor.bytes, name);
  std::sort(pieces.begin(), pieces.end(), [](const auto& a, const auto& b) {
    return std::pair(a.first.data(), a.first.size()) < std::pair(b.first.data(), b.first.size());
  });
  const std::byte* end = data.data();
  for (const auto& [bytes, name] : pieces) {
    if (bytes.data() != end) {
      throw core::Error("tensor " + name +
                        (bytes.data() < end ? " overlaps another" : " leaves a hole before it"));
    }
    end = bytes.data() + bytes.size();
  }
  if (end != data.data() + data.size()) {
    throw core::Error(std::to_string(data.data() + data.size() - end) + " bytes of data belong to no tensor");
  }
}

}  // namespace

std::optional<std::int64_t> tensor_byte_count(TensorType type, const std::vector<std::int64_t>& shape) {
  std::int64_t bytes = static_cast<std::int64_t>(tensor_type_size(type));
  // A zero anywhere empties the tensor, however large the other sides are.
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  for (const std::int64_t side : shape) {
    if (bytes > std::numeric_limits<std::int64_t>::max() / side) return std::nullopt;
    bytes *= side;
  }
  return bytes;
}

SafetensorsHeader parse_safetensors_header(std::string_view json, std::span<const std::byte> data) {
  const Json root = parse_strictly(json);
  if (!root.is_object()) throw core::Error("the header is not a JSON object");
  SafetensorsHeader header;
  for (const auto& [name, value] : root.items()) {
    if (name == "__metadata__") {
      header.metadata = parse_metadata(value);
    } else {
      const Json& entry = value;
      header.tensors.emplace(name,
                             core::with_context("tensor " + name, [&] { return parse_tensor(entry, data); }));
    }
  }
  check_coverage(header.tensors, data);
  return header;
}

std::string tensor_type_name(TensorType type) {
  for (const auto& [name, known] : kTypes) {
    if (known == type) return std::string(name);
  }
  throw core::Error("unknown tensor type");
}

std::size_t tensor_type_size(TensorType type) {
  switch (type) {
    case TensorType::f16:
    case TensorType::bf16:
      return 2;
    case TensorType::f32:
      return 4;
    case TensorType::f64:
    case TensorType::i64:
      return 8;
  }
  throw core::Error("unknown tensor type");
}

}  // namespace foehn::io
