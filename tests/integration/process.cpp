#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <stdexcept>
#include <thread>

#include "io/test_files.hpp"
#include "toy_climate.hpp"

namespace foehn::testing {

namespace {

using Clock = std::chrono::steady_clock;

/// Starts a command in a process group of its own, its output in two files.
pid_t start(const Words& words, const std::filesystem::path& out, const std::filesystem::path& err) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);

  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, out.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawn_file_actions_addopen(&files, STDERR_FILENO, err.c_str(), O_WRONLY | O_CREAT, 0600);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
  pid_t process = 0;
  const int status =
      posix_spawnp(&process, arguments.front(), &files, &attributes, arguments.data(), environ);
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&files);
  if (status != 0) throw std::runtime_error("cannot start " + words.front() + ": " + std::strerror(status));
  return process;
}

/// Waits until a process has ended; false if it has not by then.
bool ends_before(pid_t process, Clock::time_point end, int& status) {
  do {
    if (waitpid(process, &status, WNOHANG) == process) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  } while (Clock::now() < end);
  return false;
}

}  // namespace

RunningCommand::RunningCommand(const Words& words)
    : folder_(std::make_unique<io::TemporaryFolder>()),
      process_(start(words, *folder_ / "out", *folder_ / "err")) {}

RunningCommand::~RunningCommand() {
  if (process_ != 0) wait(std::chrono::seconds(0));
}

Outcome RunningCommand::wait(std::chrono::seconds timeout) {
  Outcome outcome;
  int status = 0;
  outcome.timed_out = !ends_before(process_, Clock::now() + timeout, status);
  // mpirun ends its ranks, which are in groups of their own, only when it is asked to end in order.
  if (outcome.timed_out) kill(process_, SIGTERM);
  if (outcome.timed_out && !ends_before(process_, Clock::now() + std::chrono::seconds(5), status)) {
    kill(-process_, SIGKILL);
    waitpid(process_, &status, 0);
  }
  process_ = 0;
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = io::content_of(*folder_ / "out");
  outcome.err = io::content_of(*folder_ / "err");
  return outcome;
}

void RunningCommand::wait_until(const std::function<bool()>& holds) const {
  const auto has_ended = [&] {
    siginfo_t info{};  // left as it is while the process runs
    return waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid != 0;
  };
  while (!holds() && !has_ended()) std::this_thread::sleep_for(std::chrono::milliseconds(20));
}

std::vector<pid_t> RunningCommand::ranks() const {
  std::vector<pid_t> found;
  for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
    const pid_t process = static_cast<pid_t>(std::strtol(entry.path().filename().c_str(), nullptr, 10));
    if (process <= 0) continue;
    std::error_code error;
    if (std::filesystem::read_symlink(entry.path() / "exe", error) !=
        std::filesystem::canonical(FOEHN_PROGRAM))
      continue;
    // "pid (name) state parent ...", of which the name is foehn's.
    const std::string line = io::content_of(entry.path() / "stat");
    const auto after_name = line.rfind(')');
    if (after_name == std::string::npos) continue;
    const long parent = std::strtol(line.c_str() + after_name + 4, nullptr, 10);
    if (process == process_ || parent == process_) found.push_back(process);
  }
  return found;
}

Outcome run_command(const Words& words, std::chrono::seconds timeout) {
  return RunningCommand(words).wait(timeout);
}

bool has_program(const std::string& name) {
  return run_command({"sh", "-c", "command -v \"$0\"", name}).exit_code == 0;
}

namespace {

Words foehn_words(const std::string& subcommand, const Options& options, int ranks, const Words& more) {
  Words words;
  if (ranks > 0) words = {FOEHN_MPIEXEC, "--quiet", "-n", std::to_string(ranks)};
  words.push_back(FOEHN_PROGRAM);
  for (const std::string& word : command_line(subcommand, options, more)) words.push_back(word);
  return words;
}

}  // namespace

Words launch_command(const std::string& subcommand, const Options& options, int ranks) {
  const auto programs = std::filesystem::path(FOEHN_PROGRAM).parent_path();
  Words words{"env", "PATH=" + programs.string() + ":" + std::getenv("PATH"),
              "FOEHN_BUILD=" + programs.parent_path().filename().string(), FOEHN_SOURCE "/launch/run",
              std::to_string(ranks)};
  for (const std::string& word : command_line(subcommand, options)) words.push_back(word);
  return words;
}

RunningCommand start_foehn(const std::string& subcommand, const Options& options, int ranks) {
  return RunningCommand(foehn_words(subcommand, options, ranks, {}));
}

Outcome run_foehn(const std::string& subcommand, const Options& options, int ranks, const Words& more) {
  return run_command(foehn_words(subcommand, options, ranks, more));
}

const ToyClimate& toy_climate() {
  static const io::TemporaryFolder folder;
  static const ToyClimate climate(folder / "", [](const std::string& subcommand, const Options& options) {
    return run_foehn(subcommand, options);
  });
  return climate;
}

}  // namespace foehn::testing
