#include "foehn/io/netcdf.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netcdf.h>

#include <array>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::io::netcdf_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(NetcdfFile, KeepsValuesDimensionsAndAttributesOfEveryKind) {
  const TemporaryFolder folder;
  const Attributes attributes{{"text", std::string("K")},
                              {"empty", std::string()},
                              {"double", 0.1},
                              {"float", 0.1F},
                              {"list", std::vector<double>{1.5, -2.5}},
                              {"small", std::int64_t{-7}},
                              {"large", std::int64_t{1} << 40}};
  {
    NetcdfFile file = NetcdfFile::create(folder / "a.nc");
    file.define_dimension("time", 0);
    file.define_dimension("x", 3);
    file.define_variable("v", NetcdfType::float32, {"time", "x"}, attributes, {{2, 3}, 1});
    file.define_variable("count", NetcdfType::int64, {}, {});
    file.set_global_attributes({{"title", std::string("a test")}});
    const std::array<float, 6> values{1, 2, 3, 4, 5, 0.1F};
    const std::array<std::int64_t, 2> start{0, 0};
    const std::array<std::int64_t, 2> count{2, 3};
    file.write("v", std::span<const float>(values), start, count);
    const std::array<double, 1> number{42};
    file.write("count", std::span<const double>(number));
    file.close();
  }
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  EXPECT_THAT(file.variable_names(), ElementsAre("v", "count"));
  const NetcdfVariable variable = file.variable("v");
  EXPECT_EQ(variable.attributes, attributes);
  EXPECT_EQ(variable.text("text"), "K");
  EXPECT_EQ(variable.text("double"), std::nullopt);
  EXPECT_EQ(variable.number("list"), 1.5);
  EXPECT_EQ(variable.number("small"), -7);
  EXPECT_EQ(variable.number("float"), static_cast<double>(0.1F));
  EXPECT_EQ(variable.number("text"), std::nullopt);
  EXPECT_EQ(variable.number("absent"), std::nullopt);
  ASSERT_EQ(variable.dimensions.size(), 2U);
  EXPECT_TRUE(variable.dimensions[0].unlimited);
  EXPECT_EQ(variable.dimensions[0].size, 2);
  EXPECT_FALSE(variable.dimensions[1].unlimited);
  EXPECT_THAT(file.read_doubles(variable), ElementsAre(1, 2, 3, 4, 5, static_cast<double>(0.1F)));
  EXPECT_THAT(
      file.read_doubles(variable, std::array<std::int64_t, 2>{1, 1}, std::array<std::int64_t, 2>{1, 2}),
      ElementsAre(5, static_cast<double>(0.1F)));
  EXPECT_THAT(file.read_doubles(file.variable("count")), ElementsAre(42));
  EXPECT_EQ(std::get<std::string>(file.global_attributes().at("title")), "a test");
}

TEST(NetcdfFile, ReadsTextStoredAsStrings) {
  const TemporaryFolder folder;
  int id = -1;
  ASSERT_EQ(nc_create((folder / "a.nc").c_str(), NC_NETCDF4, &id), NC_NOERR);
  std::array<const char*, 2> texts{"one", "two"};
  int variable = -1;
  ASSERT_EQ(nc_def_var(id, "v", NC_STRING, 0, nullptr, &variable), NC_NOERR);
  ASSERT_EQ(nc_put_att_string(id, variable, "single", 1, texts.data()), NC_NOERR);
  ASSERT_EQ(nc_put_att_string(id, variable, "pair", 2, texts.data()), NC_NOERR);
  ASSERT_EQ(nc_put_att_text(id, variable, "padded", 4, "K\0\0"), NC_NOERR);
  ASSERT_EQ(nc_close(id), NC_NOERR);

  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  const NetcdfVariable header = file.variable("v");
  EXPECT_EQ(header.text("single"), "one");
  EXPECT_EQ(header.text("pair"), "one\ntwo");
  EXPECT_EQ(header.text("padded"), "K");
  EXPECT_FALSE(header.is_numeric);
  EXPECT_THAT([&] { file.read_doubles(header); },
              ThrowsMessage<core::Error>(HasSubstr("reading v: it holds no numbers")));
}

TEST(NetcdfFile, SaysWhyAFileCannotBeOpened) {
  const TemporaryFolder folder;
  EXPECT_THAT([&] { NetcdfFile::open(folder / "absent.nc"); },
              ThrowsMessage<core::Error>((folder / "absent.nc").string() + ": no such file"));
  EXPECT_THAT([] { NetcdfFile::open("https://example.org/a.nc"); },
              ThrowsMessage<core::Error>(HasSubstr("no such file")));
  EXPECT_THAT([&] { NetcdfFile::open(folder / ""); },
              ThrowsMessage<core::Error>(HasSubstr("not a regular file")));
  write_content(folder / "text.nc", "no NetCDF at all");
  EXPECT_THAT(
      [&] { NetcdfFile::open(folder / "text.nc"); },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("text.nc"), HasSubstr("cannot be opened as NetCDF"))));
}

TEST(NetcdfFile, SaysWhyAFileCannotBeCreated) {
  const TemporaryFolder folder;
  EXPECT_THAT(
      [&] { NetcdfFile::create(folder / "no/a.nc"); },
      ThrowsMessage<core::Error>(AllOf(HasSubstr("no/a.nc"), HasSubstr("No such file or directory"))));
}

TEST(NetcdfFile, NamesTheVariablesThereAre) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  EXPECT_TRUE(file.has_variable("tas"));
  EXPECT_FALSE(file.has_variable("t2m"));
  EXPECT_THAT([&] { file.variable("t2m"); },
              ThrowsMessage<core::Error>(HasSubstr("a.nc: no variable t2m; there are: time, lat, lon, tas")));
}

TEST(NetcdfFile, RefusesHyperslabsOutsideTheVariable) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "a.nc");
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  using Indices = std::vector<std::int64_t>;
  const auto reading = [&](const Indices& start, const Indices& count) {
    return [&file, start, count] { file.read_doubles(file.variable("tas"), start, count); };
  };
  EXPECT_THAT(
      reading({3, 0, 0}, {2, 3, 4}),
      ThrowsMessage<core::Error>(HasSubstr("reading tas: entries 3 to 5 of dimension time, which has 4")));
  EXPECT_THROW(reading({0, -1, 0}, {1, 1, 1})(), core::Error);
  EXPECT_THROW(reading({0, 0, 0}, {1, 1, -1})(), core::Error);
  EXPECT_THROW(reading({0, 0}, {1, 1})(), core::Error);
}

TEST(NetcdfFile, DoesNotTrustASizeInTheHeader) {
  const TemporaryFolder folder;
  int id = -1;
  int dimension = -1;
  int variable = -1;
  ASSERT_EQ(nc_create((folder / "a.nc").c_str(), NC_NETCDF4, &id), NC_NOERR);
  ASSERT_EQ(nc_def_dim(id, "x", std::size_t{1} << 40, &dimension), NC_NOERR);
  ASSERT_EQ(nc_def_var(id, "x", NC_DOUBLE, 1, &dimension, &variable), NC_NOERR);
  const std::size_t chunk = 1024;
  ASSERT_EQ(nc_def_var_chunking(id, variable, NC_CHUNKED, &chunk), NC_NOERR);
  ASSERT_EQ(nc_close(id), NC_NOERR);
  const NetcdfFile file = NetcdfFile::open(folder / "a.nc");
  EXPECT_THAT([&] { file.read_doubles(file.variable("x")); },
              ThrowsMessage<core::Error>(AllOf(HasSubstr("reading x"), HasSubstr("values at once"))));
}

TEST(NetcdfFile, ChecksAClassicHeaderBeforeTheLibraryReadsIt) {
  const TemporaryFolder folder;
  const auto bytes = [](std::uint32_t value) {
    std::string text;
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift);
    return text;
  };
  const std::string none = bytes(0) + bytes(0);
  const std::string start = std::string("CDF\x01") + bytes(0);
  const std::string long_name = bytes(10) + bytes(1) + bytes(600) + std::string(600, 'a') + bytes(1);
  const std::string many_variables = none + none + bytes(11) + bytes(100'000'000);
  for (const auto& [header, what] :
       {std::pair{start + long_name + none + none, "name in its header is too long"},
        std::pair{start + many_variables, "extends beyond its end"}}) {
    write_content(folder / "hostile.nc", header);
    EXPECT_THAT([&] { NetcdfFile::open(folder / "hostile.nc"); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr("hostile.nc"), HasSubstr(what))));
  }
  write_content(folder / "empty.nc", start + none + none + none);
  EXPECT_NO_THROW(NetcdfFile::open(folder / "empty.nc"));
}

TEST(NetcdfFile, RefusesTheWrongNumberOfValues) {
  const TemporaryFolder folder;
  NetcdfFile file = NetcdfFile::create(folder / "a.nc");
  file.define_dimension("x", 3);
  file.define_variable("v", NetcdfType::float64, {"x"}, {});
  const std::array<double, 2> values{1, 2};
  EXPECT_THAT([&] { file.write("v", std::span<const double>(values)); },
              ThrowsMessage<core::Error>(HasSubstr("writing v: 2 values, expected 3")));
  EXPECT_THAT([&] { file.define_variable("w", NetcdfType::float64, {"y"}, {}); },
              ThrowsMessage<core::Error>(HasSubstr("defining variable w on dimension y")));
}

}  // namespace
}  // namespace foehn::io::netcdf_test
