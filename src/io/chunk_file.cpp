#include "chunk_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "foehn/core/error.hpp"
#include "library_lock.hpp"

namespace foehn::io {

ChunkFile::ChunkFile(const std::filesystem::path& path, std::filesystem::path name,
                     const std::vector<std::string>& variables, std::int64_t instants)
    : name_(std::move(name)), variables_(variables) {
  const LibraryLock lock;
  H5Eset_auto2(H5E_DEFAULT, nullptr, nullptr);  // messages are ours
  errno = 0;
  try {
    file_ = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
    if (file_ < 0) fail("opening it for values");
    for (const std::string& variable : variables_) {
      datasets_.push_back(H5Dopen2(file_, variable.c_str(), H5P_DEFAULT));
      if (datasets_.back() < 0) fail("opening variable " + variable);
      const hid_t space = H5Dget_space(datasets_.back());
      const int rank = H5Sget_simple_extent_ndims(space);  // time and cell, or time, y and x
      std::array<hsize_t, 3> size{};
      const bool is_known =
          (rank == 2 || rank == 3) && H5Sget_simple_extent_dims(space, size.data(), nullptr) == rank;
      H5Sclose(space);
      size[0] = static_cast<hsize_t>(instants);
      if (!is_known || H5Dset_extent(datasets_.back(), size.data()) < 0)
        fail(fmt::format("giving variable {} its length of {}", variable, instants));
    }
  } catch (...) {
    release();
    throw;
  }
}

ChunkFile::~ChunkFile() {
  const LibraryLock lock;
  release();
}

void ChunkFile::write(std::size_t variable, std::int64_t instant, const Chunk& chunk) {
  const LibraryLock lock;
  const std::array<hsize_t, 3> offset{static_cast<hsize_t>(instant), 0, 0};
  constexpr std::uint32_t kAllFilters = 0;  // a mask of those that were left out
  errno = 0;
  if (H5Dwrite_chunk(datasets_[variable], H5P_DEFAULT, kAllFilters, offset.data(), chunk.size(),
                     chunk.data()) < 0)
    fail("writing " + variables_[variable]);
}

void ChunkFile::close() {
  const LibraryLock lock;
  errno = 0;
  const bool is_flushed = H5Fflush(file_, H5F_SCOPE_LOCAL) >= 0;
  const bool is_closed = release();
  if (!is_flushed || !is_closed) fail("closing");
}

bool ChunkFile::release() {
  bool is_well = true;
  for (const hid_t dataset : std::exchange(datasets_, {}))
    if (dataset >= 0) is_well &= H5Dclose(dataset) >= 0;
  if (const hid_t file = std::exchange(file_, H5I_INVALID_HID); file >= 0) is_well &= H5Fclose(file) >= 0;
  return is_well;
}

void ChunkFile::fail(const std::string& doing) const {
  // HDF5 does not hand on why the system refused; errno, cleared before data are moved, may tell.
  const std::string reason = errno != 0 ? std::strerror(errno) : "HDF5 gives no reason";
  throw core::Error(fmt::format("{}: {}: {}", name_.string(), doing, reason));
}

}  // namespace foehn::io
