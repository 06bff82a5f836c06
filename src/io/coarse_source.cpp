#include "foehn/io/coarse_source.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "field_source.hpp"
#include "foehn/core/error.hpp"

namespace foehn::io {
namespace {

using Path = std::filesystem::path;

/// Variables, as indices of those wanted, and whether they are means.
using Group = std::pair<std::vector<std::int64_t>, bool>;

struct GroupFiles {
  std::vector<Path> files;
  std::vector<TimeSpan> spans;  ///< of means
};

std::vector<std::int64_t> held_by(const NetcdfFile& file, const std::vector<Variable>& wanted) {
  std::vector<std::int64_t> held;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (file.has_variable(wanted[i].name)) held.push_back(static_cast<std::int64_t>(i));
  if (held.empty()) file.variable(wanted.front().name);  // throws, naming what there is
  return held;
}

/// Puts a file into the groups of its snapshots and of its means.
void add_file(const Path& path, const std::vector<Variable>& wanted, Grids grids,
              std::map<Group, GroupFiles>& groups) {
  const NetcdfFile file = NetcdfFile::open(path);
  const std::vector<std::int64_t> held = held_by(file, wanted);
  std::vector<Variable> variables;
  for (const std::int64_t i : held) variables.push_back(wanted[static_cast<std::size_t>(i)]);
  const FieldSource source = read_field_source(file, variables, grids);
  Group snapshots{{}, false}, means{{}, true};
  std::vector<TimeSpan> spans;  // of means: the bounds of the times that all variables share
  for (std::size_t i = 0; i < held.size(); ++i) {
    TimeCells cells = find_time_cells(path, source.layouts[i], source.times, source.time_evidence[i]);
    if (!cells.doubt.empty())
      spdlog::warn("{}: {}: {}; treated as snapshots", path.string(), variables[i].name, cells.doubt);
    const bool is_mean = cells.sampling == TimeSampling::mean;
    (is_mean ? means : snapshots).first.push_back(held[i]);
    if (is_mean) spans = std::move(cells.spans);
  }
  if (!snapshots.first.empty()) groups[snapshots].files.push_back(path);
  if (means.first.empty()) return;
  GroupFiles& group = groups[means];
  group.files.push_back(path);
  group.spans.insert(group.spans.end(), spans.begin(), spans.end());
}

void check_none_twice(const std::map<Group, GroupFiles>& groups, const std::vector<Variable>& wanted) {
  std::map<std::int64_t, Path> seen;
  for (const auto& [group, content] : groups) {
    for (const std::int64_t variable : group.first) {
      const auto [place, is_new] = seen.emplace(variable, content.files.front());
      if (!is_new)
        throw core::Error(
            fmt::format("{} is both in {} and in {}, which differ in their variables or in cell_methods",
                        wanted[static_cast<std::size_t>(variable)].name, place->second.string(),
                        content.files.front().string()));
    }
  }
}

/// A variable that is nowhere, beside one that nobody knows, is more likely misnamed than not observed.
void check_names(const std::vector<Path>& files, const std::map<Group, GroupFiles>& groups,
                 const std::vector<Variable>& wanted, Grids grids) {
  std::set<std::string> known, missing;
  for (const Variable& variable : wanted) known.insert(variable.name), missing.insert(variable.name);
  for (const auto& [group, content] : groups)
    for (const std::int64_t i : group.first) missing.erase(wanted[static_cast<std::size_t>(i)].name);
  if (missing.empty()) return;
  for (const Path& path : files) {
    std::vector<std::string> unknown;
    for (const Variable& variable : field_variables(NetcdfFile::open(path), grids))
      if (!known.contains(variable.name)) unknown.push_back(variable.name);
    if (!unknown.empty())
      throw core::Error(fmt::format(
          "{}: no variable {}, but {}; give it the name that is expected, or leave it out of the file",
          path.string(), fmt::join(missing, ", "), fmt::join(unknown, ", ")));
  }
}

CoarseSource open_group(const Group& group, GroupFiles content, const std::vector<Variable>& wanted,
                        Grids grids) {
  FieldSelection selection;
  selection.grids = grids;
  for (const std::int64_t i : group.first) selection.variables.push_back(wanted[static_cast<std::size_t>(i)]);
  CoarseSource source{content.files, group.first, group.second, FieldReader(content.files, selection), {}};
  const calendar::TimeAxis& times = source.reader.times();
  if (!group.second) {
    for (const std::int64_t seconds : times.seconds) source.spans.push_back({seconds, seconds});
    return source;
  }
  source.spans = std::move(content.spans);
  std::sort(source.spans.begin(), source.spans.end(),
            [](const TimeSpan& a, const TimeSpan& b) { return a.begin < b.begin; });
  for (std::size_t i = 1; i < source.spans.size(); ++i)
    if (source.spans[i].begin < source.spans[i - 1].end)
      throw core::Error(fmt::format(
          "{}: time bounds: the mean of {} overlaps with that of {}", content.files.front().string(),
          times.format(static_cast<std::int64_t>(i)), times.format(static_cast<std::int64_t>(i) - 1)));
  return source;
}

}  // namespace

std::vector<CoarseSource> open_coarse_sources(const std::vector<Path>& files,
                                              const std::vector<Variable>& wanted, Grids grids) {
  if (files.empty()) throw core::Error("no file of observations was named");
  std::map<Group, GroupFiles> groups;
  for (const Path& path : files) add_file(path, wanted, grids, groups);
  check_none_twice(groups, wanted);
  check_names(files, groups, wanted, grids);
  std::vector<CoarseSource> sources;
  for (auto& [group, content] : groups)
    sources.push_back(open_group(group, std::move(content), wanted, grids));
  return sources;
}

}  // namespace foehn::io
