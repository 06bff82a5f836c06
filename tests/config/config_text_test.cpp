// Options as the text of a configuration file that gives the same values anywhere.
#include <gmock/gmock.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "foehn/config/option_table.hpp"
#include "foehn/config/value_in.hpp"
#include "foehn/core/error.hpp"

namespace foehn::config::config_text_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

struct TextOptions {
  std::string folder, name = "a";
  std::vector<std::string> files, words;
  std::vector<double> std;
  std::optional<double> gamma;
  std::int64_t steps = 8;
  bool restart = false;
  OptionTable table{"sample", "", ""};

  TextOptions() {
    table.add("prior.path", &folder, {.doc = "A folder.", .is_path = true});
    table.add("input.files", &files, {.doc = "Files.", .are_files = true});
    table.add("input.words", &words, {.doc = "Words."});
    table.add("input.name", &name, {.doc = "A name."});
    table.add("observation.std", &std, {.doc = "Deviations.", .unit = "K"});
    table.add("observation.gamma", &gamma, {.doc = "A factor.", .unit = "1"});
    table.add("sampler.steps", &steps, {.doc = "Steps.", .unit = "1"});
    table.add("restart", &restart, {.doc = "Start over."});
  }
};

TEST(ConfigText, HoldsWhatDiffersFromDefaultsWithAbsolutePaths) {
  TextOptions options;
  options.table.parse({"--prior.path", "../prior", "--input.files", "a.nc,/data/b*.nc", "--sampler.steps",
                       "8", "--observation.std", "0.1,20", "--restart"});
  EXPECT_EQ(options.table.config_text("/home/me/work"),
            "restart = true\n\n[input]\nfiles = /home/me/work/a.nc, /data/b*.nc\n\n"
            "[observation]\nstd = 0.1, 20\n\n[prior]\npath = /home/me/prior\n");
}

TEST(ConfigText, GivesTheSameValues) {
  TextOptions options;
  options.folder = "/a folder, with 'quotes'";
  options.files = {"/a b.nc", "/c,d.nc"};
  options.words = {"x y", "z"};
  options.name = "";
  options.gamma = 0.1 + 0.2;
  options.std = {1e-300, 3};
  TextOptions again;
  again.table.parse_text(options.table.config_text("/"), "text");
  EXPECT_EQ(again.folder, options.folder);
  EXPECT_EQ(again.files, options.files);
  EXPECT_EQ(again.words, options.words);
  EXPECT_EQ(again.name, "");
  EXPECT_EQ(again.gamma, options.gamma);
  EXPECT_EQ(again.std, options.std);
}

TEST(ConfigText, RefusesAValueThatAFileCannotHold) {
  for (const std::string value : {"/a#b", "/a\nb"}) {
    TextOptions options;
    options.folder = value;
    EXPECT_THAT([&] { options.table.config_text("/"); },
                ThrowsMessage<core::UsageError>(HasSubstr("prior.path: a configuration file cannot hold")));
  }
}

TEST(ConfigText, IsCheckedAsAFileIs) {
  TextOptions options;
  const auto parse = [&](const std::string& text) {
    return [&, text] { options.table.parse_text(text, "job"); };
  };
  EXPECT_THAT(
      parse("[sampler]\nsteps = many\n"),
      ThrowsMessage<core::UsageError>("job, line 2: sampler.steps: expected an integer, found 'many'"));
  EXPECT_THAT(parse("[sampler]\nstepps = 3\n"),
              ThrowsMessage<core::UsageError>(HasSubstr("'sampler.steps'?")));
  EXPECT_THAT(parse("steps\n"),
              ThrowsMessage<core::UsageError>(HasSubstr("job, line 1: expected '[section]'")));
}

TEST(Declaration, TakesOnlyATextForAPath) {
  std::vector<std::string> files;
  OptionTable table("fit", "", "");
  EXPECT_THROW(table.add("files", &files, {.doc = "Files.", .is_path = true}), std::logic_error);
}

TEST(ValueIn, IsWhatATextGivesAnOptionWhateverElseItSays) {
  const std::string text =
      "# a remark\n[no]\nsuch_option = 3\n\n[output]\nlayout = cordex\ndirectory = /my folder/out\n";
  EXPECT_EQ(value_in(text, "output.directory"), "/my folder/out");
  EXPECT_EQ(value_in(text, "output.metadata"), std::nullopt);
  EXPECT_EQ(value_in("output.directory = a", "output.directory"), "a");
  EXPECT_THAT([] { value_in("[output]\nno option\n", "output.directory"); },
              ThrowsMessage<core::UsageError>(HasSubstr("line 2: expected '[section]' or 'name = value'")));
}

}  // namespace
}  // namespace foehn::config::config_text_test
