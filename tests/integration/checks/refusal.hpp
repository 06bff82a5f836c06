#pragma once

#include <gmock/gmock.h>

#include <filesystem>
#include <functional>
#include <ostream>
#include <string>

#include "integration/outcome.hpp"
#include "integration/toy_climate.hpp"
#include "io/test_files.hpp"

namespace foehn::testing {

/// Runs a subcommand in this process, on every rank of the job, with the options that the root is given.
/// @return the exit code and what this rank said
/// @note Collective over the job.
Outcome run_here(const std::string& subcommand, const Options& options, const Words& more = {});

/// Is this rank the root, which alone speaks and writes?
bool is_root();

/// Changes the options of a run that would succeed; files that it needs for that go to the folder.
using Spoil = std::function<void(Options& options, const std::filesystem::path& folder)>;

/// A run that cannot succeed, and what must be said of it.
struct BadInput {
  std::string name;
  Spoil spoil;
  Words words;  ///< that the message must hold
  int exit_code = 1;
  bool is_found_in_advance = true;  ///< by --validate-only, which does not read all of a long file
};
inline void PrintTo(const BadInput& input, std::ostream* stream) {
  *stream << input.name;
}
inline std::string name_of(const ::testing::TestParamInfo<BadInput>& info) {
  return info.param.name;
}

/// Checks that every rank ends with the exit code, and that the root alone says why: one line with the words.
void expect_refusal(const Outcome& outcome, const BadInput& input);

Spoil set(const std::string& option, const std::string& value);
Spoil leave_out(const std::string& option);
/// Names a path below a file: unlike a folder without permissions, not even the superuser can write there.
Spoil set_below_a_file(const std::string& option);
/// Names a file of text.
Spoil set_to_text_file(const std::string& option);
/// Names the first part of the file that the option names.
Spoil truncate(const std::string& option, double part);
/// Names a changed copy of the file that the option names.
Spoil bend(const std::string& option, const std::function<void(ToyFields& fields)>& change);
/// Names a changed copy of the file that the option names beside it, which goes on where that one ends.
Spoil add_bent(const std::string& option, const std::function<void(ToyFields& fields)>& change);

/// A fresh folder for each case; of every rank its own, of which the root's counts.
class Refusal : public ::testing::TestWithParam<BadInput> {
 protected:
  /// Runs with the options spoilt, to check only and for real. The output goes below `out`.
  void expect_refused(const std::string& subcommand, const Options& options);
  std::filesystem::path out() const { return folder_ / "out"; }

  const ToyClimate& toy_ = toy_climate();
  io::TemporaryFolder folder_;
};

}  // namespace foehn::testing
