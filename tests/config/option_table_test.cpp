#include "foehn/config/option_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "config/sample_options.hpp"
#include "foehn/core/error.hpp"

namespace foehn::config::option_table_test {
namespace {

using core::UsageError;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;
using ::testing::StrEq;
using ::testing::ThrowsMessage;
using Words = std::vector<std::string>;

/// A configuration file in a folder that is the test's own.
class ConfigFile : public ::testing::Test {
 protected:
  ConfigFile() { std::filesystem::create_directories(folder_); }
  ~ConfigFile() override { std::filesystem::remove_all(folder_); }

  std::string write(const std::string& content) const {
    std::ofstream(path_, std::ios::binary) << content;
    return path_.string();
  }

  std::filesystem::path folder_ =
      std::filesystem::path(::testing::TempDir()) /
      ("foehn_" + std::string(::testing::UnitTest::GetInstance()->current_test_info()->name()));
  std::filesystem::path path_ = folder_ / "run.ini";
  SampleOptions options_;
};

/// What parsing complains about.
std::string complaint(const Words& arguments) {
  SampleOptions options;
  Words complete = arguments;
  complete.insert(complete.begin(), "--input=obs.nc");
  try {
    options.table.parse(complete);
  } catch (const UsageError& error) {
    return error.what();
  }
  return "";
}

TEST(CommandLine, SetsOptionsOfEveryType) {
  SampleOptions options;
  const auto outcome = options.table.parse({"--input",
                                            "obs.nc",
                                            "--verbose",
                                            "yes",
                                            "--sampler.steps=64",
                                            "--sampler.tau",
                                            "1e-3",
                                            "--sampler.method",
                                            "heun",
                                            "--data.variables",
                                            "uas",
                                            "--observation.std",
                                            "0.5",
                                            "--observation.gamma",
                                            "0.25",
                                            "--sampler.stride",
                                            "7",
                                            "--output.directory",
                                            "a b",
                                            "--sampler.spacing",
                                            "t",
                                            "--network.widths",
                                            "16,32",
                                            "--data.spacing",
                                            "lambda,tas=t"});
  EXPECT_EQ(options.input, "obs.nc");
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.steps, 64);
  EXPECT_EQ(options.tau, 1e-3);
  EXPECT_EQ(options.method, "heun");
  EXPECT_THAT(options.variables, ElementsAre("uas"));
  EXPECT_THAT(options.std, ElementsAre(0.5));
  EXPECT_EQ(options.gamma, 0.25);
  EXPECT_EQ(options.stride, 7);
  EXPECT_EQ(options.directory, "a b");
  EXPECT_EQ(options.spacing, Spacing::time);
  EXPECT_THAT(options.widths, ElementsAre(16, 32));
  EXPECT_EQ(options.by_variable.of("tas"), Spacing::time);
  EXPECT_EQ(options.by_variable.of("psl"), Spacing::log_ratio);
  EXPECT_THAT(options.by_variable.variables(), ElementsAre("tas"));
  EXPECT_EQ(outcome.page, "");
  EXPECT_FALSE(outcome.validate_only);
}

/// A table whose `prior.path` may be given as a bare word.
struct PathOptions {
  std::string path = "";
  bool verbose = false;
  OptionTable table{"info", "say what a prior is", "foehn info prior"};

  PathOptions() {
    table.add("prior.path", &path, {.doc = "The prior.", .required = true, .positional = true});
    table.add("verbose", &verbose, {.doc = "Say more."});
  }
};

TEST(CommandLine, TakesABareWordForThePositionalOption) {
  for (const Words& line : {Words{"a b"}, Words{"--prior.path", "a b"}, Words{"--verbose", "no", "a b"},
                            Words{"a b", "--verbose", "no"}}) {
    PathOptions options;
    options.table.parse(line);
    EXPECT_EQ(options.path, "a b");
  }
}

TEST(CommandLine, NamesThePositionalOptionInHelp) {
  EXPECT_THAT(PathOptions().table.help(), AllOf(HasSubstr("PRIOR.PATH [--config FILE] [--name value ...]\n"),
                                                HasSubstr("[also as a bare word; required]")));
}

TEST(CommandLine, TakesOneBareWordOnly) {
  const auto parse = [](const Words& line) { PathOptions().table.parse(line); };
  EXPECT_THAT([&] { parse({"a", "b"}); }, ThrowsMessage<UsageError>(HasSubstr("prior.path: given twice")));
  EXPECT_THAT(
      [&] {
        parse({"a", "--prior.path", "b"});
      },
      ThrowsMessage<UsageError>(HasSubstr("prior.path: given twice")));
  EXPECT_THAT([&] { parse({}); }, ThrowsMessage<UsageError>(HasSubstr("required but not given: prior.path")));
}

/// A table that takes a text and a list as bare words.
struct SpoolOptions {
  std::string spool;
  std::vector<std::string> jobs;
  bool json = false;
  OptionTable table{"submit", "queue jobs", "foehn submit spool a.ini"};

  SpoolOptions() {
    table.add("spool", &spool, {.doc = "The spool.", .required = true, .positional = true});
    table.add("jobs", &jobs, {.doc = "Jobs.", .are_files = true, .positional = true});
    table.add("json", &json, {.doc = "As JSON."});
  }
};

TEST(CommandLine, TakesAllFurtherBareWordsForAList) {
  for (const Words& line : {Words{"a b", "1.ini", "2 3.ini"}, Words{"a b", "--json", "1.ini", "2 3.ini"},
                            Words{"a b", "1.ini", "--json", "2 3.ini"}}) {
    SpoolOptions options;
    options.table.parse(line);
    EXPECT_EQ(options.spool, "a b");
    EXPECT_THAT(options.jobs, ElementsAre("1.ini", "2 3.ini"));
    EXPECT_EQ(options.json, line.size() == 4);
  }
  EXPECT_THAT(SpoolOptions().table.help(),
              AllOf(HasSubstr("SPOOL [JOBS...] [--config FILE]"), HasSubstr("[also as bare words]")));
}

TEST(CommandLine, TakesABoolThatStandsAloneForTrue) {
  for (const Words& line :
       {Words{"--json", "a"}, Words{"a", "--json"}, Words{"a", "--json", "--jobs", "b"}}) {
    SpoolOptions options;
    options.table.parse(line);
    EXPECT_TRUE(options.json);
    EXPECT_EQ(options.spool, "a");
  }
}

TEST(CommandLine, KeepsDefaultsOfWhatIsNotGiven) {
  SampleOptions options;
  options.table.parse({"--input", "obs.nc"});
  EXPECT_EQ(options.steps, 32);
  EXPECT_THAT(options.variables, ElementsAre("tas", "psl"));
  EXPECT_EQ(options.gamma, std::nullopt);
}

TEST(CommandLine, ReadsEverySpellingOfABool) {
  for (const std::string word : {"true", "yes", "on", "1"}) {
    SampleOptions options;
    options.table.parse({"--input=x", "--verbose", word});
    EXPECT_TRUE(options.verbose) << word;
  }
  for (const std::string word : {"false", "no", "off", "0"}) {
    SampleOptions options;
    options.verbose = true;
    options.table.parse({"--input=x", "--verbose", word});
    EXPECT_FALSE(options.verbose) << word;
  }
}

/// What a list of files is made of, given on the command line and, where the words are one, in a file.
struct FileOptions {
  std::vector<std::string> files;
  std::string path;
  OptionTable table{"fit", "fits", "foehn fit"};

  FileOptions() {
    table.add("data.files", &files, {.doc = "Files.", .are_files = true});
    table.add("prior.path", &path, {.doc = "A folder."});
  }
};

struct FileWords {
  Words words;
  Words files;
};
const std::vector<FileWords> kFileWords = {
    {{"my data/tas one.nc,my data/b.nc"}, {"my data/tas one.nc", "my data/b.nc"}},
    {{"a.nc , my data/b*.nc,"}, {"a.nc", "my data/b*.nc"}},
    {{"'my data/a.nc'"}, {"my data/a.nc"}},
    {{"\"my data/a.nc\", 'b, c.nc' ,d e.nc"}, {"my data/a.nc", "b, c.nc", "d e.nc"}},
    {{"it's.nc,b.nc"}, {"it's.nc", "b.nc"}},
    {{"my data/a.nc", "b c.nc,d.nc"}, {"my data/a.nc", "b c.nc", "d.nc"}}};

TEST(CommandLine, SplitsListsOfFilesAtCommasAlone) {
  for (const FileWords& given : kFileWords) {
    FileOptions options;
    Words line{"--data.files"};
    line.insert(line.end(), given.words.begin(), given.words.end());
    options.table.parse(line);
    EXPECT_EQ(options.files, given.files) << ::testing::PrintToString(given.words);
  }
}

TEST(CommandLine, RefusesAQuotedValueWithoutItsEnd) {
  for (const char* word : {"'my data/a.nc", "a.nc,\"b.nc", "'a.nc'b.nc"}) {
    FileOptions options;
    EXPECT_THAT(
        [&] {
          options.table.parse({"--data.files", word});
        },
        ::testing::ThrowsMessage<UsageError>(
            ::testing::AllOf(HasSubstr("data.files: expected a c"), HasSubstr(word))));
  }
}

TEST(OptionTable, TakesOnlyListsOfWordsForFiles) {
  std::string path;
  OptionTable table{"fit", "fits", "foehn fit"};
  EXPECT_THROW(table.add("data.file", &path, {.doc = "A file.", .are_files = true}), std::logic_error);
}

TEST(CommandLine, TakesAListAsOneWordOrSeveral) {
  for (const Words& words : std::vector<Words>{{"--observation.std", "1,2.5", "--verbose", "on"},
                                               {"--observation.std", "1", "2.5", "--verbose", "on"},
                                               {"--observation.std=1", "2.5"},
                                               {"--observation.std", "1, ", "2.5,"},
                                               {"--observation.std", " 1\t2.5 "}}) {
    SampleOptions options;
    Words complete = words;
    complete.insert(complete.begin(), "--input=x");
    options.table.parse(complete);
    EXPECT_THAT(options.std, ElementsAre(1, 2.5)) << ::testing::PrintToString(words);
  }
  SampleOptions options;
  options.table.parse({"--input=x", "--data.variables", ""});
  EXPECT_THAT(options.variables, IsEmpty());
}

TEST(CommandLine, TakesANegativeNumberForAValue) {
  EXPECT_THAT(complaint({"--sampler.steps", "-5"}), HasSubstr("found -5"));
  EXPECT_THAT(complaint({"--observation.std", "1", "-2.5"}), HasSubstr("found -2.5"));
}

TEST(CommandLine, TellsWhetherOnlyToValidate) {
  SampleOptions options;
  EXPECT_TRUE(options.table.parse({"--input=x", "--validate-only"}).validate_only);
}

TEST(CommandLine, GivesHelpWhateverElseIsWrong) {
  SampleOptions options;
  EXPECT_EQ(options.table.parse({"--help"}).page, options.table.help());
  EXPECT_EQ(options.table.parse({"--sampler.step", "many", "--help"}).page, options.table.help());
}

TEST(CommandLine, NamesTheNearestOptionForAnUnknownOne) {
  EXPECT_THAT(complaint({"--sampler.step", "3"}),
              StrEq("command line: unknown option 'sampler.step'; did you mean 'sampler.steps'?"));
  EXPECT_THAT(complaint({"--sampler-steps=3"}), HasSubstr("did you mean 'sampler.steps'?"));
  EXPECT_THAT(complaint({"--validateonly"}), HasSubstr("did you mean 'validate-only'?"));
  EXPECT_THAT(complaint({"--steps", "3"}), HasSubstr("did you mean 'sampler.steps'?"));
  EXPECT_THAT(complaint({"--output.steps", "3"}), HasSubstr("did you mean 'sampler.steps'?"));
  EXPECT_THAT(complaint({"--Sampler.steps", "3"}), HasSubstr("did you mean 'sampler.steps'?"));
  EXPECT_THAT(complaint({"--quux", "3"}),
              AllOf(HasSubstr("'quux'"), HasSubstr("--help"), Not(HasSubstr("mean"))));
}

TEST(CommandLine, DoesNotCompleteNames) {
  EXPECT_THAT(complaint({"--sampler.ste", "3"}), HasSubstr("unknown"));
}

TEST(CommandLine, RefusesAnOptionGivenTwice) {
  EXPECT_THAT(complaint({"--sampler.steps", "3", "--sampler.steps", "3"}),
              HasSubstr("sampler.steps: given twice"));
  EXPECT_THAT(complaint({"--validate-only", "--validate-only"}), HasSubstr("validate-only: given twice"));
}

TEST(CommandLine, RefusesAnOptionWithoutItsValue) {
  EXPECT_THAT(complaint({"--sampler.steps"}), AllOf(HasSubstr("sampler.steps"), HasSubstr("missing")));
  EXPECT_THAT(complaint({"--sampler.steps="}), HasSubstr("sampler.steps"));
  EXPECT_THAT(complaint({"--sampler.steps", "--verbose", "on"}),
              HasSubstr("sampler.steps: expected a value, found '--verbose'"));
  EXPECT_THAT(complaint({"--observation.std", "--verbose", "on"}),
              HasSubstr("observation.std: expected a value, found '--verbose'"));
  EXPECT_THAT(complaint({"--validate-only=yes"}), HasSubstr("validate-only"));
  EXPECT_THAT(complaint({"--help=yes"}), HasSubstr("help"));
}

TEST(CommandLine, RefusesAWordThatBelongsToNoOption) {
  EXPECT_THAT(complaint({"obs.nc"}), HasSubstr("unexpected word 'obs.nc'"));
  EXPECT_THAT(complaint({"--sampler.steps", "3", "4"}), HasSubstr("unexpected word '4'"));
  EXPECT_THAT(complaint({"-h"}), HasSubstr("unexpected word '-h'"));
  EXPECT_THAT(complaint({"--", "x"}), HasSubstr("unexpected word"));
}

TEST(CommandLine, RefusesAValueOfTheWrongType) {
  EXPECT_THAT(complaint({"--sampler.steps", "many"}),
              HasSubstr("sampler.steps: expected an integer, found 'many'"));
  for (const std::string word : {"12x", "1.5", "1e3", "0x10", " 3", "", "99999999999999999999", "+3"}) {
    EXPECT_THAT(complaint({"--sampler.steps", word}), HasSubstr("expected an integer, found '" + word + "'"));
  }
  for (const std::string word : {"12x", "nan", "inf", "-inf", "1e999", "1.5 ", "1,5", ""}) {
    EXPECT_THAT(complaint({"--sampler.tau", word}),
                HasSubstr("sampler.tau: expected a number, found '" + word + "'"));
  }
  EXPECT_THAT(complaint({"--observation.gamma", "auto"}), HasSubstr("observation.gamma: expected a number"));
  EXPECT_THAT(complaint({"--sampler.stride", "2.5"}), HasSubstr("sampler.stride: expected an integer"));
  EXPECT_THAT(complaint({"--observation.std", "1,x"}),
              HasSubstr("observation.std: expected a number, found 'x'"));
  EXPECT_THAT(complaint({"--verbose", "maybe"}), HasSubstr("verbose: expected true or false, found 'maybe'"));
}

TEST(CommandLine, RefusesAValueOutOfRange) {
  EXPECT_THAT(complaint({"--sampler.steps", "0"}),
              HasSubstr("sampler.steps: expected a value from 1 to 4096, found 0"));
  EXPECT_THAT(complaint({"--sampler.steps", "4097"}), HasSubstr("found 4097"));
  EXPECT_THAT(complaint({"--sampler.tau", "0"}), HasSubstr("expected a value above 0 K, found 0 K"));
  EXPECT_THAT(complaint({"--sampler.cutoff", "9.5"}),
              HasSubstr("expected a value from 0 to 9 h, found 9.5 h"));
  EXPECT_THAT(complaint({"--observation.std", "1,-1"}), HasSubstr("expected a value at least 0, found -1"));
  EXPECT_THAT(complaint({"--observation.gamma", "-0.5"}),
              HasSubstr("observation.gamma: expected a value at least 0"));
  EXPECT_THAT(complaint({"--sampler.stride", "0"}), HasSubstr("expected a value at least 1 h, found 0 h"));
}

TEST(CommandLine, TakesTheEndsOfARange) {
  EXPECT_EQ(complaint({"--sampler.steps", "1", "--sampler.cutoff", "0"}), "");
  EXPECT_EQ(complaint({"--sampler.steps", "4096", "--sampler.cutoff", "9"}), "");
}

TEST(CommandLine, RefusesAValueThatIsNotAChoice) {
  EXPECT_THAT(
      complaint({"--sampler.method", "ddmi"}),
      HasSubstr("sampler.method: expected one of ddim, dpmpp-2m, heun, found 'ddmi' (did you mean 'ddim'?)"));
  EXPECT_THAT(complaint({"--data.variables", "tas,huss"}),
              HasSubstr("data.variables: expected one of tas, psl, uas, found 'huss'"));
}

TEST(CommandLine, RefusesWhatNoEnumerationHas) {
  EXPECT_THAT(
      complaint({"--sampler.spacing", "lamda"}),
      HasSubstr("sampler.spacing: expected one of t, lambda, found 'lamda' (did you mean 'lambda'?)"));
  EXPECT_THAT(complaint({"--data.spacing", "t,tas=x"}),
              HasSubstr("data.spacing: expected t or lambda, or variable=t, found 'tas=x'"));
}

TEST(CommandLine, RefusesAListOfTheWrongLengthOrOfParts) {
  EXPECT_THAT(complaint({"--network.widths", ""}),
              HasSubstr("network.widths: expected 1 to 3 values, found 0"));
  EXPECT_THAT(complaint({"--network.widths", "1,2,3,4"}), HasSubstr("expected 1 to 3 values, found 4"));
  EXPECT_THAT(complaint({"--network.widths", "4,6.5"}),
              HasSubstr("network.widths: expected whole numbers, found '6.5'"));
  EXPECT_THAT(complaint({"--network.widths", "4,0"}), HasSubstr("expected a value at least 1, found 0"));
}

TEST(CommandLine, NamesEveryMissingRequiredOption) {
  OptionTable table("fit", "fit a prior", "foehn fit");
  std::string input, output;
  table.add("input.file", &input, {.doc = "Read.", .required = true});
  table.add("output.path", &output, {.doc = "Written.", .required = true});
  EXPECT_THAT(
      [&] { table.parse({}); },
      ThrowsMessage<UsageError>(StrEq("required but not given: input.file, output.path; usage: foehn fit "
                                      "[--config FILE] [--name value ...]; --help lists the options")));
  EXPECT_THAT(
      [&] {
        table.parse({"--input.file", "", "--output.path", "b"});
      },
      ThrowsMessage<UsageError>(StartsWith("required but not given: input.file; ")));
  EXPECT_NO_THROW(table.parse({"--input.file", "a", "--output.path", "b"}));
}

TEST_F(ConfigFile, SetsOptionsBySection) {
  const auto path = write(
      "# a run\n"
      "input = obs.nc  # beside the binary\r\n"
      "\n"
      "[sampler]\n"
      "  steps = 64\n"
      "method=heun\n"
      "[observation]\n"
      "std = 0.5, 1.5 2\n"
      "[data]\n"
      "variables = uas\n");
  options_.table.parse({"--config", path});
  EXPECT_EQ(options_.input, "obs.nc");
  EXPECT_EQ(options_.steps, 64);
  EXPECT_EQ(options_.method, "heun");
  EXPECT_THAT(options_.std, ElementsAre(0.5, 1.5, 2));
  EXPECT_THAT(options_.variables, ElementsAre("uas"));
}

TEST_F(ConfigFile, HoldsPathsWithSpacesWithAndWithoutQuotes) {
  for (const FileWords& given : kFileWords) {
    if (given.words.size() > 1) continue;
    for (const char* path : {"my prior", "'my prior'", "\"my prior\""}) {
      FileOptions options;
      options.table.parse({"--config", write("[data]\nfiles = " + given.words[0] +
                                             "  # two\r\n[prior]\npath = " + path + "\n")});
      EXPECT_EQ(options.files, given.files) << given.words[0];
      EXPECT_EQ(options.path, "my prior");
    }
  }
}

TEST_F(ConfigFile, GivesWayToTheCommandLine) {
  const auto path = write("input = file.nc\n[sampler]\nsteps = 64\n[observation]\nstd = 1 2 3\n");
  options_.table.parse({"--sampler.steps", "16", "--config", path, "--observation.std", "4"});
  EXPECT_EQ(options_.steps, 16);
  EXPECT_EQ(options_.input, "file.nc");
  EXPECT_THAT(options_.std, ElementsAre(4));
}

TEST_F(ConfigFile, GivesWayToALaterOne) {
  const auto path_of = [&](const std::string& name, const std::string& content) {
    const auto path = folder_ / name;
    std::ofstream(path) << content;
    return path.string();
  };
  const auto first = path_of("first.ini", "input = file.nc\n[sampler]\nsteps = 64\nmethod = ddim\n");
  const auto second = path_of("second.ini", "[sampler]\nsteps = 16\n");
  options_.table.parse({"--config", first, "--config", second});
  EXPECT_EQ(options_.steps, 16);
  EXPECT_EQ(options_.method, "ddim");
  EXPECT_EQ(options_.input, "file.nc");
}

TEST_F(ConfigFile, NamesFileAndLineOfAMistake) {
  struct Case {
    std::string content, where, what;
  };
  const std::vector<Case> cases = {
      {"[sampler]\nstep = 3\n", "line 2", "unknown option 'sampler.step'; did you mean 'sampler.steps'?"},
      {"[smapler]\n\nsteps = 3\n", "line 3", "did you mean 'sampler.steps'?"},
      {"steps = 3\n", "line 1", "unknown option 'steps'; did you mean 'sampler.steps'?"},
      {"validate-only = yes\n", "line 1", "unknown option 'validate-only'"},
      {"[sampler]\n# note\nsteps = many\n", "line 3", "sampler.steps: expected an integer, found 'many'"},
      {"[sampler]\nsteps = 12x", "line 2", "sampler.steps: expected an integer, found '12x'"},
      {"[sampler]\nsteps = 3 4\n", "line 2", "found '3 4'"},
      {"[sampler]\nsteps =\n", "line 2", "expected an integer, found ''"},
      {"[sampler]\nsteps = 0\n", "line 2", "expected a value from 1 to 4096, found 0"},
      {"[sampler]\nsteps = 3\nmethod = heun\nsteps = 4\n", "line 4", "sampler.steps: given twice, first in"},
      {"sampler.steps = 3\n[sampler]\nsteps = 4\n", "line 3", "sampler.steps: given twice, first in"},
      {"[sampler]\nsteps 3\n", "line 2", "expected '[section]' or 'name = value', found 'steps 3'"},
      {"[sampler\nsteps = 3\n", "line 1", "found '[sampler'"},
  };
  for (const auto& mistake : cases) {
    const auto path = write(mistake.content);
    EXPECT_THAT(complaint({"--config", path}),
                AllOf(HasSubstr(path + ", " + mistake.where + ": "), HasSubstr(mistake.what)))
        << mistake.content;
  }
}

TEST_F(ConfigFile, IsCheckedEvenWhereTheCommandLineOverridesIt) {
  const auto path = write("[sampler]\nsteps = many\n");
  EXPECT_THAT(complaint({"--config", path, "--sampler.steps", "3"}), HasSubstr("found 'many'"));
}

TEST_F(ConfigFile, MustBeReadable) {
  const std::string missing = (folder_ / "absent.ini").string();
  EXPECT_THAT(complaint({"--config", missing}), AllOf(HasSubstr(missing), HasSubstr("No such file")));
  EXPECT_THAT(complaint({"--config", folder_.string()}),
              AllOf(HasSubstr(folder_.string()), HasSubstr("Is a directory")));
}

TEST_F(ConfigFile, CanGiveARequiredOption) {
  const auto path = write("input = a.nc\n");
  EXPECT_NO_THROW(options_.table.parse({"--config", path}));
  EXPECT_THAT(
      [&] {
        options_.table.parse({"--config", write("[sampler]\nsteps = 3\n")});
      },
      ThrowsMessage<UsageError>(StartsWith("required but not given: input; ")));
}

TEST(Declaration, NeedsADocAUnitOfNumbersAndANameOfItsOwn) {
  OptionTable table("fit", "fit a prior", "foehn fit");
  std::int64_t steps = 3;
  std::string text;
  EXPECT_THROW(table.add("steps", &steps, {.doc = "", .unit = "1"}), std::logic_error);
  EXPECT_THROW(table.add("steps", &steps, {.doc = "Steps."}), std::logic_error);
  EXPECT_THAT(table.options(), IsEmpty());
  table.add("steps", &steps, {.doc = "Steps.", .unit = "1"});
  EXPECT_THROW(table.add("steps", &text, {.doc = "Other steps."}), std::logic_error);
  for (const std::string name : {"config", "help", "validate-only"}) {
    EXPECT_THROW(table.add(name, &text, {.doc = "Taken."}), std::logic_error) << name;
  }
  EXPECT_EQ(table.options().size(), 1U);
}

TEST(Declaration, AllowsOneTextAsABareWord) {
  PathOptions options;
  std::string other;
  std::int64_t number = 0;
  EXPECT_THROW(options.table.add("other", &other, {.doc = "Another.", .positional = true}), std::logic_error);
  std::vector<std::string> list;
  options.table.add("list", &list, {.doc = "A list.", .positional = true});
  EXPECT_THROW(options.table.add("more", &list, {.doc = "Another.", .positional = true}), std::logic_error);
  OptionTable table("info", "say what", "foehn info");
  EXPECT_THROW(table.add("list", &list, {.doc = "A list before a text.", .positional = true}),
               std::logic_error);
  EXPECT_THROW(table.add("number", &number, {.doc = "A number.", .unit = "1", .positional = true}),
               std::logic_error);
}

TEST(Declaration, NeedsADefaultThatFits) {
  OptionTable table("fit", "fit a prior", "foehn fit");
  std::int64_t steps = 0;
  std::string method = "";
  EXPECT_THROW(table.add("steps", &steps, {.doc = "Steps.", .unit = "1", .minimum = 1}), std::logic_error);
  EXPECT_THROW(table.add("method", &method, {.doc = "Method.", .choices = {"a"}}), std::logic_error);
  table.add("steps", &steps, {.doc = "Steps.", .unit = "1", .minimum = 1, .required = true});
  table.add("method", &method, {.doc = "Method.", .choices = {"a"}, .required = true});
}

TEST(Values, AreThoseInForce) {
  SampleOptions options;
  options.table.parse({"--input", "a\"b", "--sampler.stride", "5", "--observation.std", "1,0.1"});
  const nlohmann::json expected = {{"input", "a\"b"},
                                   {"verbose", false},
                                   {"sampler.steps", 32},
                                   {"sampler.tau", 0.25},
                                   {"sampler.cutoff", 1.5},
                                   {"sampler.method", "ddim"},
                                   {"data.variables", {"tas", "psl"}},
                                   {"observation.std", {1.0, 0.1}},
                                   {"observation.gamma", nullptr},
                                   {"sampler.stride", 5},
                                   {"sampler.spacing", "lambda"},
                                   {"network.widths", {4, 8}},
                                   {"data.spacing", nlohmann::json::array()},
                                   {"output.directory", "out"}};
  EXPECT_EQ(options.table.values(), expected);
}

TEST(ResultValues, AreSortedLinesOfWhatChangesTheResult) {
  SampleOptions options;
  options.table.parse({"--input", "obs.nc", "--sampler.stride", "5", "--output.directory", "elsewhere"});
  EXPECT_EQ(options.table.result_values(),
            "data.spacing = []\n"
            "data.variables = [\"tas\",\"psl\"]\n"
            "input = \"obs.nc\"\n"
            "network.widths = [4.0,8.0]\n"
            "observation.gamma = null\n"
            "observation.std = []\n"
            "sampler.cutoff = 1.5\n"
            "sampler.method = \"ddim\"\n"
            "sampler.spacing = \"lambda\"\n"
            "sampler.steps = 32\n"
            "sampler.stride = 5\n"
            "sampler.tau = 0.25\n"
            "verbose = false\n");
}

TEST(ResultValues, DoNotDependOnWhereOrHowAValueWasGiven) {
  SampleOptions left, right;
  left.table.parse({"--input=x", "--sampler.tau=0.250", "--observation.std", "1", "2"});
  right.table.parse({"--observation.std=1.0,2e0", "--input", "x"});
  EXPECT_EQ(left.table.result_values(), right.table.result_values());
}

}  // namespace
}  // namespace foehn::config::option_table_test
