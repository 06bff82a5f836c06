#include "foehn/io/write_netcdf.hpp"

#include <system_error>

#include "atomic_file.hpp"

namespace foehn::io {

void write_netcdf_atomically(const std::filesystem::path& path,
                             const std::function<void(NetcdfFile& file)>& fill) {
  const std::filesystem::path temporary_path = temporary_path_of(path);
  try {
    NetcdfFile file = NetcdfFile::create(temporary_path, NetcdfModel::netcdf4, path);
    fill(file);
    file.close();
    publish_file(temporary_path, path);
  } catch (...) {
    std::error_code ignored;
    std::filesystem::remove(temporary_path, ignored);
    throw;
  }
}

}  // namespace foehn::io
