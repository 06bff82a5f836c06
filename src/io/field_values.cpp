#include "foehn/io/field_values.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>

#include "foehn/io/standard_name.hpp"
#include "stored_type.hpp"

namespace foehn::io {
namespace {

constexpr std::int64_t kMostAheadBytes = std::int64_t{1} << 28;
constexpr std::int64_t kMostCacheBytes = std::int64_t{1} << 29;
/// Chunks that HDF5 may keep for one variable of one open file; more are read ahead, which has a bound
/// together.
constexpr std::int64_t kMostKeptByCache = std::int64_t{1} << 22;
constexpr std::int64_t kWorthALine = std::int64_t{1} << 26;

/// Some fields of a variable: instants [first, first + count) of a crop.
struct Part {
  std::int64_t first = 0, count = 0;
  grid::Crop crop;
};

/// Numbers read at once (32 MiB as float64): bounds the memory of a long read.
constexpr std::int64_t kValuesARead = std::int64_t{1} << 22;

/// Where to cut a range so that parts end with chunks: in pieces of as many chunks as hold `most`, at least
/// one.
std::vector<std::int64_t> cuts(std::int64_t begin, std::int64_t end, std::int64_t chunk, std::int64_t most) {
  const std::int64_t piece = chunk * std::max<std::int64_t>(1, most / chunk);
  std::vector<std::int64_t> found{begin};
  while (found.back() < end) found.push_back(std::min(end, (found.back() / chunk) * chunk + piece));
  return found;
}

/// Cuts a read into parts that are bounded in size. Each chunk of the file is in one part, so that it is
/// decompressed once, unless it is larger than the bound: then along time, which its cache makes cheap.
std::vector<Part> parts_of(const NetcdfFile& file, const FieldLayout& layout, const Part& whole) {
  const grid::Crop& crop = whole.crop;
  const std::size_t rank = layout.header.dimensions.size();
  const bool has_rows = layout.horizontal_dimensions == 2;
  const std::vector<std::int64_t> chunks = file.chunk_lengths(layout.header);
  const std::int64_t chunk_x = chunks.empty() ? layout.nx() : chunks[rank - 1];
  const std::int64_t chunk_y = chunks.empty() || !has_rows ? layout.ny() : chunks[rank - 2];
  const std::int64_t instants = std::min(whole.count, kValuesARead);
  const std::int64_t most_x = kValuesARead / instants;
  std::vector<Part> parts;
  const auto xs = cuts(crop.x0, crop.x1, chunk_x, most_x);
  std::int64_t widest = 0;
  for (std::size_t i = 1; i < xs.size(); ++i) widest = std::max(widest, xs[i] - xs[i - 1]);
  const auto ys = cuts(crop.y0, crop.y1, chunk_y, most_x / widest);
  for (std::size_t j = 1; j < ys.size(); ++j)
    for (std::size_t i = 1; i < xs.size(); ++i) {
      const grid::Crop tile{ys[j - 1], ys[j], xs[i - 1], xs[i]};
      const std::int64_t most_instants = std::max<std::int64_t>(1, kValuesARead / tile.cells());
      for (std::int64_t done = 0; done < whole.count; done += most_instants)
        parts.push_back({whole.first + done, std::min(most_instants, whole.count - done), tile});
    }
  return parts;
}

/// @return  [time, y, x] of the part, as the file has them
std::vector<double> read_stored(const NetcdfFile& file, const FieldLayout& layout, const Part& part) {
  const std::size_t rank = layout.header.dimensions.size();
  std::vector<std::int64_t> start(rank, 0), size(rank, 1);
  start[layout.time_dimension] = part.first;
  size[layout.time_dimension] = part.count;
  if (layout.horizontal_dimensions == 2) {
    start[rank - 2] = part.crop.y0;
    size[rank - 2] = part.crop.y1 - part.crop.y0;
  }
  start[rank - 1] = part.crop.x0;
  size[rank - 1] = part.crop.x1 - part.crop.x0;
  return file.read_doubles(layout.header, start, size);
}

float value_of(const FieldLayout& layout, double stored) {
  if (layout.packing.is_missing(stored)) return std::numeric_limits<float>::quiet_NaN();
  const double value = layout.packing.unpack(stored);
  return static_cast<float>(
      layout.conversion.is_identity() ? value : value * layout.conversion.scale + layout.conversion.offset);
}

/// What is read ahead in this process.
struct AllAhead {
  std::mutex mutex;
  std::int64_t shares = 0;
  std::int64_t bytes = 0;
};

AllAhead& all_ahead() {
  static AllAhead all;
  return all;
}

/// What HDF5 may keep of a chunk that is read in parts.
std::int64_t cached_bytes(const NetcdfFile& file, const FieldLayout& layout) {
  std::int64_t bytes = bytes_of(layout.header.type);
  for (const std::int64_t length : file.chunk_lengths(layout.header)) bytes *= length;
  return std::min(bytes, kMostCacheBytes);
}

}  // namespace

ReadAhead::Share::Share() {
  const std::lock_guard lock(all_ahead().mutex);
  ++all_ahead().shares;
}

ReadAhead::Share::~Share() {
  const std::lock_guard lock(all_ahead().mutex);
  --all_ahead().shares;
  all_ahead().bytes -= bytes_;
}

std::int64_t ReadAhead::Share::even_bytes() const {
  const std::lock_guard lock(all_ahead().mutex);
  return std::min(kMostAheadBytes, kMostBytesOfAll / all_ahead().shares);
}

std::int64_t ReadAhead::Share::take() {
  AllAhead& all = all_ahead();
  const std::lock_guard lock(all.mutex);
  const std::int64_t even = std::min(kMostAheadBytes, kMostBytesOfAll / all.shares);
  const std::int64_t left = std::max<std::int64_t>(0, kMostBytesOfAll - (all.bytes - bytes_));
  const std::int64_t taken = std::min(even, left);
  all.bytes += taken - bytes_;
  bytes_ = taken;
  return taken;
}

void ReadAhead::Share::keep(std::int64_t bytes) {
  const std::lock_guard lock(all_ahead().mutex);
  all_ahead().bytes += bytes - bytes_;
  bytes_ = bytes;
}

std::int64_t ReadAhead::bytes_of_all() {
  const std::lock_guard lock(all_ahead().mutex);
  return all_ahead().bytes;
}

void read_values(const NetcdfFile& file, const FieldLayout& layout, const grid::Crop& crop,
                 std::int64_t first, std::int64_t count, float* values, std::int64_t stride) {
  const std::int64_t nx = crop.x1 - crop.x0;
  for (const Part& part : parts_of(file, layout, {first, count, crop})) {
    const std::vector<double> stored = read_stored(file, layout, part);
    auto number = stored.begin();
    for (std::int64_t time = part.first; time < part.first + part.count; ++time)
      for (std::int64_t y = part.crop.y0; y < part.crop.y1; ++y) {
        float* row = values + (time - first) * stride + (y - crop.y0) * nx - crop.x0;
        for (std::int64_t x = part.crop.x0; x < part.crop.x1; ++x) row[x] = value_of(layout, *number++);
      }
  }
}

std::optional<std::int64_t> find_implausible(const FieldLayout& layout, std::span<const float> field,
                                             std::span<const char> is_used) {
  const bool is_as_stored = layout.conversion.is_identity();
  for (std::size_t i = 0; i < field.size(); ++i) {
    const auto value = static_cast<double>(field[i]);
    const bool is_odd = value < layout.least_plausible || value > layout.most_plausible ||
                        (is_as_stored && layout.packing.looks_missing(value));  // none of it is so of NaN
    if (is_odd && std::isfinite(value) && (is_used.empty() || is_used[i] != 0))
      return static_cast<std::int64_t>(i);
  }
  return std::nullopt;
}

std::string describe_implausible(const FieldLayout& layout, float value, const std::string& place) {
  const std::string& name = layout.variable.standard_name;
  const std::string expected =
      plausible_values(name)
          ? fmt::format("expected {:.6g} to {:.6g} {} of {}", layout.least_plausible, layout.most_plausible,
                        layout.variable.units, name)
          : fmt::format("expected no number that stands for a missing value, nor one beyond {:g}",
                        kLargestPlausible);
  return fmt::format(
      "implausible value {:.6g} {} {}: {}; is it a fill value that the file does not declare (_FillValue), "
      "or "
      "is the units attribute wrong?",
      value, layout.variable.units, place, expected);
}

void ReadAhead::plan(const NetcdfFile& file, const FieldLayout& layout, const grid::Crop& crop) {
  path_ = file.path();
  name_ = layout.header.name;
  crop_ = crop;
  first_ = count_ = 0;
  block_ = {};
  keeps_blocks_ = false;
  const std::vector<std::int64_t> chunks = file.chunk_lengths(layout.header);
  if (chunks.empty()) return share_.reset();
  const std::size_t rank = chunks.size();
  std::int64_t chunk_bytes = bytes_of(layout.header.type);
  for (const std::int64_t length : chunks) chunk_bytes *= length;
  const auto touched = [](std::int64_t begin, std::int64_t end, std::int64_t chunk) {
    return (end - 1) / chunk - begin / chunk + 1;
  };
  std::int64_t chunks_touched = touched(crop.x0, crop.x1, chunks[rank - 1]);
  if (layout.horizontal_dimensions == 2) chunks_touched *= touched(crop.y0, crop.y1, chunks[rank - 2]);
  chunk_instants_ = chunks[layout.time_dimension];
  // Reads go forward, so chunks of one stretch of time are all that a cache can be of use for. The default
  // keeps earlier ones too, up to its size for every variable of every file that is open.
  const std::int64_t stretch_bytes = chunks_touched * chunk_bytes;
  const std::int64_t most_cached = std::min(file.chunk_cache_bytes(layout.header), kMostKeptByCache);
  if (chunk_instants_ == 1 || stretch_bytes <= most_cached) {
    file.set_chunk_cache_bytes(layout.header, std::min(stretch_bytes, most_cached));
    return share_.reset();
  }

  file.set_chunk_cache_bytes(layout.header, 0);  // what is read ahead needs none between its blocks
  field_bytes_ = crop.cells() * static_cast<std::int64_t>(sizeof(float));
  keeps_blocks_ = true;
  if (!share_) share_ = std::make_unique<Share>();
  share_->keep(0);
  if (has_said_so_ || stretch_bytes < kWorthALine) return;
  has_said_so_ = true;
  const std::int64_t at_once =
      std::clamp<std::int64_t>(share_->even_bytes() / field_bytes_, 1, chunk_instants_);
  spdlog::info("{}: {} is stored in chunks of {} instants: {} are read at once, {} MiB", path_.string(),
               name_, chunk_instants_, at_once, at_once * field_bytes_ / (1 << 20));
  if (at_once < chunk_instants_)
    spdlog::warn(
        "{}: {}: each chunk is decompressed {} times; stored in chunks of few instants it would be read "
        "faster (nccopy -c)",
        path_.string(), name_, (chunk_instants_ + at_once - 1) / at_once);
}

void ReadAhead::rest() {
  path_.clear();  // planned anew
  keeps_blocks_ = false;
  first_ = count_ = 0;
  block_ = {};
  share_.reset();
}

void ReadAhead::read_block(const NetcdfFile& file, const FieldLayout& layout, std::int64_t instant) {
  const std::int64_t size = layout.header.dimensions[layout.time_dimension].size;
  const std::int64_t chunk_begin = instant / chunk_instants_ * chunk_instants_;
  count_ = 0;
  block_ = {};  // before others know of the room
  const std::int64_t most = std::clamp<std::int64_t>(share_->take() / field_bytes_, 1, chunk_instants_);
  first_ = chunk_begin + (instant - chunk_begin) / most * most;
  const std::int64_t count = std::min({most, chunk_begin + chunk_instants_ - first_, size - first_});
  share_->keep(count * field_bytes_);
  block_.resize(static_cast<std::size_t>(count * crop_.cells()));
  // A chunk that is read in parts stays decompressed until the last of them; no longer, since HDF5 would keep
  // one for every variable of every open file.
  if (first_ == chunk_begin) file.set_chunk_cache_bytes(layout.header, cached_bytes(file, layout));
  read_values(file, layout, crop_, first_, count, block_.data(), crop_.cells());
  if (first_ + count == std::min(chunk_begin + chunk_instants_, size))
    file.set_chunk_cache_bytes(layout.header, 0);
  count_ = count;
}

void ReadAhead::read(const NetcdfFile& file, const FieldLayout& layout, const grid::Crop& crop,
                     std::int64_t first, std::int64_t count, float* values, std::int64_t stride) {
  if (file.path() != path_ || layout.header.name != name_ || crop != crop_) plan(file, layout, crop);
  if (!keeps_blocks_) return read_values(file, layout, crop, first, count, values, stride);
  // Others came since: what is kept beyond an even share is theirs.
  if (count_ > 1 && count_ * field_bytes_ > share_->even_bytes()) {
    count_ = 0;
    block_ = {};
    share_->keep(0);
  }
  const std::int64_t cells = crop.cells();
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t instant = first + i;
    if (instant < first_ || instant >= first_ + count_) read_block(file, layout, instant);
    std::copy_n(block_.data() + (instant - first_) * cells, cells, values + i * stride);
  }
}

}  // namespace foehn::io
