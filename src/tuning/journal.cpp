#include "foehn/tuning/journal.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/io/durable.hpp"

namespace foehn::tuning {

namespace {

constexpr const char* kFile = "journal.jsonl";
constexpr const char* kSearch = "search";
constexpr std::size_t kMostBytes = std::size_t{1} << 26;

nlohmann::json parse_line(const std::string& line) {
  nlohmann::json json = nlohmann::json::parse(line, nullptr, false);
  if (!json.is_object()) throw core::Error(fmt::format("expected a line of JSON, found '{:.60}'", line));
  return json;
}

}  // namespace

Journal::Journal(const std::filesystem::path& folder, std::string identity, std::vector<Dimension> dimensions,
                 std::vector<io::Variable> variables)
    : file_(folder / kFile),
      identity_(std::move(identity)),
      dimensions_(std::move(dimensions)),
      variables_(std::move(variables)) {
  if (std::filesystem::exists(file_)) core::with_context(file_.string(), [&] { read(); });
}

void Journal::read() {
  std::istringstream text(io::read_small_file(file_, kMostBytes));
  std::string line;
  std::getline(text, line);
  const nlohmann::json header = parse_line(line);
  if (!header.contains(kSearch)) throw core::Error("it is not the journal of a search");
  if (header.at(kSearch) != identity_)
    throw core::Error(
        "it is of another search, with other options, another prior, other observations or another "
        "reference; "
        "use another output.directory, or remove the file to begin again");
  while (std::getline(text, line)) {
    trials_.push_back(parse_trial(parse_line(line), dimensions_, variables_));
    if (trials_.back().number != static_cast<std::int64_t>(trials_.size()) - 1)
      throw core::Error(
          fmt::format("expected trial {}, found {}", trials_.size() - 1, trials_.back().number));
  }
}

void Journal::add(const std::vector<Trial>& trials) {
  trials_.insert(trials_.end(), trials.begin(), trials.end());
  write();
}

void Journal::write() const {
  std::string text = nlohmann::json{{kSearch, identity_}}.dump() + "\n";
  for (const Trial& trial : trials_)
    text += to_json(trial, dimensions_, variables_)
                .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) +
            "\n";
  io::write_file_atomically(file_, text);
}

}  // namespace foehn::tuning
