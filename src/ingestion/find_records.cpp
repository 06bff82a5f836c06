#include "foehn/ingestion/find_records.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "foehn/core/error.hpp"
#include "foehn/grid/winds.hpp"
#include "foehn/ingestion/provenance.hpp"
#include "foehn/io/raw_wrf.hpp"
#include "foehn/io/standard_name.hpp"

namespace foehn::ingestion {

namespace {

/// How well a variable of a file answers a wanted one; lower is better.
enum class Match { exact, other_directions, none };

struct Candidate {
  std::filesystem::path path;
  std::string name;
  std::string standard_name;
};

/// What the files hold, for each wanted variable and to say where one is missing.
struct Catalogue {
  std::vector<std::map<Match, std::vector<Candidate>>> candidates;  // [wanted variable]
  std::vector<std::optional<Candidate>> no_fields;  // [wanted variable]: one of other dimensions
  std::set<std::string> fields;                     // "tas (air_temperature)"
  std::size_t useless_files = 0;
};

/// Today's name for a standard name that it replaced (CF standard name table, aliases).
std::string without_alias(const std::string& standard_name) {
  return standard_name == "air_pressure_at_sea_level" ? "air_pressure_at_mean_sea_level" : standard_name;
}

Match match(const WantedVariable& wanted, const std::string& name, const std::string& standard_name) {
  if (!wanted.source_name.empty()) return name == wanted.source_name ? Match::exact : Match::none;
  if (standard_name.empty()) return name == wanted.variable.name ? Match::exact : Match::none;
  if (without_alias(standard_name) == without_alias(wanted.variable.standard_name)) return Match::exact;
  const auto found = grid::wind_component(standard_name);
  const auto component = grid::wind_component(wanted.variable.standard_name);
  const bool is_same_component = found && component && found->is_first == component->is_first;
  return is_same_component ? Match::other_directions : Match::none;
}

void list_file(const std::filesystem::path& path, const std::vector<WantedVariable>& wanted,
               Catalogue& catalogue) {
  const io::NetcdfFile file = io::NetcdfFile::open(path);
  io::refuse_raw_wrf(file);
  bool is_of_use = false;
  for (const std::string& name : file.variable_names()) {
    const io::NetcdfVariable variable = file.variable(name);
    const std::string standard_name = io::standard_name(variable);
    if (!io::is_field(file, variable, io::Horizontal::or_mesh)) {
      for (std::size_t i = 0; i < wanted.size(); ++i)
        if (match(wanted[i], name, standard_name) == Match::exact)
          catalogue.no_fields[i] = Candidate{path, name, standard_name};
      continue;
    }
    catalogue.fields.insert(standard_name.empty() ? name : fmt::format("{} ({})", name, standard_name));
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const Match how = match(wanted[i], name, standard_name);
      if (how == Match::none) continue;
      catalogue.candidates[i][how].push_back({path, name, standard_name});
      is_of_use = true;
    }
  }
  if (!is_of_use && file.has_groups())
    throw core::Error(path.string() + ": its variables are in groups, which are not read");
  catalogue.useless_files += is_of_use ? 0 : 1;
}

std::vector<std::filesystem::path> without_repeats(const std::vector<std::filesystem::path>& files) {
  std::vector<std::filesystem::path> distinct;
  std::set<std::filesystem::path> seen;
  for (const auto& file : files) {
    std::error_code error;
    const auto path = std::filesystem::canonical(file, error);
    // One that is not there is left for opening to complain of.
    if (error || seen.insert(path).second) distinct.push_back(file);
  }
  return distinct;
}

std::vector<Candidate> choose(const WantedVariable& wanted, const Catalogue& catalogue, std::size_t index) {
  const auto& matches = catalogue.candidates[index];
  if (const auto& found = catalogue.no_fields[index]; matches.empty() && found)
    io::read_layout(io::NetcdfFile::open(found->path), {found->name, "", ""},
                    io::Horizontal::or_mesh);  // which says what is wrong with its dimensions
  if (matches.empty())
    throw core::Error(fmt::format(
        "no file holds {}; the files hold {} on (time, y, x). Name it with data.variables (name=standard "
        "name), or leave it out with data.without",
        wanted.source_name.empty()
            ? fmt::format("{} ({})", wanted.variable.name,
                          wanted.variable.standard_name.empty()
                              ? "without a standard name in the prior: fit the prior with data.variables"
                              : "standard name " + wanted.variable.standard_name)
            : fmt::format("a variable {}, which data.variables names", wanted.source_name),
        catalogue.fields.empty() ? "nothing" : fmt::format("{}", fmt::join(catalogue.fields, ", "))));
  std::vector<Candidate> found = matches.begin()->second;
  std::map<std::string, std::filesystem::path> names;
  for (const Candidate& candidate : found) names.emplace(candidate.name, candidate.path);
  if (names.size() == 1) return found;
  if (!names.contains(wanted.variable.name)) {
    const auto& [one, in_one] = *names.begin();
    const auto& [other, in_other] = *std::next(names.begin());
    throw core::Error(
        fmt::format("{} may be {} in {} or {} in {}; choose one with data.variables, such as {}={}",
                    wanted.variable.standard_name, one, in_one.string(), other, in_other.string(), one,
                    wanted.variable.standard_name));
  }
  for (const auto& [name, path] : names)
    if (name != wanted.variable.name)
      spdlog::warn(
          "{}: {} is not used, since {}, which has the name of the prior's variable, is {} as well "
          "(data.variables)",
          path.string(), name, wanted.variable.name, wanted.variable.standard_name);
  std::erase_if(found, [&](const Candidate& candidate) { return candidate.name != wanted.variable.name; });
  return found;
}

/// What a variable that was found is: for winds, perhaps the component along other directions.
std::string standard_name_of(const WantedVariable& wanted, const Candidate& candidate) {
  if (!wanted.source_standard_name.empty()) return wanted.source_standard_name;
  return candidate.standard_name.empty() ? wanted.variable.standard_name : candidate.standard_name;
}

/// The same grid is kept once: a mesh has millions of cells, and a record hundreds of files.
std::shared_ptr<const SourceGrid> share(std::vector<std::shared_ptr<const SourceGrid>>& grids,
                                        SourceGrid grid) {
  const auto has_bounds = [](const SourceGrid& of) {
    return of.rectilinear && !(of.rectilinear->y.bounds.empty() && of.rectilinear->x.bounds.empty());
  };
  for (const auto& known : grids)
    if (has_bounds(*known) == has_bounds(grid) && !difference(*known, grid)) return known;
  return grids.emplace_back(std::make_shared<const SourceGrid>(std::move(grid)));
}

}  // namespace

std::vector<Record> find_records(const std::vector<std::filesystem::path>& files,
                                 const std::vector<WantedVariable>& wanted) {
  Catalogue catalogue;
  catalogue.candidates.resize(wanted.size());
  catalogue.no_fields.resize(wanted.size());
  for (const auto& path : without_repeats(files)) list_file(path, wanted, catalogue);
  std::vector<Record> records;
  std::vector<std::shared_ptr<const SourceGrid>> grids;
  std::map<std::pair<std::filesystem::path, std::string>, std::string> served;  // by file and name there
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::vector<SourceFile> sources;
    for (const Candidate& candidate : choose(wanted[i], catalogue, i)) {
      const auto [other, is_new] =
          served.emplace(std::pair(candidate.path, candidate.name), wanted[i].variable.name);
      if (!is_new)
        throw core::Error(
            fmt::format("{}: {} matches both {} and {}; name one in data.variables, or leave the other out "
                        "with data.without",
                        candidate.path.string(), candidate.name, other->second, wanted[i].variable.name));
      const io::NetcdfFile file = io::NetcdfFile::open(candidate.path);
      SourceFile source;
      source.path = candidate.path;
      source.layout = io::read_layout(
          file, {candidate.name, standard_name_of(wanted[i], candidate), wanted[i].variable.units},
          io::Horizontal::or_mesh);
      if (source.layout.header.text("units").value_or("").empty())
        throw core::Error(
            fmt::format("{}: {}: it has no units attribute, expected a unit that converts to {}",
                        candidate.path.string(), candidate.name, wanted[i].variable.units));
      source.grid = share(grids, read_source_grid(file, source.layout));
      source.times = io::read_times(file, source.layout);
      if (source.times.size() == 0) throw core::Error(candidate.path.string() + ": its time axis is empty");
      source.sampling =
          io::find_sampling(source.path, source.layout, source.times,
                            io::read_time_evidence(file, source.layout, source.times), wanted[i].sampling);
      source.level = read_level(file, source.layout);
      source.attributes = identity_attributes(file);
      sources.push_back(std::move(source));
    }
    records.emplace_back(wanted[i].variable, std::move(sources));
  }
  if (catalogue.useless_files > 0)
    spdlog::warn("{} of {} files hold none of the wanted variables", catalogue.useless_files, files.size());
  return records;
}

}  // namespace foehn::ingestion
