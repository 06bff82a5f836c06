#include <fmt/format.h>
#include <gmock/gmock.h>

#include <fstream>

#include "io/test_files.hpp"
#include "process.hpp"
#include "toy_climate.hpp"

namespace foehn::testing::paths_test {
namespace {

namespace fs = std::filesystem;

/// Files of the toy climate in folders whose names hold spaces and a comma.
class PathsWithSpaces : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    const ToyClimate& toy = toy_climate();
    folder_ = new io::TemporaryFolder;
    data_ = *folder_ / "my data, copied";
    fs::create_directory(data_);
    fs::copy(toy.truth, data_ / "the truth.nc");
    fs::copy(toy.observations, data_ / "the observations.nc");
    fs::copy(toy.prior, data_ / "the prior", fs::copy_options::recursive);
    Options sample = sample_options();
    const Outcome sampled = run_foehn("sample", sample);
    ASSERT_EQ(sampled.exit_code, 0) << sampled;
  }
  static void TearDownTestSuite() { delete folder_; }

  /// A list of one file: the comma is the path's.
  static std::string quoted(const std::string& name) { return fmt::format("'{}'", path(name)); }
  static std::string path(const std::string& name) { return data_ / name; }
  static Options sample_options() {
    Options options = toy_climate().sample_options(path("the members"));
    options["prior.path"] = path("the prior");
    options["input.observations"] = quoted("the observations.nc");
    return options;
  }

  /// Checks everything, with the options on the command line and then all in a file.
  static void expect_taken(const std::string& subcommand, const Options& options) {
    const Outcome on_line = run_foehn(subcommand, options, 0, {"--validate-only"});
    EXPECT_EQ(on_line.exit_code, 0) << subcommand << ": " << on_line;
    const fs::path config = data_ / "the options.ini";
    std::ofstream text(config);
    for (const auto& [name, value] : options) {
      const auto dot = name.find('.');
      text << "[" << name.substr(0, dot) << "]\n" << name.substr(dot + 1) << " = " << value << "\n";
    }
    text.close();
    const Outcome in_file = run_foehn(subcommand, {{"config", config}}, 0, {"--validate-only"});
    EXPECT_EQ(in_file.exit_code, 0) << subcommand << ": " << in_file;
  }

  static io::TemporaryFolder* folder_;
  static fs::path data_;
};
io::TemporaryFolder* PathsWithSpaces::folder_ = nullptr;
fs::path PathsWithSpaces::data_;

TEST_F(PathsWithSpaces, AreTakenByEverySubcommand) {
  Options prepare = toy_climate().prepare_options(path("new observations.nc"));
  prepare["prior.path"] = path("the prior");
  prepare["input.files"] = quoted("the tr*.nc");
  expect_taken("prepare", prepare);

  Options sample = sample_options();
  sample["output.directory"] = path("other members");
  expect_taken("sample", sample);

  Options coarsen = toy_climate().coarsen_options(path("new observations.nc"));
  coarsen["input.file"] = path("the truth.nc");
  expect_taken("coarsen", coarsen);

  Options fit = toy_climate().fit_options(path("new prior"));
  fit["data.files"] = quoted("the truth.nc");
  expect_taken("fit", fit);

  Options train = toy_climate().train_options(path("new prior"));
  train["data.files"] = quoted("the truth.nc");
  expect_taken("train", train);

  expect_taken("evaluate", {{"input.members", quoted("the members/member_*.nc")},
                            {"input.reference", quoted("the truth.nc")},
                            {"input.observations", quoted("the observations.nc")},
                            {"input.prior", path("the prior")},
                            {"output.directory", path("the scores")}});
}

TEST_F(PathsWithSpaces, NeedNoQuotesBetweenCommas) {
  const fs::path spaced = *folder_ / "my data";
  fs::create_directory(spaced);
  ToyFields truth(toy_climate().truth);
  std::vector<io::Variable> variables = truth.variables;
  // Each variable in a file of its own.
  std::string files;
  for (std::size_t variable = 0; variable < variables.size(); ++variable) {
    ToyFields one = truth;
    one.variables = {variables[variable]};
    one.values.clear();
    for (std::size_t time = 0; time < truth.hours.size(); ++time) {
      const std::span<float> field = truth.field(time, variable);
      one.values.insert(one.values.end(), field.begin(), field.end());
    }
    const fs::path file = spaced / ("toy " + variables[variable].name + ".nc");
    one.write(file);
    files += (files.empty() ? "" : ", ") + file.string();
  }
  Options prepare = toy_climate().prepare_options(path("new observations.nc"));
  prepare["input.files"] = files;
  expect_taken("prepare", prepare);
}

TEST_F(PathsWithSpaces, AreNotWhatSpacesBetweenFilesMake) {
  Options fit = toy_climate().fit_options(path("new prior"));
  fit["data.files"] = "a.nc b.nc";
  const Outcome outcome = run_foehn("fit", fit);
  EXPECT_EQ(outcome.exit_code, 1) << outcome;
  EXPECT_THAT(outcome.err, ::testing::HasSubstr("no file 'a.nc b.nc' (files are separated by commas"));
}

}  // namespace
}  // namespace foehn::testing::paths_test
