#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "app/cordex_metadata.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "integration/esgf_file.hpp"
#include "refusal.hpp"

namespace foehn::testing::cordex_test {
namespace {

constexpr auto kTemplate = FOEHN_TEST_REFERENCE "/../../configs/cordex_metadata.ini";

const std::string kMetadata =
    "domain_id = EUR-12\ndomain = Europe\ngrid = 0.5 degree latitude-longitude\n"
    "driving_source_id = ERA5\ndriving_institution_id = ECMWF\ndriving_experiment_id = evaluation\n"
    "driving_experiment = a toy\ndriving_variant_label = r1i1p1f1\ninstitution_id = INST\n"
    "institution = An Institute\ncontact = data@example.org\nsource_id = FOEHN-1\nsource = foehn\n"
    "source_type = ARCM\n";

/// Options of a run in the layout cordex; the metadata go to the folder.
Options cordex_options(Options options, const std::filesystem::path& folder, const std::string& metadata) {
  if (is_root()) io::write_content(folder / "metadata.ini", metadata);
  options["output.layout"] = "cordex";
  options["output.metadata"] = folder / "metadata.ini";
  return options;
}

Spoil with_metadata(const std::string& metadata) {
  return [=](Options& options, const std::filesystem::path& folder) {
    options = cordex_options(options, folder, metadata);
  };
}

std::string replaced(const std::string& from, const std::string& to) {
  std::string text = kMetadata;
  text.replace(text.find(from), from.size(), to);
  return text;
}

using CordexRefuses = Refusal;

TEST_P(CordexRefuses, It) {
  expect_refused("sample", toy_.sample_options(out()));
}

const std::vector<BadInput> kBadLayouts = {
    {"AnUnknownLayout", set("output.layout", "cordexx"), {"output.layout", "did you mean 'cordex'?"}, 2},
    {"NoMetadata", set("output.layout", "cordex"), {"output.metadata", "configs/cordex_metadata.ini"}, 2},
    {"MetadataForMembers", set("output.metadata", "some.ini"), {"output.metadata", "cordex"}, 2},
    {"AMissingFile",
     [](Options& options, const std::filesystem::path&) {
       options["output.layout"] = "cordex";
       options["output.metadata"] = "nowhere.ini";
     },
     {"output.metadata", "nowhere.ini"},
     2},
    {"AMissingKey",
     with_metadata(replaced("contact = data@example.org\n", "")),
     {"output.metadata", "metadata.ini", "missing: contact (expected an address"},
     2},
    {"AnUnknownKey",
     with_metadata(kMetadata + "referrences = none\n"),
     {"metadata.ini, line 15", "'referrences'", "did you mean 'references'?"},
     2},
    {"AKeyThatDoesNotFitAFileName",
     with_metadata(replaced("FOEHN-1", "foehn_1")),
     {"metadata.ini", "source_id", "letters, digits and dashes", "'foehn_1'"},
     2},
    {"AVersionOfZero", with_metadata(kMetadata + "version = 0\n"), {"version", "found 0"}, 2},
    {"HalfHours",
     [](Options& options, const std::filesystem::path& folder) {
       options = toy_climate().unconditional_options(options.at("output.directory"), 8);
       options["time.start"] = "2001-01-08T00:30";
       options = cordex_options(options, folder, kMetadata);
     },
     {"output.layout", "2001-01-08T00:30:00", "multiple of 1 h"}},
};
INSTANTIATE_TEST_SUITE_P(Layouts, CordexRefuses, ::testing::ValuesIn(kBadLayouts), name_of);

TEST(Cordex, RefusesMetadataOfAnotherSimulationThanItsFiles) {
  const io::TemporaryFolder folder;
  if (is_root()) {
    ToyFields truth(toy_climate().truth);
    for (std::size_t variable = 0; variable < truth.variables.size(); ++variable)
      esgf_snapshots(truth, variable, 8).write(folder / (truth.variables[variable].name + ".nc"));
  }
  Options prepare = toy_climate().prepare_options(folder / "observations.nc");
  prepare["input.files"] = folder / "*.nc";
  prepare.erase("time.start");
  prepare.erase("time.end");
  const Outcome prepared = run_here("prepare", prepare);
  ASSERT_EQ(prepared.exit_code, 0) << prepared;
  Options from_observations = toy_climate().sample_options(folder / "out");
  from_observations["input.observations"] = folder / "observations.nc";
  Options from_files = toy_climate().sample_options(folder / "out");
  from_files.erase("input.observations");
  from_files["input.files"] = folder / "???.nc";
  from_files["observation.block"] = "8";
  const std::string right = replaced("ERA5\n", "HadGEM3-GC31-MM\n");
  struct Case {
    std::string metadata;
    Words words;
  };
  const std::vector<Case> cases = {
      {kMetadata, {"output.metadata: driving_source_id is ERA5", "HadGEM3-GC31-MM (source_id)"}},
      {right, {"driving_experiment_id is evaluation", "ssp585 (experiment_id)"}}};
  for (const Options& options : {from_observations, from_files})
    for (const Case& one : cases)
      expect_refusal(run_here("sample", cordex_options(options, folder / "", one.metadata)),
                     {"", {}, one.words, 2});
}

TEST(Cordex, RefusesToOverwriteItsObservations) {
  const io::TemporaryFolder folder;
  const Options options = cordex_options(toy_climate().sample_options(folder / ""), folder / "", kMetadata);
  Options spoilt = options;
  spoilt["input.observations"] =
      folder / "tas_EUR-12_ERA5_evaluation_r1i1p1f1_INST_FOEHN-1_v1-r1_1hr_200101080000-200101090000.nc";
  if (is_root()) std::filesystem::copy(options.at("input.observations"), spoilt["input.observations"]);
  expect_refusal(run_here("sample", spoilt), {"", {}, {"output.directory", "would be overwritten"}});
}

TEST(Cordex, HoldsTheValuesOfTheMembersInFilesOfTheirOwn) {
  const io::TemporaryFolder folder;
  // Over the turn of the year.
  const auto run = [&](const std::string& name, bool cordex) {
    Options options = toy_climate().unconditional_options(folder / name, 30);
    options["time.start"] = "2000-12-31T20";
    options["ensemble.members"] = "2";
    options["output.chunk_hours"] = "7";
    if (cordex) options = cordex_options(options, folder / "", kMetadata);
    const Outcome outcome = run_here("sample", options);
    EXPECT_EQ(outcome.exit_code, 0) << outcome;
  };
  run("members", false);
  run("cordex", true);
  if (!is_root()) return;

  std::set<std::string> expected{"run.json"};
  for (const int member : {0, 1}) {
    const io::NetcdfFile whole =
        io::NetcdfFile::open(folder / ("members/member_00" + std::to_string(member) + ".nc"));
    for (const std::string name : {"psl", "tas", "uas", "vas"}) {
      std::vector<double> values;
      for (const std::string span : {"200012312000-200012312300", "200101010000-200101020100"}) {
        expected.insert(name + "_EUR-12_ERA5_evaluation_r1i1p1f1_INST_FOEHN-1_v1-r" +
                        std::to_string(member + 1) + "_1hr_" + span + ".nc");
        const io::NetcdfFile part = io::NetcdfFile::open(
            folder / ("cordex/" + name + "_EUR-12_ERA5_evaluation_r1i1p1f1_INST_FOEHN-1_v1-r" +
                      std::to_string(member + 1) + "_1hr_" + span + ".nc"));
        const std::vector<double> found = part.read_doubles(part.variable(name));
        values.insert(values.end(), found.begin(), found.end());
      }
      EXPECT_EQ(values, whole.read_doubles(whole.variable(name))) << name << " of member " << member;
    }
  }
  const auto files = files_in(folder / "cordex");
  EXPECT_EQ(std::set<std::string>(files.begin(), files.end()), expected);
  const auto record = nlohmann::json::parse(io::content_of(folder / "cordex/run.json"));
  expected.erase("run.json");
  EXPECT_EQ(record.at("files").get<std::set<std::string>>(), expected);
}

TEST(Cordex, IsEvaluatedAsTheMembersAre) {
  const io::TemporaryFolder folder;
  const auto scores = [&](const std::string& name, bool cordex, const std::string& files) {
    Options options = toy_climate().sample_options(folder / name);
    options["ensemble.members"] = "2";
    if (cordex) options = cordex_options(options, folder / "", kMetadata);
    const Outcome sampled = run_here("sample", options);
    EXPECT_EQ(sampled.exit_code, 0) << sampled;
    const Outcome evaluated = run_here("evaluate", {{"input.members", folder / name / files},
                                                    {"input.reference", toy_climate().truth},
                                                    {"input.observations", options.at("input.observations")},
                                                    {"bootstrap.replicates", "0"},
                                                    {"output.directory", folder / (name + "_scores")}});
    EXPECT_EQ(evaluated.exit_code, 0) << evaluated;
    return is_root() ? nlohmann::json::parse(io::content_of(folder / (name + "_scores/scores.json")))
                     : nlohmann::json();
  };
  const auto members = scores("members", false, "member_*.nc"), archive = scores("cordex", true, "*.nc");
  if (!is_root()) return;
  EXPECT_EQ(archive.at("summary"), members.at("summary"));
  EXPECT_EQ(archive.at("variables").size(), 4);
  for (const auto& [name, scored] : members.at("variables").items())
    for (const char* what : {"all_hours", "observation_agreement", "increments"})
      EXPECT_EQ(archive.at("variables").at(name).at(what), scored.at(what)) << name << " " << what;
}

TEST(Cordex, TemplateHoldsEveryKeyAndAsksForThoseThatAreRequired) {
  const std::string text = io::content_of(kTemplate);
  for (const io::CordexKey& key : io::cordex_keys())
    EXPECT_THAT(text, ::testing::HasSubstr(std::string(key.is_required ? "\n" : "\n#") + key.name + " ="));
  std::string filled;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    // A default stands in the template as what holds without it.
    filled +=
        (line.starts_with('#') && !line.starts_with("# ") && !line.ends_with('=') ? line.substr(1) : line) +
        "\n";
  const io::TemporaryFolder folder;
  io::write_content(folder / "metadata.ini", filled);
  EXPECT_THAT([&] { app::read_cordex_metadata(folder / "metadata.ini"); },
              ::testing::ThrowsMessage<core::UsageError>(::testing::AllOf(
                  ::testing::HasSubstr("missing: domain_id"), ::testing::HasSubstr("source_type"))));
  for (const io::CordexKey& key : io::cordex_keys())
    if (key.is_required)
      filled.replace(filled.find(std::string("\n") + key.name + " =") + 1, std::string(key.name).size() + 2,
                     std::string(key.name) + " = r1i1p1f1");
  io::write_content(folder / "metadata.ini", filled);
  const io::CordexMetadata metadata = app::read_cordex_metadata(folder / "metadata.ini"), defaults;
  EXPECT_EQ(metadata.version, defaults.version);
  EXPECT_EQ(metadata.earth_radius, defaults.earth_radius);
  for (const io::CordexKey& key : io::cordex_keys()) {
    if (key.is_required) continue;
    EXPECT_EQ(metadata.attributes.at(key.name), key.value);
  }
}

}  // namespace
}  // namespace foehn::testing::cordex_test
