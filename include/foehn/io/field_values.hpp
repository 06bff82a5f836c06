#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "foehn/grid/grid.hpp"
#include "foehn/io/field_layout.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::io {

/// Reads instants [first, first + count) of a variable's cropped fields, chunk by chunk of the file; missing
/// values become NaN.
/// @param values  room for count fields, `stride` numbers apart
void read_values(const NetcdfFile& file, const FieldLayout& layout, const grid::Crop& crop,
                 std::int64_t first, std::int64_t count, float* values, std::int64_t stride);

/// The first cell of a field with a value that is not plausible for what it is of: beyond what
/// plausible_values knows of its standard name, or one that stands for a missing value
/// (Packing::looks_missing, or too large for any quantity). NaN and infinity are none.
/// @param is_used  [cell]: whether a cell is to be looked at; empty: all
std::optional<std::int64_t> find_implausible(const FieldLayout& layout, std::span<const float> field,
                                             std::span<const char> is_used = {});
/// "implausible value 0 K at PLACE, expected ...", for messages.
std::string describe_implausible(const FieldLayout& layout, float value, const std::string& place);

/// Reads the fields of a variable, of one file after another, forward in time.
///
/// A file may be stored in chunks that span more instants than its chunk cache keeps, up to the whole record:
/// read one instant at a time, each chunk would be decompressed for each of them. There as many instants are
/// read at once as a chunk has, or as fit into 256 MiB, and kept: a log line says how many, and a warning
/// where chunks are decompressed more than once all the same. All that a process reads ahead fits into 1 GiB,
/// or takes one instant per variable of every open reader: where many are read, each keeps an even share.
class ReadAhead {
 public:
  /// As read_values; fastest where `first` rises from call to call.
  void read(const NetcdfFile& file, const FieldLayout& layout, const grid::Crop& crop, std::int64_t first,
            std::int64_t count, float* values, std::int64_t stride);

  /// Frees what was read ahead.
  void rest();

  /// Bytes that all of this process keep.
  static std::int64_t bytes_of_all();
  static constexpr std::int64_t kMostBytesOfAll = std::int64_t{1} << 30;

  /// One of those that keep something, or may before long, and how many bytes: others get less room.
  class Share {
   public:
    Share();
    ~Share();
    Share(const Share&) = delete;
    Share& operator=(const Share&) = delete;

    /// An even part of the room, for one variable.
    std::int64_t even_bytes() const;
    /// Takes an even part of the room, or what is left of it. @return  the bytes taken
    std::int64_t take();
    /// Keeps that many bytes.
    void keep(std::int64_t bytes);

   private:
    std::int64_t bytes_ = 0;
  };

 private:
  void plan(const NetcdfFile& file, const FieldLayout& layout, const grid::Crop& crop);
  void read_block(const NetcdfFile& file, const FieldLayout& layout, std::int64_t instant);

  // What is read: another file, variable or crop is planned anew.
  std::filesystem::path path_;
  std::string name_;
  grid::Crop crop_;

  std::int64_t chunk_instants_ = 0;
  bool keeps_blocks_ = false;
  /// From the beginning, so that the first to read leave room for the others; null while there is nothing to
  /// keep.
  std::unique_ptr<Share> share_ = std::make_unique<Share>();
  std::int64_t field_bytes_ = 0;  ///< of an instant
  std::int64_t first_ = 0, count_ = 0;
  std::vector<float> block_;  ///< [instant, cell] of those
  bool has_said_so_ = false;
};

}  // namespace foehn::io
