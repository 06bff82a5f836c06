#include "foehn/conditioning/native_input.hpp"

#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>

#include "conditioning/coarse_file.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/cells_within.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/io/field_writer.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/model/coarse_cells.hpp"
#include "foehn/observation/sparse_operator.hpp"
#include "io/test_files.hpp"

namespace foehn::conditioning::native_input_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kSix = 6 * 3600;
const Period kDay{
    .calendar = calendar::Calendar::standard, .first_seconds = 0, .step_seconds = 3600, .hours = 13};

/// Cells of 1.5 x 2 degrees, four of which lie wholly within those of coarse_file_domain(), from 54.5 to 58.5
/// N and 3.5 W to 2.5 E: rows 55.25 and 56.75, columns -2.5 and -0.5.
grid::Grid model_grid() {
  return {{"lat", "latitude", "degrees_north", {52.25, 53.75, 55.25, 56.75, 58.25, 59.75}},
          {"lon", "longitude", "degrees_east", {-4.5, -2.5, -0.5, 1.5 + 0.1, 3.7}},
          std::nullopt};
}

class NativeInputTest : public ::testing::Test {
 protected:
  /// Snapshots, or means over the six hours before, every six hours; all values are alike but for some.
  std::filesystem::path write(const grid::Grid& grid,
                              const std::vector<std::pair<std::int64_t, float>>& bent = {},
                              std::int64_t step = kSix, std::int64_t count = 3) const {
    io::FieldHeader header;
    header.variables = domain_.variables;
    header.grid = grid;
    header.first_seconds = 0;
    header.step_seconds = step;
    header.cell_methods = "time: point area: mean";
    const std::filesystem::path path = folder_ / "model.nc";
    io::FieldWriter writer(path, header);
    for (std::int64_t i = 0; i < count; ++i) {
      std::vector<float> field(static_cast<std::size_t>(grid.cells()), 280.0F + static_cast<float>(i));
      if (i == 1)
        for (const auto& [cell, value] : bent) field[static_cast<std::size_t>(cell)] = value;
      writer.append(field);
    }
    writer.commit();
    return path;
  }
  std::vector<PointSet> place(const std::filesystem::path& file, double missing_fraction = 0) const {
    return NativeInput({{file}, missing_fraction, {}}, domain_).place(kDay, {0.5});
  }
  void expect_refused(const std::function<void()>& work, const std::vector<std::string>& words) const {
    for (const std::string& word : words) EXPECT_THAT(work, ThrowsMessage<core::Error>(HasSubstr(word)));
  }

  io::TemporaryFolder folder_;
  model::Domain domain_ = coarse_file_domain();
};

TEST_F(NativeInputTest, TakesTheCellsThatLieWhollyWithinTheDomain) {
  const std::vector<PointSet> sets = place(write(model_grid()));
  ASSERT_EQ(sets.size(), 1U);
  const PointPlacement& placement = sets[0].placement;
  EXPECT_EQ(placement.points, 4);
  EXPECT_EQ(placement.count, 12);
  EXPECT_TRUE(placement.are_cells);
  EXPECT_EQ(placement.intervals, (std::vector<observation::Interval>{{0, 1}, {6, 7}, {12, 13}}));
  EXPECT_THAT(describe(placement, domain_.variables), HasSubstr("tas at 4 native cells (model.nc)"));
}

TEST_F(NativeInputTest, IsTheAreaWeightedMeanOfTheFieldsUnderACell) {
  const PointSet set = std::move(place(write(model_grid()))[0]);
  // Over six longitudes as many values, the same at all latitudes, and the other way round.
  at::Tensor slab = at::zeros({13, 1, 4, 6}, at::kDouble);
  slab.select(0, 0).copy_(at::arange(6, at::kDouble).expand({4, 6}));
  slab.select(0, 6).copy_(at::arange(4, at::kDouble).unsqueeze(1).expand({4, 6}));
  const at::Tensor seen =
      observation::SparseOperator({{0}, set.placement.intervals, set.cells, set.weights.to(at::kDouble)})
          .apply(slab);
  // From 3.5 to 1.5 W two whole columns; as far as 0.55 E two and a twentieth.
  EXPECT_NEAR(seen[0][0][0][0].item<double>(), 0.5, 1e-6);
  EXPECT_NEAR(seen[0][0][0][1].item<double>(), (2 + 3 + 0.05 * 4) / 2.05, 1e-6);
  // From 54.5 to 56 N a row and half of the next, rows being counted from the north.
  const auto sine = [](double latitude) { return std::sin(latitude * grid::kRadians); };
  const double low = sine(55.5) - sine(54.5), high = sine(56) - sine(55.5);
  EXPECT_NEAR(seen[1][0][0][0].item<double>(), (3 * low + 2 * high) / (low + high), 1e-6);
  EXPECT_TRUE(at::allclose(set.weights.sum(1), at::ones({1, 1, 1, 4}), 1e-6));
}

TEST_F(NativeInputTest, GivesAConstantFieldItsOwnValueInNormalisedUnits) {
  const PointSet set = std::move(place(write(model_grid()))[0]);
  for (std::int64_t i = 0; i < 3; ++i) {
    const at::Tensor field = at::full({1, 4, 6}, 280.0 + static_cast<double>(i), at::kDouble);
    const double expected = domain_.normalise(field, kSix * i, kDay.calendar)[0][0][0].item<double>();
    EXPECT_TRUE(
        at::allclose(set.values[i].to(at::kDouble), at::full({1, 1, 4}, expected, at::kDouble), 1e-5));
  }
  const double scale = domain_.normalisation.scale().item<double>();
  EXPECT_NEAR(set.variance.max().item<double>(), 0.25 / scale / scale, 1e-6);
}

TEST_F(NativeInputTest, TakesAllCellsOfACoarserReducedGaussianGrid) {
  domain_.grid = grid::named_grid("O8");
  const grid::Grid coarse = grid::named_grid("O4");
  const PointSet set = std::move(place(write(coarse))[0]);
  EXPECT_EQ(set.placement.points, 208);
  EXPECT_EQ(set.placement.count, 3 * 208);
  EXPECT_TRUE(at::allclose(set.weights.sum(1), at::ones({1, 1, 1, 208}), 1e-6));
  // The sine of latitude, over a cell of its band.
  const at::Tensor latitude = at::tensor(domain_.grid.unstructured->centres.latitude, at::kDouble);
  const at::Tensor slab = (latitude * grid::kRadians).sin().expand({13, 1, 1, 544}).contiguous();
  const at::Tensor seen =
      observation::SparseOperator({{0}, set.placement.intervals, set.cells, set.weights.to(at::kDouble)})
          .apply(slab);
  const at::Tensor expected =
      (at::tensor(coarse.unstructured->centres.latitude, at::kDouble) * grid::kRadians).sin();
  EXPECT_LT((seen[0].flatten() - expected).abs().max().item<double>(), 0.03);
}

TEST_F(NativeInputTest, GivesWholeFieldsOnTheCellsThatAPriorHasLearntToBeGiven) {
  domain_.grid = grid::named_grid("O8");
  const model::Climatology climatology({model::Harmonic{}}, at::full({1, 1, 1, 544}, 270, at::kDouble));
  domain_.normalisation = model::Normalisation::anomaly(climatology, at::full({1}, 2, at::kDouble));
  const grid::Grid coarse = grid::named_grid("O4");
  const model::CoarseCells cells(grid::octahedral_row_sizes(4), domain_.grid);
  const auto given = [&](const std::filesystem::path& file) {
    return NativeInput({{file}, 0}, domain_).coarse_fields(cells);
  };
  const at::Tensor expected = at::tensor({5.0F, 5.5F, 6.0F}).reshape({3, 1, 1, 1}).expand({3, 1, 1, 208});
  EXPECT_TRUE(at::allclose(given(write(coarse)), expected, 1e-6, 1e-6));
  expect_refused(
      [&] {
        given(write(coarse, {{7, NAN}}));
      },
      {"model.nc: tas: missing value at 1970-01-01T06:00:00", "cell 7", "in every cell"});
  expect_refused([&] { given(write(coarse, {{7, 500.0F}})); }, {"model.nc", "cell 7"});
  expect_refused([&] { given(write(grid::named_grid("O3"))); }, {"model.nc", "grid", "train.coarse_grid"});
}

TEST_F(NativeInputTest, DoesNotLookBeyondTheDomain) {
  // The first cell is far away: neither a gap nor a value far from all that the prior knows matters there.
  const std::vector<PointSet> sets = place(write(model_grid(), {{0, 350.0F}, {1, NAN}}));
  EXPECT_EQ(sets[0].placement.count, 12);
}

TEST_F(NativeInputTest, LeavesOutMissingValuesWithinMeasure) {
  const std::filesystem::path file = write(model_grid(), {{11, NAN}});
  EXPECT_EQ(place(file, 0.1)[0].placement.count, 11);
  expect_refused([&] { place(file, 0.05); },
                 {"model.nc: tas: missing value at 1970-01-01T06:00:00", "1 of 12 values of tas",
                  "at most 5 % is allowed (observation.missing_fraction)"});
}

TEST_F(NativeInputTest, LeavesOutAColumnThatRepeatsTheFirst) {
  grid::Grid round = model_grid();
  round.x.values.clear();
  for (int i = 0; i < 180; ++i) round.x.values.push_back(-180.5 + 2 * i);  // -2.5, -0.5 and 1.5 within
  const PointSet once = std::move(place(write(round))[0]);
  round.x.values.push_back(179.5);
  const PointSet twice = std::move(place(write(round))[0]);
  EXPECT_EQ(once.placement.points, 6);
  EXPECT_EQ(digest_of({once}), digest_of({twice}));
  std::reverse(round.x.values.begin(), round.x.values.end());
  EXPECT_EQ(place(write(round))[0].placement.count, 18);
}

TEST_F(NativeInputTest, TakesAListOfCellsWithCorners) {
  grid::UnstructuredCells cells;
  cells.centres = {{56, 57, 40}, {-1, 0.5, 0}};
  cells.areas = {1e-4, 1e-4, 1e-4};
  cells.corners = {{55, 55.5, 57, 56.5, 56, 56, 58, 58, 39, 39, 41, 41},
                   {-2, 0, 0.5, -1.5, -0.5, 1.5, 1.5, -0.5, -1, 1, 1, -1}};
  const std::vector<PointSet> sets = place(write({{}, {}, std::nullopt, cells}));
  ASSERT_EQ(sets.size(), 1U);
  EXPECT_EQ(sets[0].placement.points, 2);
  EXPECT_TRUE(at::allclose(sets[0].weights.sum(1), at::ones({1, 1, 1, 2}), 1e-6));
}

/// A regular grid as a curvilinear one: a latitude, a longitude and four corners of each cell.
struct Curvilinear {
  grid::Grid regular = model_grid();
  bool has_bounds = true;
  std::vector<std::size_t> without_corner, without_position;  ///< cells

  void write(const std::filesystem::path& path) const {
    io::NetcdfFile file = io::NetcdfFile::create(path);
    file.define_dimension("time", 2);
    file.define_dimension("j", regular.ny());
    file.define_dimension("i", regular.nx());
    file.define_dimension("corner", 4);
    file.define_variable("time", io::NetcdfType::float64, {"time"},
                         {{"units", std::string("hours since 1970-01-01")}});
    const auto define = [&](const std::string& name, const char* units) {
      io::Attributes attributes{{"units", std::string(units)}, {"_FillValue", kNone}};
      if (has_bounds) attributes["bounds"] = name + "_corners";
      file.define_variable(name, io::NetcdfType::float64, {"j", "i"}, attributes);
      file.define_variable(name + "_corners", io::NetcdfType::float64, {"j", "i", "corner"},
                           {{"_FillValue", kNone}});
    };
    define("nav_lat", "degrees_north");
    define("nav_lon", "degrees_east");
    file.define_variable("tas", io::NetcdfType::float64, {"time", "j", "i"},
                         {{"units", std::string("K")},
                          {"standard_name", std::string("air_temperature")},
                          {"coordinates", std::string("nav_lat nav_lon")},
                          {"cell_methods", std::string("time: point")}});
    grid::Geographic centres = grid::geographic_coordinates(regular), corners;
    const auto half_way = [](const std::vector<double>& values, std::size_t i, int side) {
      const double step = values[1] - values[0];
      if (side < 0) return i == 0 ? values[0] - step / 2 : (values[i - 1] + values[i]) / 2;
      return i + 1 == values.size() ? values[i] + step / 2 : (values[i] + values[i + 1]) / 2;
    };
    for (std::size_t j = 0; j < regular.y.values.size(); ++j)
      for (std::size_t i = 0; i < regular.x.values.size(); ++i)
        for (const auto& [north, east] :
             {std::pair(-1, -1), std::pair(-1, 1), std::pair(1, 1), std::pair(1, -1)}) {
          corners.latitude.push_back(half_way(regular.y.values, j, north));
          corners.longitude.push_back(half_way(regular.x.values, i, east));
        }
    for (const std::size_t cell : without_corner) corners.latitude[4 * cell + 2] = kNone;
    for (const std::size_t cell : without_position) centres.latitude[cell] = kNone;
    file.write("time", std::vector<double>{0, 6});
    file.write("nav_lat", centres.latitude);
    file.write("nav_lon", centres.longitude);
    file.write("nav_lat_corners", corners.latitude);
    file.write("nav_lon_corners", corners.longitude);
    std::vector<double> values;
    for (std::int64_t i = 0; i < 2 * regular.cells(); ++i)
      values.push_back(280 + 0.1 * static_cast<double>(i));
    file.write("tas", values);
    file.close();
  }

 private:
  static constexpr double kNone = 1e20;
};

/// The weights of the 24 cells of the domain in each coarse cell.
at::Tensor dense(const PointSet& set) {
  const at::Tensor weights = set.weights.flatten(0, 3), cells = set.cells.flatten(0, 1);  // [link, point]
  return at::zeros({24, cells.size(1)}).scatter_add(0, cells, weights);
}

TEST_F(NativeInputTest, TakesACurvilinearGridWithTheCornersOfItsCells) {
  const PointSet expected = std::move(place(write(model_grid(), {}, kSix, 2))[0]);
  const std::filesystem::path path = folder_ / "curvilinear.nc";
  Curvilinear file;
  file.write(path);
  const PointSet set = std::move(place(path)[0]);
  EXPECT_EQ(set.placement.points, 4);
  // A great circle leaves the parallel by a hundredth of a degree.
  EXPECT_LT((dense(set) - dense(expected)).abs().max().item<double>(), 5e-3);
  // Cells 11, 12, 16, 17 of 30 lie within; values of the second time follow those of 30 cells.
  const double scale = domain_.normalisation.scale().item<double>();
  const at::Tensor differences = (set.values[1].flatten() - set.values[1].flatten()[0]) * scale;
  EXPECT_TRUE(at::allclose(differences, at::tensor({0.0F, 0.1F, 0.5F, 0.6F}), 0, 1e-3)) << differences;

  file.without_corner = {11};
  file.without_position = {17};
  file.write(path);
  EXPECT_EQ(place(path)[0].placement.points, 2);
  file.has_bounds = false;
  file.write(path);
  expect_refused([&] { place(path); },
                 {"curvilinear.nc", "where its cells end is not known", "observation.weights"});
}

/// The weights of cells_within in SCRIP's form.
void write_weights(const std::filesystem::path& path, const grid::Grid& fine, const grid::Grid& coarse) {
  const grid::CellsWithin within = grid::cells_within(fine, coarse);
  std::vector<double> source, target, dimensions{static_cast<double>(coarse.cells())};
  for (std::size_t i = 0; i < within.cells.size(); ++i)
    for (auto link = within.means.first_link[i]; link < within.means.first_link[i + 1]; ++link) {
      source.push_back(static_cast<double>(within.means.source_cell[static_cast<std::size_t>(link)] + 1));
      target.push_back(static_cast<double>(within.cells[i] + 1));
    }
  io::NetcdfFile file = io::NetcdfFile::create(path);
  const std::vector<std::pair<std::string, std::vector<double>>> all{{"src_address", source},
                                                                     {"dst_address", target},
                                                                     {"remap_matrix", within.means.weight},
                                                                     {"dst_grid_dims", dimensions}};
  for (const auto& [name, values] : all) {
    file.define_dimension("size_" + name, static_cast<std::int64_t>(values.size()));
    file.define_variable(name, io::NetcdfType::float64, {"size_" + name}, {});
  }
  for (const auto& [name, values] : all) file.write(name, values);
  file.close();
}

TEST_F(NativeInputTest, TakesWeightsFromAFile) {
  const std::filesystem::path file = write(model_grid()), weights = folder_ / "weights.nc";
  write_weights(weights, domain_.grid, model_grid());
  const auto place_by = [&](const std::filesystem::path& observations) {
    return NativeInput({{observations}, 0, weights}, domain_).place(kDay, {0.5});
  };
  EXPECT_EQ(digest_of(place_by(file)), digest_of(place(file)));
  // Of a curvilinear grid the corners need not be known then.
  Curvilinear curvilinear;
  curvilinear.has_bounds = false;
  curvilinear.write(folder_ / "curvilinear.nc");
  EXPECT_EQ(place_by(folder_ / "curvilinear.nc")[0].placement.points, 4);
  grid::Grid other = model_grid();
  other.y.values.pop_back();
  expect_refused([&] { place_by(write(other)); }, {"model.nc", "observation.weights",
                                                   "weights.nc: dst_grid_dims", "30 cells, expected 5 x 5"});
}

TEST_F(NativeInputTest, RefusesWhatCannotBeUsed) {
  expect_refused(
      [&] {
        place(write(model_grid(), {{11, 20.0F}}));
      },
      {"model.nc", "implausible value 20 K at 1970-01-01T06:00:00"});
  grid::Grid elsewhere = model_grid();
  for (double& latitude : elsewhere.y.values) latitude -= 60;
  expect_refused([&] { place(write(elsewhere)); }, {"model.nc", "grid: none of its cells", "prior's domain"});
  expect_refused([&] { place(write(model_grid(), {}, 5400)); }, {"model.nc", "time: the step is 90 min"});
  expect_refused([&] { place(write(model_grid(), {}, kSix, 4)); },
                 {"model.nc", "1970-01-01T18:00:00 is not an hour of the trajectory"});
}

}  // namespace
}  // namespace foehn::conditioning::native_input_test
