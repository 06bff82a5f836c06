#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace foehn::io {

enum class TensorType { f16, bf16, f32, f64, i64 };

/// One tensor in a safetensors file: row-major bytes inside the mapping, not necessarily aligned for their
/// type.
struct TensorView {
  TensorType type = TensorType::f32;
  std::vector<std::int64_t> shape;
  std::span<const std::byte> bytes;
};

/// A safetensors file, mapped into memory (8-byte little-endian header length, JSON header, raw tensors).
///
/// Nothing in the header is trusted before it is checked: its length against the file and a bound of 100 MiB,
/// every offset against the data, every shape against its bytes, overlap and holes.
class SafetensorsFile {
 public:
  /// @throws Error naming the file and what is wrong with it
  explicit SafetensorsFile(const std::filesystem::path& path);
  /// Such a file's content, which must outlive this.
  /// @param name  what errors call it
  SafetensorsFile(const std::filesystem::path& name, std::span<const std::byte> content);
  ~SafetensorsFile();
  SafetensorsFile(SafetensorsFile&& other) noexcept;
  SafetensorsFile& operator=(SafetensorsFile&&) = delete;

  const std::filesystem::path& path() const { return path_; }
  /// All of the file.
  std::span<const std::byte> content() const { return content_; }
  const std::map<std::string, TensorView>& tensors() const { return tensors_; }
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  /// @throws Error naming the tensor and the file
  const TensorView& tensor(const std::string& name) const;
  /// @throws Error naming the key and the file
  const std::string& metadata_value(const std::string& key) const;

 private:
  void read();

  std::filesystem::path path_;
  std::span<const std::byte> content_;
  bool is_mapped_ = false;
  std::map<std::string, TensorView> tensors_;
  std::map<std::string, std::string> metadata_;
};

/// Writes a safetensors file whole or not at all (beside, synced, renamed); tensors in order of name.
void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata);

std::string tensor_type_name(TensorType type);  ///< "F32"
std::size_t tensor_type_size(TensorType type);  ///< bytes an element

}  // namespace foehn::io
