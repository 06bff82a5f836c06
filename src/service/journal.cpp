#include "foehn/service/journal.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/service/presence.hpp"

namespace foehn::service {

std::string event_name(Event event) {
  switch (event) {
    case Event::started:
      return "started";
    case Event::claimed:
      return "claimed";
    case Event::done:
      return "done";
    case Event::failed:
      return "failed";
    case Event::put_back:
      return "put back";
    case Event::lost:
      return "lost";
    case Event::taken_over:
      return "taken over";
    case Event::ended:
      return "ended";
  }
  throw core::Error("unknown event");
}

Journal::Journal(FileSystem& files, std::filesystem::path file) : files_(files), file_(std::move(file)) {}

void Journal::write(Event event, const nlohmann::json& facts) const {
  nlohmann::json line = facts;
  line["time"] = seconds_since_1970();
  line["event"] = event_name(event);
  try {
    files_.append(file_, line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
  } catch (const core::Error& error) {
    spdlog::warn("the journal lacks a line: {}", error.what());
  }
}

std::vector<nlohmann::json> read_journals(const Spool& spool) {
  std::vector<nlohmann::json> lines;
  for (const std::string& file : spool.files().list(spool.journals())) {
    std::istringstream text(spool.files().read(spool.journals() / file).value_or(""));
    for (std::string line; std::getline(text, line);) {
      nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
      const bool is_sound = json.is_object() && json.contains("time") && json["time"].is_number() &&
                            json.contains("event") && json["event"].is_string();
      if (is_sound) lines.push_back(std::move(json));
    }
  }
  std::stable_sort(lines.begin(), lines.end(), [](const auto& one, const auto& other) {
    return one["time"].template get<double>() < other["time"].template get<double>();
  });
  return lines;
}

}  // namespace foehn::service
