#include "foehn/io/safetensors.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "atomic_file.hpp"
#include "foehn/core/error.hpp"
#include "safetensors_header.hpp"

namespace foehn::io {
namespace {

static_assert(std::endian::native == std::endian::little,
              "safetensors files are little-endian, and mapped as they are");

constexpr std::size_t kLengthBytes = 8;
constexpr std::uint64_t kLongestHeader = std::uint64_t{100} << 20;

void unmap(std::span<const std::byte> mapping) {
  ::munmap(const_cast<std::byte*>(mapping.data()), mapping.size());
}

/// Maps a whole file for reading.
std::span<const std::byte> map_file(const std::filesystem::path& path) {
  const int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) throw core::Error(std::strerror(errno));
  struct stat status {};
  void* address = MAP_FAILED;
  std::string problem;
  if (::fstat(descriptor, &status) != 0) {
    problem = std::strerror(errno);
  } else if (!S_ISREG(status.st_mode)) {
    problem = "not a regular file";
  } else if (status.st_size < static_cast<off_t>(kLengthBytes)) {
    problem = "only " + std::to_string(status.st_size) + " bytes long, too short for a safetensors file";
  } else {
    address =
        ::mmap(nullptr, static_cast<std::size_t>(status.st_size), PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (address == MAP_FAILED) problem = std::strerror(errno);
  }
  ::close(descriptor);
  if (!problem.empty()) throw core::Error(problem);
  return {static_cast<const std::byte*>(address), static_cast<std::size_t>(status.st_size)};
}

SafetensorsHeader read_header(std::span<const std::byte> file) {
  std::uint64_t length = 0;
  std::memcpy(&length, file.data(), kLengthBytes);
  const std::uint64_t rest = file.size() - kLengthBytes;
  if (length > kLongestHeader || length > rest) {
    throw core::Error("its header claims " + std::to_string(length) + " bytes; " + std::to_string(rest) +
                      " follow, and at most " + std::to_string(kLongestHeader) + " are read");
  }
  const auto header = file.subspan(kLengthBytes, length);
  const std::string_view json(reinterpret_cast<const char*>(header.data()), header.size());
  return parse_safetensors_header(json, file.subspan(kLengthBytes + length));
}

/// The JSON header, padded with spaces so that the data start at a multiple of 8 bytes.
std::string make_header(const std::map<std::string, TensorView>& tensors,
                        const std::map<std::string, std::string>& metadata) {
  auto root = nlohmann::ordered_json::object();
  if (!metadata.empty()) root["__metadata__"] = metadata;
  std::size_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    if (tensor_byte_count(tensor.type, tensor.shape) != static_cast<std::int64_t>(tensor.bytes.size())) {
      throw core::Error("tensor " + name + " of type " + tensor_type_name(tensor.type) + " has " +
                        std::to_string(tensor.bytes.size()) + " bytes, which its shape does not");
    }
    const std::size_t end = offset + tensor.bytes.size();
    root[name] = {
        {"dtype", tensor_type_name(tensor.type)}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text;
  try {
    text = root.dump();
  } catch (const nlohmann::json::exception& error) {
    throw core::Error(std::string("a name or metadata text is not UTF-8: ") + error.what());
  }
  text.resize((text.size() + kLengthBytes - 1) / kLengthBytes * kLengthBytes, ' ');
  return text;
}

}  // namespace

SafetensorsFile::SafetensorsFile(const std::filesystem::path& path) : path_(path) {
  core::with_context(path.string(), [&] {
    content_ = map_file(path);
    is_mapped_ = true;
    try {
      read();
    } catch (...) {
      unmap(content_);
      throw;
    }
  });
}

SafetensorsFile::SafetensorsFile(const std::filesystem::path& name, std::span<const std::byte> content)
    : path_(name), content_(content) {
  core::with_context(name.string(), [&] {
    if (content.size() < kLengthBytes)
      throw core::Error("only " + std::to_string(content.size()) +
                        " bytes long, too short for a safetensors file");
    read();
  });
}

void SafetensorsFile::read() {
  SafetensorsHeader header = read_header(content_);
  tensors_ = std::move(header.tensors);
  metadata_ = std::move(header.metadata);
}

SafetensorsFile::~SafetensorsFile() {
  if (is_mapped_) unmap(content_);
}

SafetensorsFile::SafetensorsFile(SafetensorsFile&& other) noexcept
    : path_(std::move(other.path_)),
      content_(std::exchange(other.content_, {})),
      is_mapped_(std::exchange(other.is_mapped_, false)),
      tensors_(std::move(other.tensors_)),
      metadata_(std::move(other.metadata_)) {}

const TensorView& SafetensorsFile::tensor(const std::string& name) const {
  const auto found = tensors_.find(name);
  if (found == tensors_.end()) throw core::Error(path_.string() + ": no tensor " + name);
  return found->second;
}

const std::string& SafetensorsFile::metadata_value(const std::string& key) const {
  const auto found = metadata_.find(key);
  if (found == metadata_.end()) throw core::Error(path_.string() + ": no metadata " + key);
  return found->second;
}

void write_safetensors(const std::filesystem::path& path, const std::map<std::string, TensorView>& tensors,
                       const std::map<std::string, std::string>& metadata) {
  const std::string header =
      core::with_context(path.string(), [&] { return make_header(tensors, metadata); });
  const std::uint64_t length = header.size();
  AtomicFile file(path);
  file.write(std::as_bytes(std::span(&length, 1)));
  file.write(std::as_bytes(std::span(header)));
  for (const auto& [name, tensor] : tensors) file.write(tensor.bytes);
  file.commit();
}

}  // namespace foehn::io
