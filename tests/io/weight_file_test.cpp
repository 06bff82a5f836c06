#include "foehn/io/weight_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

#include "foehn/core/error.hpp"
#include "grid/grids.hpp"
#include "io/test_files.hpp"

namespace foehn::io::weight_file_test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

/// 2 x 3 cells, and two of their means.
grid::CellCentres make_source() {
  return grid::cell_centres(
      {grid::make_axis("lat", 50, 1, 2), grid::make_axis("lon", -1, 1, 3), std::nullopt});
}
grid::CellCentres make_target() {
  return grid::cell_centres(
      {grid::make_axis("lat", 50.5, 1, 1), grid::make_axis("lon", -0.5, 1, 2), std::nullopt});
}

/// A small weight file, to be bent into any shape a test needs.
struct Weights {
  bool is_scrip = true;
  std::vector<double> source{1, 2, 4, 5, 3};  // from 1
  std::vector<double> target{1, 1, 1, 1, 2};
  std::vector<double> weight{0.25, 0.25, 0.25, 0.25, 0.5};
  std::int64_t weights_a_link = 1;
  std::vector<double> source_dims{3, 2};  // x, y
  std::vector<double> target_dims{2, 1};
  std::vector<double> latitude;  ///< of the source's centres
  std::vector<double> covered;   ///< parts of the target's cells
  std::string units = "degrees";
  Attributes attributes;                                    ///< global
  std::vector<std::pair<std::string, std::int64_t>> cells;  ///< dimensions of other variables

  void write(const std::filesystem::path& path) const {
    NetcdfFile file = NetcdfFile::create(path);
    const auto put = [&](const std::string& name, const std::vector<double>& values,
                         const std::string& unit) {
      if (values.empty()) return;
      file.define_dimension(name + "_size", static_cast<std::int64_t>(values.size()));
      file.define_variable(name, NetcdfType::float64, {name + "_size"}, {{"units", unit}});
    };
    put(is_scrip ? "src_address" : "col", source, "1");
    put(is_scrip ? "dst_address" : "row", target, "1");
    put("src_grid_dims", source_dims, "1");
    put("dst_grid_dims", target_dims, "1");
    put(is_scrip ? "src_grid_center_lat" : "yc_a", latitude, units);
    const std::vector<double> longitude = {-1, 0, 1, -1, 0, 1};
    put(is_scrip ? "src_grid_center_lon" : "xc_a", longitude, "degrees");
    put(is_scrip ? "dst_grid_frac" : "frac_b", covered, "1");
    file.define_dimension("links", static_cast<std::int64_t>(weight.size()) / weights_a_link);
    file.define_dimension("num_wgts", weights_a_link);
    file.define_variable(
        is_scrip ? "remap_matrix" : "S", NetcdfType::float64,
        is_scrip ? std::vector<std::string>{"links", "num_wgts"} : std::vector<std::string>{"links"}, {});
    file.set_global_attributes(attributes);
    for (const auto& [name, size] : cells) file.define_dimension(name, size);
    const auto fill = [&](const std::string& name, const std::vector<double>& values) {
      if (!values.empty()) file.write(name, std::span<const double>(values));
    };
    fill(is_scrip ? "src_address" : "col", source);
    fill(is_scrip ? "dst_address" : "row", target);
    fill("src_grid_dims", source_dims);
    fill("dst_grid_dims", target_dims);
    fill(is_scrip ? "src_grid_center_lat" : "yc_a", latitude);
    fill(is_scrip ? "src_grid_center_lon" : "xc_a", longitude);
    fill(is_scrip ? "dst_grid_frac" : "frac_b", covered);
    fill(is_scrip ? "remap_matrix" : "S", weight);
    file.close();
  }

  grid::RegriddingWeights read() const {
    const TemporaryFolder folder;
    write(folder / "w.nc");
    return read_weight_file(folder / "w.nc", make_source(), make_target());
  }
};

TEST(WeightFile, OfBothLayoutsIsReadAndScaledToMeans) {
  for (const bool is_scrip : {true, false}) {
    Weights file;
    file.is_scrip = is_scrip;
    // Links need not be in order.
    file.source = {3, 1, 2, 4, 5};
    file.target = {2, 1, 1, 1, 1};
    file.weight = {0.5, 0.25, 0.25, 0.25, 0.25};
    const auto weights = file.read();
    EXPECT_EQ(weights.source_ny, 2);
    EXPECT_EQ(weights.source_nx, 3);
    EXPECT_THAT(weights.first_link, ElementsAre(0, 4, 5));
    EXPECT_THAT(weights.source_cell, ElementsAre(0, 1, 3, 4, 2));
    EXPECT_THAT(weights.weight, ElementsAre(0.25, 0.25, 0.25, 0.25, 1.0));
  }
}

TEST(WeightFile, WithSumsThatItsMethodDoesNotGiveIsRefused) {
  Weights file;  // the second target cell's sum to 0.5
  EXPECT_NO_THROW(file.read());
  for (const Attributes& whole :
       {Attributes{{"normalization", "fracarea"}},
        Attributes{{"map_method", "Bilinear remapping"}, {"normalization", "none"}}}) {
    file.attributes = whole;
    EXPECT_THAT([&] { file.read(); },
                ThrowsMessage<core::Error>(HasSubstr(
                    "w.nc: remap_matrix: the weights of target cell 2 sum to 0.500000, expected 1")));
  }
  file.attributes = {{"map_method", "Conservative remapping"}, {"normalization", "destarea"}};
  EXPECT_NO_THROW(file.read());
  file.weight[0] = 0.5;
  EXPECT_THAT(
      [&] { file.read(); },
      ThrowsMessage<core::Error>(HasSubstr("target cell 1 sum to 1.250000, expected 1 or, of a cell")));
  file.attributes["normalization"] = "none";
  EXPECT_NO_THROW(file.read());
}

TEST(WeightFile, OfAnotherNumberOfCellsIsRefused) {
  Weights file;
  file.source_dims = file.target_dims = {};
  EXPECT_NO_THROW(file.read());
  file.cells = {{"src_grid_size", 7}};
  EXPECT_THAT([&] { file.read(); },
              ThrowsMessage<core::Error>(HasSubstr(
                  "w.nc: src_grid_size: the weights are for a source grid of 7 cells, expected 6")));
}

TEST(WeightFile, MayHoldCentresToCompare) {
  const TemporaryFolder folder;
  Weights file;
  file.write(folder / "w.nc");
  EXPECT_FALSE(has_cell_centres(folder / "w.nc"));
}

TEST(WeightFile, NeedNotHoldSizes) {
  Weights file;
  file.is_scrip = false;
  file.source_dims = file.target_dims = {};
  EXPECT_EQ(file.read().target_cells(), 2);
  file.source_dims = {6};
  EXPECT_EQ(file.read().target_cells(), 2);
}

TEST(WeightFile, HoldsCentresInDegreesOrRadians) {
  Weights file;
  file.latitude = {50, 50, 50, 51, 51, 51};
  EXPECT_NO_THROW(file.read());
  for (double& latitude : file.latitude) latitude *= std::numbers::pi / 180;
  file.units = "radians";
  EXPECT_NO_THROW(file.read());
  file.units = "gon";
  EXPECT_THAT(
      [&] { file.read(); },
      ThrowsMessage<core::Error>(HasSubstr("w.nc: src_grid_center_lat has units 'gon', expected degrees")));
}

void expect_error(const Weights& file, const std::string& text) {
  EXPECT_THAT([&] { file.read(); }, ThrowsMessage<core::Error>(AllOf(HasSubstr("w.nc"), HasSubstr(text))));
}

TEST(WeightFile, OfAnotherGridIsRefused) {
  Weights turned;
  turned.latitude = {51, 51, 51, 50, 50, 50};
  expect_error(turned,
               "src_grid_center_lat: the weights are for another source grid: cell 1 lies at latitude 51");
  Weights sizes;
  sizes.source_dims = {2, 3};
  expect_error(sizes, "src_grid_dims: the weights are for a source grid of 3 x 2 cells, expected 2 x 3");
  sizes.source_dims = {7};
  expect_error(sizes, "grid of 7 cells, expected 2 x 3");
  Weights rank;
  rank.target_dims = {1, 2, 1};
  expect_error(rank, "dst_grid_dims has 3 values, expected 1 (cells) or 2 (x, y)");
  Weights centres;
  centres.latitude = {50, 51};
  expect_error(centres, "src_grid_center_lat has 2 values, expected 6");
}

TEST(WeightFile, WithAddressesOutsideItsGridsIsRefused) {
  for (const double address : {0.0, 7.0, -1.0, 1.5, 1e300, std::nan("")}) {
    Weights file;
    file.source[2] = address;
    expect_error(file, "src_address: link 3 has address " + std::to_string(address) +
                           ", expected a whole number from 1 to 6, the cells of the source grid");
  }
  Weights target;
  target.target[4] = 3;
  expect_error(target, "dst_address: link 5");
}

TEST(WeightFile, WithoutOneFiniteWeightALinkIsRefused) {
  for (const double weight : {std::nan(""), std::numeric_limits<double>::infinity()}) {
    Weights file;
    file.weight[1] = weight;
    expect_error(file, "remap_matrix: the weight of link 2 is");
  }
  Weights gradients;
  gradients.weights_a_link = 3;
  gradients.weight.resize(15);
  expect_error(gradients, "remap_matrix has 3 weights a link, expected 1");
  Weights fewer;
  fewer.weight.pop_back();
  expect_error(fewer, "remap_matrix: expected 5 values");
  Weights addresses;
  addresses.target.pop_back();
  expect_error(addresses, "dst_address has 4 values, expected 5");
  Weights uncovered;
  uncovered.target[4] = 1;
  uncovered.weight[4] = 0;
  expect_error(uncovered, "weights of target cell 2 sum to 0.000000, expected more than 0");
  Weights many;
  many.source.assign(10000, 1);
  expect_error(many, "src_address has 10000 links, more than these grids can have");
}

TEST(WeightFile, OfAFineAndACoarseGridLeavesOutCellsThatAreNotWhole) {
  const TemporaryFolder folder;
  const auto read = [&](const Weights& file) {
    file.write(folder / "w.nc");
    return read_weights_within(folder / "w.nc", make_source(), make_target());
  };
  const auto expect_refused = [&](const Weights& file, const std::string& words) {
    EXPECT_THAT([&] { read(file); }, ThrowsMessage<core::Error>(AllOf(HasSubstr("w.nc"), HasSubstr(words))));
  };
  Weights file;  // half of the second target cell
  grid::CellsWithin within = read(file);
  EXPECT_THAT(within.cells, ElementsAre(0));
  EXPECT_THAT(within.means.source_cell, ElementsAre(0, 1, 3, 4));
  EXPECT_THAT(within.means.first_link, ElementsAre(0, 4));
  file.weight[4] = 1;
  EXPECT_THAT(read(file).cells, ElementsAre(0, 1));
  file.covered = {0.5, 1};  // as the file says, whatever weights sum to
  file.attributes = {{"normalization", "fracarea"}};
  EXPECT_THAT(read(file).cells, ElementsAre(1));
  file.covered = {1, 1};  // as cdo says of all cells whose weights were scaled
  expect_refused(file, "does not tell which cells are covered in part");
  file.covered = {};
  expect_refused(file, "CDO_REMAP_NORM=destarea");
  file.covered = {0.5, 1};
  file.attributes = {{"normalization", "none"}};
  file.weight[4] = 7;
  within = read(file);
  EXPECT_THAT(within.cells, ElementsAre(1));
  EXPECT_THAT(within.means.weight, ElementsAre(1.0));
  file.covered = {};
  expect_refused(file, "in a variable dst_grid_frac");
  file.covered = {0.5, 0.9};
  expect_refused(file, "none of the 2 target cells is covered whole");
  file.weight[4] = 0;
  expect_refused(file, "weights of target cell 2 sum to 0.000000, expected more than 0");
  file = {};
  file.target.pop_back(), file.source.pop_back(), file.weight.pop_back();  // the second has no weights
  EXPECT_THAT(read(file).cells, ElementsAre(0));
}

TEST(WeightFile, MaySeeRowsAndColumnsInAListOfCells) {
  const TemporaryFolder folder;
  Weights file;
  file.target_dims = {1, 2};
  file.write(folder / "w.nc");
  const grid::CellCentres list{1, 2, make_target().centres};
  EXPECT_EQ(read_weight_file(folder / "w.nc", make_source(), list).target_cells(), 2);
}

TEST(WeightFile, IsToldFromOtherFiles) {
  const TemporaryFolder folder;
  FieldFile().write(folder / "w.nc");
  EXPECT_THAT([&] { read_weight_file(folder / "w.nc", make_source(), make_target()); },
              ThrowsMessage<core::Error>(HasSubstr("w.nc: not a weight file")));
}

}  // namespace
}  // namespace foehn::io::weight_file_test
