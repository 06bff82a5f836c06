#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "foehn/io/field_writer.hpp"
#include "foehn/io/member_writer.hpp"

namespace foehn::io {

class ChunkFile;

/// Writes a file such as FieldWriter's from chunks that are already encoded: same content, no work left but
/// to copy bytes.
///
/// NetCDF-C makes the file, with all but the values of variables; HDF5 adds these chunk by chunk, as they
/// are. As with FieldWriter, the file has its final name only after commit().
class ChunkWriter final : public MemberWriter {
 public:
  /// @param instants  of the whole file
  /// @throws Error if the folder does not exist or cannot be written
  ChunkWriter(std::filesystem::path path, const FieldHeader& header, std::int64_t instants);
  ~ChunkWriter() override;
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  /// Appends a chunk of each variable, encoded as the header says.
  /// @throws Error if it is not one per variable, the file is whole, or the disk is full
  void append(std::span<const Chunk> chunks) override;
  /// Closes the file and syncs it, still under its temporary name; nothing can be appended afterwards.
  /// @throws Error if chunks are missing or the disk is full
  void close();
  /// Closes the file, if it is still open, and gives it its final name.
  /// @throws Error as close does, or if the rename fails
  void commit() override;

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_path_;
  std::unique_ptr<ChunkFile> file_;  ///< null once closed
  bool is_published_ = false;
  std::size_t variables_ = 0;
  std::int64_t chunk_steps_ = 0, instants_ = 0;
  std::int64_t written_ = 0;  ///< instants
};

}  // namespace foehn::io
