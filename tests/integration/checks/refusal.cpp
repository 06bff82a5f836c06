#include "refusal.hpp"

#include <sstream>

#include "app/run.hpp"
#include "foehn/comm/communicator.hpp"
#include "foehn/process/stop.hpp"

namespace foehn::testing {

namespace {

/// The root's text, on every rank.
std::string text_of_root(const comm::Communicator& world, std::string text) {
  world.broadcast(text);
  return text;
}

}  // namespace

bool is_root() {
  return comm::Communicator::world().is_root();
}

Outcome run_here(const std::string& subcommand, const Options& options, const Words& more) {
  const comm::Communicator world = comm::Communicator::world();
  std::string text;
  for (const std::string& word : command_line(subcommand, options, more)) text += word + '\n';
  std::istringstream lines(text_of_root(world, text));
  Words words;
  for (std::string line; std::getline(lines, line);) words.push_back(line);

  Outcome outcome;
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  outcome.exit_code = app::run(world, process::StopSource(), words);
  outcome.out = ::testing::internal::GetCapturedStdout();
  outcome.err = ::testing::internal::GetCapturedStderr();
  return outcome;
}

const ToyClimate& toy_climate() {
  static const io::TemporaryFolder folder;
  static const ToyClimate climate(
      text_of_root(comm::Communicator::world(), folder / ""),
      [](const std::string& subcommand, const Options& options) { return run_here(subcommand, options); });
  return climate;
}

void expect_refusal(const Outcome& outcome, const BadInput& input) {
  EXPECT_EQ(outcome.exit_code, input.exit_code) << outcome;
  if (!is_root()) {
    EXPECT_EQ(outcome.err, "");
    return;
  }
  EXPECT_EQ(error_lines(outcome.err), 1) << outcome;
  EXPECT_TRUE(outcome.err.ends_with('\n')) << outcome;
  const auto message = outcome.err.find("foehn: error: ");
  // Lines of progress may come before; the message is the last, and has no second line.
  EXPECT_EQ(outcome.err.find('\n', message), outcome.err.size() - 1) << outcome;
  for (const std::string& word : input.words) EXPECT_THAT(outcome.err, ::testing::HasSubstr(word));
}

Spoil set(const std::string& option, const std::string& value) {
  return [=](Options& options, const std::filesystem::path&) { options[option] = value; };
}

Spoil leave_out(const std::string& option) {
  return [=](Options& options, const std::filesystem::path&) { options.erase(option); };
}

Spoil set_below_a_file(const std::string& option) {
  return [=](Options& options, const std::filesystem::path& folder) {
    io::write_content(folder / "file", "in the way");
    options[option] = folder / "file" / "below";
  };
}

Spoil set_to_text_file(const std::string& option) {
  return [=](Options& options, const std::filesystem::path& folder) {
    io::write_content(folder / "text.nc", "this is no NetCDF\n");
    options[option] = folder / "text.nc";
  };
}

Spoil truncate(const std::string& option, double part) {
  return [=](Options& options, const std::filesystem::path& folder) {
    const std::string content = io::content_of(options.at(option));
    const auto size = static_cast<std::size_t>(part * static_cast<double>(content.size()));
    io::write_content(folder / "truncated.nc", content.substr(0, size));
    options[option] = folder / "truncated.nc";
  };
}

Spoil bend(const std::string& option, const std::function<void(ToyFields& fields)>& change) {
  return [=](Options& options, const std::filesystem::path& folder) {
    ToyFields fields(options.at(option));
    change(fields);
    fields.write(folder / "bent.nc");
    options[option] = folder / "bent.nc";
  };
}

Spoil add_bent(const std::string& option, const std::function<void(ToyFields& fields)>& change) {
  return [=](Options& options, const std::filesystem::path& folder) {
    ToyFields fields(options.at(option));
    const double length = fields.hours.back() - fields.hours.front() + 1;
    for (double& hour : fields.hours) hour += length;
    change(fields);
    fields.write(folder / "bent.nc");
    options[option].append(",").append((folder / "bent.nc").string());
  };
}

void Refusal::expect_refused(const std::string& subcommand, const Options& options) {
  Options spoilt = options;
  GetParam().spoil(spoilt, folder_ / "");
  for (const Words& more : {Words{"--validate-only"}, Words{}}) {
    if (!more.empty() && !GetParam().is_found_in_advance) continue;
    SCOPED_TRACE(more.empty() ? "for real" : "--validate-only");
    expect_refusal(run_here(subcommand, spoilt, more), GetParam());
    EXPECT_THAT(files_in(out()), ::testing::IsEmpty());
  }
}

}  // namespace foehn::testing
