#include "foehn/io/chunk_writer.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <bit>
#include <cmath>
#include <cstdlib>
#include <random>

#include "foehn/core/error.hpp"
#include "io/file_size_limit.hpp"
#include "io/member_chunks.hpp"
#include "io/run_command.hpp"
#include "io/test_files.hpp"

namespace foehn::io::chunk_writer_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::ThrowsMessage;

/// Two variables on 7 x 9 cells, hours in chunks of 4.
FieldHeader make_header() {
  FieldHeader header;
  header.variables = {{"uas", "eastward_wind", "m s-1"}, {"tas", "air_temperature", "K"}};
  header.grid = {{"rlat", "grid_latitude", "degrees", {-3, -2, -1, 0, 1, 2, 3}},
                 {"rlon", "grid_longitude", "degrees", {-4, -3, -2, -1, 0, 1, 2, 3, 4}},
                 grid::RotatedPole{39.25, -162, 0}};
  header.first_seconds = calendar::to_seconds({2019, 3, 26}, header.calendar);
  header.realization = 3;
  header.chunk_steps = 4;
  header.attributes = {{"title", std::string("a test")}, {"seed", std::int64_t{7}}};
  return header;
}

constexpr std::size_t kInstant = 2 * 63;

std::vector<float> make_values(std::size_t instants) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal(0, 10);
  std::vector<float> values(instants * kInstant);
  for (float& value : values) value = normal(random);
  values[5] = -0.0F;
  values[kInstant + 70] = std::nanf("");
  return values;
}

void write(const std::filesystem::path& path, const FieldHeader& header, std::span<const float> values) {
  ChunkWriter writer(path, header, static_cast<std::int64_t>(values.size() / kInstant));
  append_all(writer, header, values);
  writer.commit();
}

/// The bytes of a variable's chunks as they lie in a file.
std::vector<Chunk> stored_chunks(const std::filesystem::path& path, const char* variable, hsize_t instants,
                                 hsize_t chunk_steps) {
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
  const hid_t data = H5Dopen2(file, variable, H5P_DEFAULT);
  std::vector<Chunk> chunks;
  for (hsize_t instant = 0; instant < instants; instant += chunk_steps) {
    const hsize_t offset[3] = {instant, 0, 0};
    hsize_t size = 0;
    std::uint32_t filters = 1;
    EXPECT_GE(H5Dget_chunk_storage_size(data, offset, &size), 0);
    EXPECT_GE(H5Dread_chunk(data, H5P_DEFAULT, offset, &filters, chunks.emplace_back(size).data()), 0);
    EXPECT_EQ(filters, 0U);
  }
  H5Dclose(data);
  H5Fclose(file);
  return chunks;
}

/// What ncdump says of a file but for its name.
std::string dump(const std::filesystem::path& path, const std::string& options) {
  const auto [output, status] = run("ncdump -n any " + options + " " + path.string());
  EXPECT_EQ(status, 0) << output;
  return output;
}

class SameFile : public ::testing::TestWithParam<std::tuple<int, NetcdfModel, std::size_t>> {};

TEST_P(SameFile, AsNetcdfWrites) {
  const auto& [deflate, model, instants] = GetParam();
  const TemporaryFolder folder;
  FieldHeader header = make_header();
  header.deflate = deflate;
  header.model = model;
  if (model == NetcdfModel::classic) header.attributes.erase("seed");
  const std::vector<float> values = make_values(instants);
  write(folder / "chunks.nc", header, values);
  FieldWriter writer(folder / "netcdf.nc", header);
  writer.append(values);
  writer.commit();
  EXPECT_THAT(folder.names(), ::testing::UnorderedElementsAre("chunks.nc", "netcdf.nc"));
  EXPECT_EQ(dump(folder / "chunks.nc", "-hs"), dump(folder / "netcdf.nc", "-hs"));
  EXPECT_EQ(dump(folder / "chunks.nc", "-p 9,17"), dump(folder / "netcdf.nc", "-p 9,17"));
  for (const char* variable : {"uas", "tas"})
    EXPECT_EQ(stored_chunks(folder / "chunks.nc", variable, instants, 4),
              stored_chunks(folder / "netcdf.nc", variable, instants, 4));
}

// The last chunk whole, in part, and the only one.
INSTANTIATE_TEST_SUITE_P(ChunkWriter, SameFile,
                         ::testing::Combine(::testing::Values(0, 1, 9),
                                            ::testing::Values(NetcdfModel::netcdf4, NetcdfModel::classic),
                                            ::testing::Values(12, 10, 3)));

TEST(ChunkWriter, SaysToHowManyDigitsValuesAreRounded) {
  const TemporaryFolder folder;
  FieldHeader header = make_header();
  header.significant_digits = 3;
  write(folder / "a.nc", header, make_values(5));
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  EXPECT_EQ(file.variable("tas").number("_QuantizeGranularBitRoundNumberOfSignificantDigits"), 3);
  EXPECT_FALSE(file.variable("rlat").number("_QuantizeGranularBitRoundNumberOfSignificantDigits"));
}

TEST(ChunkWriter, LeavesNothingBehindUnlessCommitted) {
  const TemporaryFolder folder;
  {
    ChunkWriter writer(folder / "a.nc", make_header(), 4);
    append_all(writer, make_header(), make_values(4));
    EXPECT_THAT(folder.names(), ElementsAre(".a.nc.part"));
  }
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(ChunkWriter, RefusesWhatIsNotTheFileThatWasAnnounced) {
  const TemporaryFolder folder;
  const FieldHeader header = make_header();
  ChunkWriter writer(folder / "a.nc", header, 8);
  EXPECT_THAT([&] { writer.append(std::vector<Chunk>(1)); },
              ThrowsMessage<core::Error>(HasSubstr("a.nc: chunks of 1 variables, expected 2")));
  append_all(writer, header, make_values(4));
  EXPECT_THAT([&] { writer.commit(); },
              ThrowsMessage<core::Error>(HasSubstr("a.nc: 4 instants, expected 8")));
  append_all(writer, header, make_values(4));
  EXPECT_THAT([&] { append_all(writer, header, make_values(4)); },
              ThrowsMessage<core::Error>(HasSubstr("a.nc: more than the 8 instants")));
}

/// @return  the exit status of a process in which it fails to write a file, then writes another
int fails_clearly_and_writes_on() {
  const TemporaryFolder folder;
  {
    const FileSizeLimit limit(64 * 1024);
    FieldHeader header = make_header();
    header.deflate = 0;
    EXPECT_THAT([&] { write(folder / "a.nc", header, make_values(400)); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr((folder / "a.nc").string() + ": "),
                                                 HasSubstr("File too large"), Not(HasSubstr(".part")))));
    EXPECT_THAT(folder.names(), IsEmpty());
  }
  write(folder / "a.nc", make_header(), make_values(4));  // the library has not suffered
  EXPECT_THAT(folder.names(), ElementsAre("a.nc"));
  return ::testing::Test::HasFailure() ? 1 : 0;
}

// In a process of its own: HDF5 cannot let go of a file that it failed to write, and crashes on it when a
// filter is unregistered, as other tests do.
TEST(ChunkWriter, FailsClearlyAndCleansUpWhenTheDiskIsFull) {
  EXPECT_EXIT(std::exit(fails_clearly_and_writes_on()), ::testing::ExitedWithCode(0), "");
}

TEST(ChunkSpans, CountFromTheStartOfEachFile) {
  std::vector<std::vector<std::int64_t>> found;
  for (const ChunkSpan& span : chunk_spans(std::vector<std::int64_t>{0, 5}, 12, 4))
    found.push_back({span.first, span.last});
  EXPECT_THAT(found,
              ElementsAre(ElementsAre(0, 4), ElementsAre(4, 5), ElementsAre(5, 9), ElementsAre(9, 12)));
}

}  // namespace
}  // namespace foehn::io::chunk_writer_test
