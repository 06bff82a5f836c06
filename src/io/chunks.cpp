#include "foehn/io/chunks.hpp"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "foehn/core/error.hpp"
#include "foehn/io/granular_rounding.hpp"

namespace foehn::io {
namespace {

/// HDF5's shuffle: the first byte of every value, then the second of every one, and so on.
Chunk shuffle(std::span<const float> values) {
  constexpr std::size_t kBytes = sizeof(float);
  const auto from = std::as_bytes(values);
  Chunk to(from.size());
  for (std::size_t byte = 0; byte < kBytes; ++byte)
    for (std::size_t i = 0; i < values.size(); ++i) to[byte * values.size() + i] = from[i * kBytes + byte];
  return to;
}

/// HDF5's deflate: a zlib stream.
Chunk deflate(const Chunk& content, int level) {
  uLongf size = compressBound(content.size());
  Chunk compressed(size);
  const int status =
      compress2(reinterpret_cast<Bytef*>(compressed.data()), &size,
                reinterpret_cast<const Bytef*>(content.data()), static_cast<uLong>(content.size()), level);
  if (status != Z_OK) throw core::Error(fmt::format("a chunk cannot be compressed: {}", zError(status)));
  compressed.resize(size);
  compressed.shrink_to_fit();  // what waits for its file takes no more than its size
  return compressed;
}

}  // namespace

std::vector<ChunkSpan> chunk_spans(std::span<const std::int64_t> file_starts, std::int64_t instants,
                                   std::int64_t chunk_steps) {
  std::vector<ChunkSpan> spans;
  for (std::size_t file = 0; file < file_starts.size(); ++file) {
    const std::int64_t end = file + 1 < file_starts.size() ? file_starts[file + 1] : instants;
    for (std::int64_t first = file_starts[file]; first < end; first += chunk_steps)
      spans.push_back({first, std::min(first + chunk_steps, end)});
  }
  return spans;
}

Chunk encode_chunk(std::span<const float> values, const ChunkEncoding& encoding) {
  const auto size = static_cast<std::size_t>(encoding.chunk_steps * encoding.cells);
  if (values.size() > size)
    throw core::Error(fmt::format("{} values for a chunk, expected at most {}", values.size(), size));
  core::PagedVector<float> whole(size, kFillValue);
  std::replace_copy_if(
      values.begin(), values.end(), whole.begin(), [](float value) { return std::isnan(value); }, kFillValue);
  if (encoding.significant_digits > 0)
    round_to_digits(std::span(whole).first(values.size()), encoding.significant_digits, kFillValue);
  if (encoding.deflate > 0) return deflate(shuffle(whole), encoding.deflate);
  Chunk plain(size * sizeof(float));
  std::memcpy(plain.data(), whole.data(), plain.size());
  return plain;
}

}  // namespace foehn::io
