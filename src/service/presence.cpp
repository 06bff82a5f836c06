#include "foehn/service/presence.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/progress.hpp"

namespace foehn::service {

namespace {

constexpr std::chrono::milliseconds kStopGlance{100};  // how soon a job learns that its service is to stop
constexpr const char* kBeatFile = "beat";

/// The host's name, in letters that a service's name may have.
std::string host() {
  std::array<char, 256> name{};
  if (::gethostname(name.data(), name.size() - 1) != 0) return "host";
  std::string text = name.data();
  text = text.substr(0, text.find('.'));
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char letter) { return std::isalnum(letter) == 0 && letter != '-' && letter != '_'; }, '_');
  return text;
}

}  // namespace

double seconds_since_1970() {
  return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

Clock steady_clock() {
  return [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
}

std::string machine_identity() {
  std::string identity;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> identity;
  return identity.empty() ? host() : identity;
}

Presence::Presence(const Spool& spool, double beat_seconds, std::function<bool()> must_stop)
    : spool_(spool), beat_seconds_(beat_seconds), must_stop_(std::move(must_stop)) {
  const std::string first = fmt::format("{}-{}", host(), ::getpid());
  name_ = first;
  // The folder, and the journal, of a process of the same number may be there.
  for (int i = 2; spool.files().exists(spool.journals() / (name_ + ".jsonl")) ||
                  !spool.files().make_folder(spool.services() / name_);
       ++i)
    name_ = fmt::format("{}-{}", first, i);
  folder_ = spool.services() / name_;
  lock_ = spool.files().try_lock(folder_);
  if (!lock_) throw core::Error(fmt::format("{}: cannot be locked", folder_.string()));
  beat(std::nullopt);
  thread_ = std::thread([this] { keep(); });
}

Presence::~Presence() {
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
  }
  ending_.notify_all();
  thread_.join();
  try {
    spool_.files().remove(folder_ / kBeatFile);
    lock_.reset();
    spool_.files().remove(folder_);
  } catch (const core::Error& error) {
    spdlog::warn("{}", error.what());
  }
}

void Presence::begin(const Claim& claim, const process::StopSource& stop) {
  const std::lock_guard lock(mutex_);
  work_ = Work{claim, stop};
}

void Presence::end() {
  const std::lock_guard lock(mutex_);
  work_.reset();
}

void Presence::keep() {
  using SteadyClock = std::chrono::steady_clock;
  const auto interval =
      std::chrono::duration_cast<SteadyClock::duration>(std::chrono::duration<double>(beat_seconds_));
  auto due = SteadyClock::now() + interval;
  std::unique_lock lock(mutex_);
  while (!ending_.wait_for(lock, std::min<SteadyClock::duration>(kStopGlance, interval),
                           [this] { return is_ending_; })) {
    const std::optional<Work> work = work_;
    lock.unlock();
    if (work && must_stop_()) work->stop.request();
    if (SteadyClock::now() >= due) {
      try {
        beat(work);
        if (work && !spool_.holds(work->claim)) work->stop.request();
      } catch (const core::Error& error) {
        spdlog::warn("{}", error.what());
      }
      due = SteadyClock::now() + interval;
    }
    lock.lock();
  }
}

void Presence::beat(const std::optional<Work>& work) {
  nlohmann::json json{{"count", ++beats_},
                      {"machine", machine_identity()},
                      {"time", seconds_since_1970()},
                      {"seconds", beat_seconds_}};
  if (work) json["job"] = work->claim.ticket.name;
  if (const auto progress = core::current_progress(); work && progress) {
    json["done"] = progress->done;
    json["total"] = progress->total;
    json["unit"] = progress->unit;
    if (progress->seconds_left) json["seconds_left"] = *progress->seconds_left;
  }
  // Whoever cleans up behind dead services may have removed it.
  spool_.files().make_folder(folder_);
  spool_.files().overwrite(folder_ / kBeatFile, json.dump() + "\n");
}

std::optional<std::string> read_beat(const Spool& spool, const std::string& service) {
  return spool.files().read(spool.services() / service / kBeatFile);
}

std::optional<Beat> parse_beat(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Beat beat;
  try {
    beat.machine = json.value("machine", "");
    beat.job = json.value("job", "");
    beat.unit = json.value("unit", "");
    beat.done = json.value("done", std::int64_t{0});
    beat.total = json.value("total", std::int64_t{0});
    beat.time = json.value("time", 0.0);
    beat.seconds = json.value("seconds", 0.0);
    if (json.contains("seconds_left")) beat.seconds_left = json.at("seconds_left").get<double>();
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
  return beat;
}

}  // namespace foehn::service
