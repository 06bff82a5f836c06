#include "fine_fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <optional>
#include <vector>

#include "foehn/core/error.hpp"
#include "option_names.hpp"
#include "prepare_options.hpp"

namespace foehn::app {

void add_cell_methods_option(config::OptionTable& table, config::PerVariable<io::TimeSampling>& methods) {
  table.add(
      "data.cell_methods", methods.form(),
      {.doc = "Treat fields as snapshots (point) or time means (mean), whatever cell_methods in the files "
              "say: one word for all variables, or variable=word pairs (t2m=point).",
       .changes_result = false});
}

io::Sampling read_sampling(const io::FieldReader& reader,
                           const config::PerVariable<io::TimeSampling>& methods) {
  std::vector<std::string> names;
  for (const io::Variable& variable : reader.variables()) names.push_back(variable.name);
  check_known("data.cell_methods", methods.variables(), names);
  std::optional<io::Sampling> first;
  std::vector<std::string> assumed;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const io::Sampling sampling = reader.sampling(i, methods.of(names[i]));
    if (!sampling.doubt.empty())
      spdlog::warn("{}: {}: {}; values are taken for snapshots (data.cell_methods)", reader.first_file(i),
                   names[i], sampling.doubt);
    if (sampling.is_assumed) assumed.push_back(names[i]);
    if (!first) first = sampling;
    if (sampling.kind != first->kind || sampling.interval != first->interval)
      throw core::Error(fmt::format(
          "{}: {} holds {}, but {} holds {}: expected the same for all variables (data.variables, "
          "data.cell_methods)",
          reader.first_file(i), names[i], io::describe(sampling), names.front(), io::describe(*first)));
  }
  if (!assumed.empty())
    spdlog::warn(
        "{}: neither cell_methods nor time bounds say whether values are snapshots or means; they are taken "
        "for snapshots (data.cell_methods)",
        fmt::join(assumed, ", "));
  return *first;
}

void require_snapshots(const io::FieldReader& reader, const config::PerVariable<io::TimeSampling>& methods,
                       const std::string& purpose) {
  const io::Sampling sampling = read_sampling(reader, methods);
  if (sampling.kind == io::TimeSampling::snapshot) return;
  throw core::Error(fmt::format(
      "{}: {}: it holds {} (cell_methods), but {} snapshots; set data.cell_methods to point to take "
      "the means for snapshots",
      reader.first_file(0), reader.variables().front().name, io::describe(sampling), purpose));
}

}  // namespace foehn::app
