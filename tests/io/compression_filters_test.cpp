#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netcdf.h>
#include <netcdf_filter.h>

#include <array>
#include <cstddef>
#include <string>

#include "foehn/core/error.hpp"
#include "foehn/io/field_reader.hpp"
#include "io/test_files.hpp"

namespace foehn::io::compression_filters_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// HDF5's description of a filter (H5Z_class2_t). HDF5 is NetCDF's affair and its headers are not asked for.
struct FilterClass {
  int version = 1;
  int id = 0;
  unsigned encodes = 1, decodes = 1;
  const char* name = "passes values through";
  void* can_apply = nullptr;
  void* set_local = nullptr;
  std::size_t (*filter)(unsigned, std::size_t, const unsigned*, std::size_t, std::size_t*, void**) =
      [](unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*, void**) { return bytes; };
};

/// A file as others write it whose HDF5 has one filter more: HDF5 knows the filter only while it is written.
/// @return  false where HDF5's functions are not found
bool write_filtered(const std::filesystem::path& path, int id) {
  const auto add = reinterpret_cast<int (*)(const void*)>(::dlsym(RTLD_DEFAULT, "H5Zregister"));
  const auto remove = reinterpret_cast<int (*)(int)>(::dlsym(RTLD_DEFAULT, "H5Zunregister"));
  if (add == nullptr || remove == nullptr) return false;
  FieldFile().write(path);
  FilterClass filter;
  filter.id = id;
  add(&filter);
  int file = -1, tas = -1, huss = -1;
  std::array<int, 3> dimensions{};
  nc_open(path.c_str(), NC_WRITE, &file);
  nc_inq_varid(file, "tas", &tas);
  nc_inq_vardimid(file, tas, dimensions.data());
  nc_redef(file);
  nc_def_var(file, "huss", NC_FLOAT, 3, dimensions.data(), &huss);
  nc_put_att_text(file, huss, "units", 1, "1");
  EXPECT_EQ(nc_def_var_filter(file, huss, static_cast<unsigned>(id), 0, nullptr), NC_NOERR);
  nc_enddef(file);
  const std::array<float, 48> values{};
  EXPECT_EQ(nc_put_var_float(file, huss, values.data()), NC_NOERR);
  EXPECT_EQ(nc_close(file), NC_NOERR);
  remove(id);
  return true;
}

TEST(CompressionFilters, ThatAreMissingAreNamedWithTheirVariable) {
  const TemporaryFolder folder;
  FieldSelection selection;
  selection.variables = {{"huss", "", ""}};
  for (const auto& [id, name] : {std::pair{32015, "Zstandard (HDF5 filter 32015)"},
                                 {307, "bzip2 (HDF5 filter 307)"},
                                 {32001, "Blosc (HDF5 filter 32001)"},
                                 {31999, "the HDF5 filter 31999"}}) {
    if (!write_filtered(folder / "a.nc", id)) GTEST_SKIP() << "skipped: HDF5's functions are not found";
    const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
    const NetcdfVariable huss = file.variable("huss");
    const auto complaint =
        ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc: huss: "), HasSubstr(std::string("with ") + name),
                                         HasSubstr("HDF5_PLUGIN_PATH"), HasSubstr("nccopy")));
    EXPECT_THAT([&] { file.check_compression(huss); }, complaint);
    EXPECT_THAT([&] { file.read_doubles(huss); }, complaint);
    // Said when the header is read, before any value.
    EXPECT_THAT([&] { FieldReader({folder / "a.nc"}, selection); }, complaint);
    // Other variables of the file are as good as ever.
    EXPECT_NO_THROW(file.check_compression(file.variable("tas")));
    EXPECT_EQ(file.read_doubles(file.variable("tas")).size(), 48U);
  }
}

TEST(CompressionFilters, OfEveryInstallationAreNoObstacle) {
  const TemporaryFolder folder;
  {
    NetcdfFile file = NetcdfFile::create(folder / "a.nc");
    file.define_dimension("x", 3);
    file.define_variable("v", NetcdfType::float32, {"x"}, {}, {{3}, 1});
    file.write("v", std::span<const float>(std::array<float, 3>{1, 2, 3}));
    file.close();
  }
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  EXPECT_NO_THROW(file.check_compression(file.variable("v")));
  EXPECT_THAT(file.read_doubles(file.variable("v")), ElementsAre(1, 2, 3));
}

}  // namespace
}  // namespace foehn::io::compression_filters_test
