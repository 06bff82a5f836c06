// A job must mean the same to whoever reads it, wherever.
#include "app/job_file.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "app/sample_options.hpp"
#include "foehn/core/error.hpp"
#include "io/test_files.hpp"

namespace foehn::app::job_file_test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(JobText, NamesFilesByAbsolutePaths) {
  const io::TemporaryFolder folder;
  io::write_content(
      folder / "job.ini",
      "[prior]\npath = prior\n[input]\nfiles = 'a, b.nc', /data/c*.nc\n[output]\ndirectory = ../out\n"
      "[bias]\nreference = r.nc\nhistorical = h.nc\nmethod = qm\n[observation]\nstd = 0.3\n");
  const service::Order order = job_reader().order(job_text({"--config", folder / "job.ini"}), "job");
  const std::filesystem::path here = std::filesystem::current_path();
  EXPECT_EQ(order.settings.prior, here / "prior");
  EXPECT_EQ(order.settings.output, here.parent_path() / "out");
  EXPECT_THAT(order.settings.preparation.files, ElementsAre(here / "a, b.nc", "/data/c*.nc"));
  EXPECT_THAT(order.settings.preparation.reference, ElementsAre(here / "r.nc"));
  EXPECT_THAT(order.settings.observation_std, ElementsAre(0.3));
}

TEST(JobText, KeepsWhatMembersAreToldApartBy) {
  const io::TemporaryFolder folder;
  io::write_content(folder / "job.ini",
                    "[prior]\npath = prior\n[output]\ndirectory = out\n[sampler]\nsteps = 21\nstride = auto\n"
                    "[observation]\ngamma = 0.1\n[run]\nthreads = 3\ndevice = cpu\ntimeout = 7\n");
  const service::Order order = job_reader().order(job_text({"--config", folder / "job.ini"}), "job");
  SampleOptions options;
  config::OptionTable table("sample", "", "");
  declare_sample_options(table, options);
  table.parse({"--config", folder / "job.ini"});
  EXPECT_EQ(order.settings.result_values, table.result_values());
  EXPECT_EQ(order.threads, 3);
  EXPECT_EQ(order.hardware.device, process::DeviceChoice::cpu);
  EXPECT_EQ(order.timeout_minutes, 7);
}

TEST(JobText, ChangesSomeOptions) {
  const std::string text = "[output]\ndirectory = /out\n\n[prior]\npath = /prior\n";
  EXPECT_EQ(changed_text(text, [](SampleOptions&) {}), text);
  EXPECT_THAT(changed_text(text, [](SampleOptions& options) { options.members = 7; }),
              HasSubstr("[ensemble]\nmembers = 7\n"));
}

TEST(Job, IsRefusedWithPathsThatDependOnTheFolder) {
  EXPECT_THAT([] { job_reader().order("[prior]\npath = /prior\n[output]\ndirectory = out\n", "mine"); },
              ThrowsMessage<core::UsageError>(HasSubstr("mine: output.directory: expected absolute paths")));
}

TEST(JobText, NamesAnOptionWhoseValueItCannotKeep) {
  const io::TemporaryFolder folder;
  io::write_content(folder / "job.ini",
                    "[prior]\npath = prior\n[output]\ndirectory = out\n[input]\nobservations = a'b\"c.nc\n");
  EXPECT_THAT(
      [&] {
        job_text({"--config", folder / "job.ini"});
      },
      ThrowsMessage<core::UsageError>(HasSubstr("input.observations")));
}

TEST(JobText, KnowsWhichOptionsArePaths) {
  // Whoever adds a text option says whether it is a path, or adds it here.
  const std::set<std::string> others{
      "time.start",        "data.variables",       "data.without",           "bias.start",
      "bias.end",          "bias.trend_start",     "bias.trend_end",         "stations.std",
      "stations.bias_std", "stations.correlation", "ensemble.coarse_members"};
  SampleOptions options;
  config::OptionTable table("sample", "", "");
  declare_sample_options(table, options);
  std::set<std::string> unmarked;
  for (const auto& option : table.options()) {
    const bool is_text = std::holds_alternative<std::string*>(option.target) ||
                         std::holds_alternative<std::vector<std::string>*>(option.target);
    if (is_text && !option.description.is_path && !option.description.are_files) unmarked.insert(option.name);
  }
  EXPECT_EQ(unmarked, others);
}

}  // namespace
}  // namespace foehn::app::job_file_test
