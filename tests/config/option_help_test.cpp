#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>
#include <string>

#include "config/sample_options.hpp"
#include "foehn/config/option_table.hpp"

namespace foehn::config::option_help_test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

TEST(Help, ShowsEverythingSaidOfEveryOption) {
  const SampleOptions options;
  const std::string help = options.table.help();
  EXPECT_THAT(help, HasSubstr("foehn sample: draw trajectories from the posterior\n"));
  EXPECT_THAT(help, HasSubstr("Example: foehn sample --config run.ini\n"));
  for (const auto& option : options.table.options()) {
    EXPECT_THAT(help, AllOf(HasSubstr("  --" + option.name + " "), HasSubstr(option.description.doc)));
  }
  EXPECT_THAT(help, HasSubstr("--sampler.steps INTEGER"));
  EXPECT_THAT(help, HasSubstr("[default 32; unit 1; from 1 to 4096]\n"));
  EXPECT_THAT(help, HasSubstr("[default 0.25; unit K; above 0 K]\n"));
  EXPECT_THAT(help, HasSubstr("[default ddim; one of ddim, dpmpp-2m, heun]\n"));
  EXPECT_THAT(help, HasSubstr("[default tas,psl; one of tas, psl, uas]\n"));
  EXPECT_THAT(help, HasSubstr("[required]\n"));
  EXPECT_THAT(help, HasSubstr("[unit h; at least 1 h]\n")) << "no default where there is no value";
  EXPECT_THAT(help,
              AllOf(HasSubstr("  --config FILE "), HasSubstr("  --validate-only "), HasSubstr("  --help ")));
}

TEST(Help, GroupsOptionsBySection) {
  const SampleOptions options;
  const std::string help = options.table.help();
  const auto at = [&help](const std::string& text) { return help.find(text); };
  EXPECT_LT(at("--verbose"), at("\n[sampler]\n"));
  EXPECT_LT(at("\n[sampler]\n"), at("--sampler.steps"));
  EXPECT_LT(at("--sampler.stride"), at("\n[data]\n")) << "declared last, shown in its section";
  EXPECT_EQ(help.find("\n[sampler]\n"), help.rfind("\n[sampler]\n"));
}

TEST(Help, AlignsAndWrapsAt100Columns) {
  OptionTable table("fit", "fit a prior", "foehn fit");
  std::string text;
  const std::string word = "posterior ";
  std::string doc;
  for (int i = 0; i < 40; ++i) doc += word;
  table.add("short.name", &text, {.doc = doc});
  table.add("a_section_of_no_small_length.a_name_of_no_small_length", &text, {.doc = "Long."});
  const auto lines = lines_of(table.help());
  int count = 0;
  std::size_t column = 0;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_LE(lines[i].size(), 100U) << lines[i];
    EXPECT_FALSE(lines[i].ends_with(' ')) << lines[i];
    const auto first = lines[i].find(word.substr(0, 9));
    if (first != std::string::npos) {
      if (count++ == 0) column = first;
      EXPECT_EQ(first, column) << lines[i];
    }
    if (lines[i].starts_with("  --a_section_of_no_small_length")) {
      EXPECT_EQ(lines.at(i + 1), std::string(column, ' ') + "Long.")
          << "below a label too long for its column";
    }
  }
  EXPECT_EQ(count, 5) << "40 words of 9 letters, 8 to a line of 79";
}

TEST(Reference, HasATableRowForEveryOption) {
  const SampleOptions options;
  const std::string page = options.table.reference();
  EXPECT_THAT(page, HasSubstr("## foehn sample\n\ndraw trajectories from the posterior\n"));
  EXPECT_THAT(page, HasSubstr("\n### sampler\n"));
  EXPECT_THAT(page,
              HasSubstr("| `sampler.steps` | INTEGER | 1 | 32 | from 1 to 4096 | yes | Number of denoising "
                        "steps. |\n"));
  EXPECT_THAT(page, HasSubstr("| `input` | TEXT |  | required |  | yes | The observations. |\n"));
  EXPECT_THAT(page, HasSubstr("| `output.directory` | TEXT |  | out |  | no | Where to write. |\n"));
  for (const auto& option : options.table.options())
    EXPECT_THAT(page, HasSubstr("| `" + option.name + "` | "));
  for (const auto& line : lines_of(page)) {
    EXPECT_EQ(line.starts_with("|"), line.ends_with("|")) << line;
  }
}

TEST(Reference, KeepsABarInsideItsCell) {
  OptionTable table("fit", "fit a prior", "foehn fit");
  std::string text = "x|y";
  table.add("name", &text, {.doc = "Either | or."});
  EXPECT_THAT(table.reference(),
              AllOf(HasSubstr("Either \\| or."), HasSubstr("x\\|y"), Not(HasSubstr("x|y"))));
}

TEST(HelpAndReference, ShowTheDefaultAfterParsingToo) {
  SampleOptions options;
  const std::string help = options.table.help();
  const std::string reference = options.table.reference();
  options.table.parse({"--input=x", "--sampler.steps=7"});
  EXPECT_EQ(options.table.help(), help);
  EXPECT_EQ(options.table.reference(), reference);
}

}  // namespace
}  // namespace foehn::config::option_help_test
