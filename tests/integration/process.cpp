#include "process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

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
bool wait_until(pid_t process, Clock::time_point end, int& status) {
  do {
    if (waitpid(process, &status, WNOHANG) == process) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  } while (Clock::now() < end);
  return false;
}

}  // namespace

Outcome run_command(const Words& words, std::chrono::seconds timeout) {
  const io::TemporaryFolder folder;
  const pid_t process = start(words, folder / "out", folder / "err");
  Outcome outcome;
  int status = 0;
  outcome.timed_out = !wait_until(process, Clock::now() + timeout, status);
  // mpirun ends its ranks, which are in groups of their own, only when it is asked to end in order.
  if (outcome.timed_out) kill(process, SIGTERM);
  if (outcome.timed_out && !wait_until(process, Clock::now() + std::chrono::seconds(5), status)) {
    kill(-process, SIGKILL);
    waitpid(process, &status, 0);
  }
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  outcome.out = io::content_of(folder / "out");
  outcome.err = io::content_of(folder / "err");
  return outcome;
}

bool has_program(const std::string& name) {
  return run_command({"sh", "-c", "command -v \"$0\"", name}).exit_code == 0;
}

Outcome run_foehn(const std::string& subcommand, const Options& options, int ranks, const Words& more) {
  Words words;
  if (ranks > 0) words = {FOEHN_MPIEXEC, "--quiet", "-n", std::to_string(ranks)};
  words.push_back(FOEHN_PROGRAM);
  for (const std::string& word : command_line(subcommand, options, more)) words.push_back(word);
  return run_command(words);
}

const ToyClimate& toy_climate() {
  static const io::TemporaryFolder folder;
  static const ToyClimate climate(folder / "", [](const std::string& subcommand, const Options& options) {
    return run_foehn(subcommand, options);
  });
  return climate;
}

}  // namespace foehn::testing
