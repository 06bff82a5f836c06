// The settings that configs/ names, which go together with a job's own file.
#include <gtest/gtest.h>

#include "app/sample_options.hpp"

namespace foehn::app::named_settings_test {
namespace {

SampleOptions read(const std::vector<std::string>& names) {
  SampleOptions options;
  config::OptionTable table("sample", "", "");
  declare_sample_options(table, options);
  std::vector<std::string> arguments{"--prior.path", "prior", "--output.directory", "out"};
  for (const std::string& name : names) {
    arguments.emplace_back("--config");
    arguments.push_back(FOEHN_TEST_REFERENCE "/../../configs/" + name);
  }
  table.parse(arguments);
  return options;
}

std::string result_values(SampleOptions options) {
  config::OptionTable table("sample", "", "");
  declare_sample_options(table, options);
  return table.result_values();
}

TEST(NamedSettings, CalibratedIsTheDefault) {
  EXPECT_EQ(result_values(read({"calibrated.ini"})), result_values(read({})));
}

TEST(NamedSettings, PeerIsClimate2Weathers) {
  SampleOptions options = read({"peer.ini"});
  options.observations = {"observations.nc"};
  EXPECT_EQ(options.guidance, job::Guidance::sda);
  EXPECT_EQ(options.stride, 1);
  EXPECT_DOUBLE_EQ(options.gamma.value(), 0.0007196856730011522);
  const diffusion::SamplerOptions sampler = job::sampler_options(options, {});
  EXPECT_EQ(sampler.method, diffusion::Method::ddim);
  EXPECT_EQ(sampler.spacing, diffusion::Spacing::time);
  EXPECT_EQ(sampler.steps, 256);
  EXPECT_EQ(sampler.t_first, 1);
  EXPECT_EQ(sampler.corrections, 0);
}

TEST(SamplerOptions, BeginBelowTheTopOnlyWhereObservationsGuide) {
  SampleOptions options = read({});
  EXPECT_EQ(job::sampler_options(options, {}).t_first, 1);
  options.observations = {"observations.nc"};
  EXPECT_EQ(job::sampler_options(options, {}).t_first, 0.97);
  options.guidance = job::Guidance::none;
  EXPECT_EQ(job::sampler_options(options, {}).t_first, 1);
  SampleOptions from_files = read({});
  from_files.preparation.files = {"tas.nc"};
  EXPECT_EQ(job::sampler_options(from_files, {}).t_first, 0.97);
  from_files.t_first = 0.99;
  EXPECT_EQ(job::sampler_options(from_files, {}).t_first, 0.99);
}

TEST(NamedSettings, GoTogetherWithAJobsOwnFile) {
  const SampleOptions options = read({"fast.ini", "era5_uk.ini"});
  EXPECT_EQ(options.hours, 168);
  EXPECT_FALSE(options.stride) << "auto";
  EXPECT_EQ(job::sampler_options(options, {}).steps, 9);
}

}  // namespace
}  // namespace foehn::app::named_settings_test
