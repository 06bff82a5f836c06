#pragma once

#include <hdf5.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "foehn/io/chunks.hpp"

namespace foehn::io {

/// The variables of a NetCDF-4 file, which is an HDF5 file, as HDF5 sees them: chunks are put into it as they
/// are, past the filters. No one else has the file open.
class ChunkFile {
 public:
  /// Opens a file whose variables have no values yet, and gives them their length in time.
  /// @param name       what errors call the file
  /// @param variables  float32, [time, y, x], chunked in time alone
  /// @throws Error
  ChunkFile(const std::filesystem::path& path, std::filesystem::path name,
            const std::vector<std::string>& variables, std::int64_t instants);
  ~ChunkFile();
  ChunkFile(const ChunkFile&) = delete;
  ChunkFile& operator=(const ChunkFile&) = delete;

  /// @param variable  its place in the list
  /// @param instant   the first of the chunk
  /// @throws Error such as on a full disk
  void write(std::size_t variable, std::int64_t instant, const Chunk& chunk);
  /// Flushes and closes; errors of a late write surface here, not in the destructor.
  void close();

 private:
  [[noreturn]] void fail(const std::string& doing) const;
  /// Closes what is open. @return whether all went well
  bool release();

  std::filesystem::path name_;
  std::vector<std::string> variables_;
  hid_t file_ = H5I_INVALID_HID;
  std::vector<hid_t> datasets_;
};

}  // namespace foehn::io
