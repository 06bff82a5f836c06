#include "slurm_cluster.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <random>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace foehn::testing {

namespace {

namespace fs = std::filesystem;

/// Ports of this machine that nobody listens on.
std::array<int, 3> free_ports() {
  std::array<int, 3> sockets{}, ports{};
  for (std::size_t i = 0; i < ports.size(); ++i) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(sockets[i], reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(sockets[i], reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no free port");
    ports[i] = ntohs(address.sin_port);
  }
  for (const int one : sockets) close(one);
  return ports;
}

std::string user_name() {
  std::string name = run_command({"id", "--user", "--name"}).out;
  return name.substr(0, name.find('\n'));
}

std::string host_name() {
  std::array<char, 256> name{};
  gethostname(name.data(), name.size() - 1);
  return name.data();
}

/// Debian keeps daemons where users need not look.
Words with_environment(const fs::path& configuration, const fs::path& folder, const Words& words) {
  Words all{"env", "--chdir=" + folder.string(), "SLURM_CONF=" + configuration.string(),
            "PATH=" + std::string(std::getenv("PATH")) + ":/usr/sbin:/sbin"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

// A requeued job waits for as long as credentials live, and the scheduler looks for it every few seconds.
// Each node has a TmpFS of its own, where PMIx keeps a step's sockets.
constexpr const char* kConfiguration = R"(
ClusterName=foehn
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port0}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket,cred_expire=10
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool-%n
TmpFS={folder}/tmp-%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd-%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd-%n.log
MailProg=/bin/true
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=pmix
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=2,sched_min_interval=0
GresTypes=gpu
NodeName=node1 NodeHostname={host} NodeAddr=127.0.0.1 Port={port1} CPUs=32 Gres=gpu:1
NodeName=node2 NodeHostname={host} NodeAddr=127.0.0.1 Port={port2} CPUs=32 Gres=gpu:1
PartitionName=foehn Nodes=ALL Default=YES MaxTime=INFINITE State=UP
)";

}  // namespace

bool holds_within(std::chrono::seconds timeout, const std::function<bool()>& holds) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (!holds()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
  return true;
}

std::vector<std::string> SlurmCluster::missing_programs() {
  std::vector<std::string> missing;
  for (const std::string name : {"munged", "slurmctld", "slurmd", "sbatch", "srun", "scontrol"})
    if (run_command(with_environment("", "/", {"sh", "-c", "command -v \"$0\"", name})).exit_code != 0)
      missing.push_back(name);
  return missing;
}

SlurmCluster::SlurmCluster() {
  write_configuration();
  const std::string folder = folder_ / "";
  start({"munged", "--foreground", "--force", "--socket=" + folder + "munge.socket",
         "--key-file=" + folder + "munge.key", "--log-file=" + folder + "munged.log",
         "--pid-file=" + folder + "munged.pid", "--seed-file=" + folder + "munged.seed"});
  if (!holds_within(std::chrono::seconds(10), [&] { return fs::exists(folder_ / "munge.socket"); }))
    throw std::runtime_error("munged does not start: " + last_words());
  start({"slurmctld", "-D"});
  for (const char* node : {"node1", "node2"}) start({"slurmd", "-D", "-N", node});
  if (!holds_within(std::chrono::seconds(30), [&] { return is_ready(); }))
    throw std::runtime_error("Slurm does not start: " + last_words());
}

SlurmCluster::~SlurmCluster() {
  run({"scancel", "--partition=foehn", "--full", "--signal=KILL"});
  run({"scancel", "--partition=foehn"});
  holds_within(std::chrono::seconds(20), [&] { return run({"squeue", "--noheader"}).out.empty(); });
  while (!daemons_.empty()) daemons_.pop_back();
}

void SlurmCluster::write_configuration() const {
  // munged and the daemons' jobs must get at their files, whoever they run as.
  fs::permissions(folder_ / "", fs::perms::owner_all | fs::perms::group_exec | fs::perms::others_exec);
  for (const char* name : {"state", "spool-node1", "spool-node2", "tmp-node1", "tmp-node2"})
    fs::create_directory(folder_ / name);
  std::random_device random;
  std::string key;
  while (key.size() < 128) key.push_back(static_cast<char>(random()));
  io::write_content(folder_ / "munge.key", key);
  fs::permissions(folder_ / "munge.key", fs::perms::owner_read | fs::perms::owner_write);
  const std::array<int, 3> ports = free_ports();
  io::write_content(
      folder_ / "slurm.conf",
      fmt::format(fmt::runtime(kConfiguration), fmt::arg("host", host_name()), fmt::arg("user", user_name()),
                  fmt::arg("folder", (folder_ / "").parent_path().string()), fmt::arg("port0", ports[0]),
                  fmt::arg("port1", ports[1]), fmt::arg("port2", ports[2])));
  io::write_content(folder_ / "gres.conf", "Name=gpu File=/dev/null\n");
}

void SlurmCluster::start(const Words& words) {
  daemons_.push_back(
      std::make_unique<RunningCommand>(with_environment(folder_ / "slurm.conf", folder_ / "", words)));
}

bool SlurmCluster::is_ready() const {
  return run({"sinfo", "--noheader", "--format", "%D %t"}).out == "2 idle\n";
}

std::string SlurmCluster::last_words() const {
  std::string words;
  for (const char* log : {"munged.log", "slurmctld.log", "slurmd-node1.log", "slurmd-node2.log"}) {
    const std::string text = io::content_of(folder_ / log);
    words +=
        fmt::format("\n{}: {}", log, text.substr(text.size() - std::min<std::size_t>(text.size(), 1000)));
  }
  return words;
}

Outcome SlurmCluster::run(const Words& words, const fs::path& folder) const {
  return run_command(with_environment(folder_ / "slurm.conf", folder, words));
}

std::string SlurmCluster::submit(const Words& words, const fs::path& folder) const {
  Words command{"sbatch", "--parsable"};
  command.insert(command.end(), words.begin(), words.end());
  const Outcome outcome = run(command, folder);
  if (outcome.exit_code != 0) throw std::runtime_error("sbatch: " + outcome.err);
  return outcome.out.substr(0, outcome.out.find('\n'));
}

std::map<std::string, std::string> SlurmCluster::job(const std::string& number) const {
  std::istringstream said(run({"scontrol", "show", "job", number}).out);
  std::map<std::string, std::string> found;
  for (std::string word; said >> word;) {
    const auto sign = word.find('=');
    if (sign != std::string::npos) found.emplace(word.substr(0, sign), word.substr(sign + 1));
  }
  return found;
}

std::string SlurmCluster::cancel(const std::string& number) const {
  run({"scancel", number});
  return wait(number);
}

std::string SlurmCluster::wait(const std::string& number) const {
  std::string last;
  holds_within(std::chrono::seconds(180), [&] {
    last = state(number);
    return last != "PENDING" && last != "RUNNING" && last != "COMPLETING" && last != "REQUEUED";
  });
  return last;
}

}  // namespace foehn::testing
