#include "foehn/io/packing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::io::packing_test {
namespace {

using ::testing::AllOf;
using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNan;
using ::testing::ThrowsMessage;

/// One variable x of a few numbers, as a file holds them.
class PackingFile {
 public:
  PackingFile(NetcdfType type, const Attributes& attributes, const std::vector<double>& stored) {
    NetcdfFile file = NetcdfFile::create(folder_ / "a.nc");
    file.define_dimension("x", static_cast<std::int64_t>(stored.size()));
    file.define_variable("x", type, {"x"}, attributes);
    file.write("x", std::span<const double>(stored));
    file.close();
  }
  Packing packing() const {
    const NetcdfFile file = NetcdfFile::open(folder_ / "a.nc");
    return read_packing(file, file.variable("x"));
  }
  std::vector<double> coordinate() const {
    const NetcdfFile file = NetcdfFile::open(folder_ / "a.nc");
    return read_coordinate(file, file.variable("x"));
  }
  /// For each number of the file, whether it is missing.
  std::vector<bool> missing() const {
    const NetcdfFile file = NetcdfFile::open(folder_ / "a.nc");
    std::vector<bool> missing;
    for (const double stored : file.read_doubles(file.variable("x")))
      missing.push_back(packing().is_missing(stored));
    return missing;
  }

 private:
  TemporaryFolder folder_;
};

TEST(Packing, IsUndoneForCoordinates) {
  const PackingFile file(NetcdfType::int32,
                         {{"scale_factor", -0.01}, {"add_offset", 10.0}, {"_FillValue", std::int64_t{-9}}},
                         {100, -200, -9});
  EXPECT_THAT(file.coordinate(), ElementsAre(DoubleNear(9, 1e-12), DoubleNear(12, 1e-12), IsNan()));
}

TEST(Packing, FindsAMissingNumberWhateverItsTypeAndTheDatas) {
  const double promoted = static_cast<double>(1e20F);
  ASSERT_NE(promoted, 1e20);
  EXPECT_THAT(PackingFile(NetcdfType::float64, {{"missing_value", 1e20F}}, {1e20, promoted, 1e19}).missing(),
              ElementsAre(true, true, false));
  EXPECT_THAT(PackingFile(NetcdfType::float32, {{"missing_value", 1e20}}, {1e20, 1e19}).missing(),
              ElementsAre(true, false));
  EXPECT_THAT(PackingFile(NetcdfType::float64, {{"missing_value", -999.0}}, {-999, -999.00001}).missing(),
              ElementsAre(true, false));
  EXPECT_THAT(PackingFile(NetcdfType::int32, {{"missing_value", -999.0F}}, {-999, 999}).missing(),
              ElementsAre(true, false));
}

TEST(Packing, KnowsSeveralMissingNumbers) {
  const Attributes attributes{{"missing_value", std::vector<double>{-999, 0.1}}, {"_FillValue", 1e20F}};
  EXPECT_THAT(PackingFile(NetcdfType::float32, attributes, {-999, 0.1, 1e20, 1}).missing(),
              ElementsAre(true, true, true, false));
}

TEST(Packing, TakesValidLimitsOfPackedIntegersByTheirType) {
  Attributes attributes{{"scale_factor", -0.1}, {"valid_min", std::int64_t{-10}}};
  EXPECT_THAT(PackingFile(NetcdfType::int32, attributes, {-11, -10, 11}).missing(),
              ElementsAre(true, false, false));
  attributes["valid_min"] = -1.0;  // a value, hence at most 10 as stored
  EXPECT_THAT(PackingFile(NetcdfType::int32, attributes, {-11, 9, 11}).missing(),
              ElementsAre(false, false, true));
  // 0.1F is more than 0.1: the limit itself lies between two integers, and is valid.
  EXPECT_THAT(
      PackingFile(NetcdfType::int32, {{"scale_factor", 0.1F}, {"valid_max", 285.F}}, {2849, 2850, 2851})
          .missing(),
      ElementsAre(false, false, true));
}

TEST(Packing, RoundsValidLimitsAsTheData) {
  const PackingFile file(NetcdfType::float32, {{"valid_range", std::vector<double>{0.1, 0.3}}}, {0.1, 0.3});
  EXPECT_THAT(file.missing(), ElementsAre(false, false));
}

TEST(Packing, RefusesAttributesThatAreNoNumbers) {
  const std::vector<std::pair<Attributes, const char*>> cases{
      {{{"missing_value", std::string("-9999.")}}, "missing_value is the text '-9999.', expected a number"},
      {{{"valid_min", std::string("0")}}, "valid_min is the text '0', expected a number"},
      {{{"valid_range", std::vector<double>{1, 2, 3}}}, "valid_range has 3 numbers, expected 2"},
      {{{"scale_factor", std::string("2")}}, "scale_factor is the text '2', expected a number"},
      {{{"add_offset", std::numeric_limits<double>::infinity()}}, "add_offset is not a finite number"},
      {{{"scale_factor", 0.0}}, "scale_factor is 0"}};
  for (const auto& [attributes, problem] : cases) {
    const PackingFile file(NetcdfType::float32, attributes, {1});
    EXPECT_THAT([&] { file.packing(); },
                ThrowsMessage<core::Error>(AllOf(HasSubstr("a.nc: x: attribute"), HasSubstr(problem))));
  }
}

}  // namespace
}  // namespace foehn::io::packing_test
