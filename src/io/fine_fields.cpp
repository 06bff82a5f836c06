#include "foehn/io/fine_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <optional>

#include "foehn/core/error.hpp"
#include "foehn/grid/grid.hpp"

namespace foehn::io {

void check_known(const std::string& option, const std::vector<std::string>& named,
                 const std::vector<std::string>& variables) {
  for (const std::string& variable : named)
    if (std::find(variables.begin(), variables.end(), variable) == variables.end())
      throw core::UsageError(
          fmt::format("{}: no variable {}; there are {}", option, variable, fmt::join(variables, ", ")));
}

Sampling read_sampling(const FieldReader& reader, const core::PerVariable<TimeSampling>& methods) {
  std::vector<std::string> names;
  for (const Variable& variable : reader.variables()) names.push_back(variable.name);
  check_known("data.cell_methods", methods.variables(), names);
  std::optional<Sampling> first;
  std::vector<std::string> assumed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Sampling sampling = reader.sampling(i, methods.of(names[i]));
    if (!sampling.doubt.empty())
      spdlog::warn("{}: {}: {}; treated as snapshots (data.cell_methods)", reader.first_file(i), names[i],
                   sampling.doubt);
    if (sampling.is_assumed) assumed.push_back(names[i]);
    if (!first) first = sampling;
    if (sampling.kind != first->kind || sampling.interval != first->interval)
      throw core::Error(fmt::format(
          "{}: {} holds {}, but {} holds {}: expected the same for all variables (data.variables, "
          "data.cell_methods)",
          reader.first_file(i), names[i], describe(sampling), names.front(), describe(*first)));
  }
  if (!assumed.empty())
    spdlog::warn(
        "{}: neither cell_methods nor time bounds say whether values are snapshots or means; treated as "
        "snapshots (data.cell_methods)",
        fmt::join(assumed, ", "));
  return *first;
}

void require_snapshots(const FieldReader& reader, const core::PerVariable<TimeSampling>& methods,
                       const std::string& purpose) {
  const Sampling sampling = read_sampling(reader, methods);
  if (sampling.kind == TimeSampling::snapshot) return;
  throw core::Error(
      fmt::format("{}: {}: it holds {} (cell_methods), but {} snapshots; set data.cell_methods to point to "
                  "treat the means as snapshots",
                  reader.first_file(0), reader.variables().front().name, describe(sampling), purpose));
}

FieldSelection field_selection(const std::vector<std::string>& variables, const std::string& crop) {
  FieldSelection selection;
  for (const std::string& text : variables) {
    const Variable variable = parse_variable(text);
    const auto is_same = [&](const Variable& other) { return other.name == variable.name; };
    if (std::any_of(selection.variables.begin(), selection.variables.end(), is_same))
      throw core::UsageError(
          fmt::format("data.variables: {} is named twice, expected each variable once", variable.name));
    selection.variables.push_back(variable);
  }
  selection.overrules_standard_names = true;
  if (!crop.empty()) selection.crop = grid::parse_crop(crop);
  return selection;
}

void say_filled(const FieldReader& reader) {
  if (reader.filled() > 0)
    spdlog::warn("{} missing values were filled by interpolation in time (data.longest_gap)",
                 reader.filled());
}

void say_unnamed(const std::vector<Variable>& variables) {
  for (const Variable& variable : variables)
    if (variable.standard_name.empty())
      spdlog::warn(
          "{} has no standard name, by which a climate model's variables are found; give it one with "
          "data.variables, such as {}=air_temperature",
          variable.name, variable.name);
  for (std::size_t i = 0; i < variables.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (!variables[i].standard_name.empty() && variables[i].standard_name == variables[j].standard_name)
        spdlog::warn(
            "{} and {} have the same standard name, {}; if one is wrong, correct it with data.variables",
            variables[j].name, variables[i].name, variables[i].standard_name);
}

}  // namespace foehn::io
