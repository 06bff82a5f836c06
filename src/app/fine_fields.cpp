#include "fine_fields.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <optional>

#include "foehn/core/error.hpp"
#include "prepare_options.hpp"

namespace foehn::app {

void add_cell_methods_option(config::OptionTable& table, std::vector<std::string>& methods) {
  table.add(
      "data.cell_methods", &methods,
      {.doc = "Whether fields are snapshots (point) or time means (mean), in place of what cell_methods in "
              "the files say: one word for all, or variable=word pairs (t2m=point).",
       .changes_result = false});
}

io::Sampling read_sampling(const io::FieldReader& reader, const std::vector<std::string>& methods) {
  const std::vector<io::Variable>& variables = reader.variables();
  std::vector<std::string> names;
  for (const io::Variable& variable : variables) names.push_back(variable.name);
  check_settings("data.cell_methods", methods, names, {"point", "mean"});
  std::optional<io::Sampling> first;
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const std::string told = setting_of(methods, names[i], "");
    const io::Sampling sampling = reader.sampling(
        i, told.empty()
               ? std::nullopt
               : std::optional(told == "mean" ? io::TimeSampling::mean : io::TimeSampling::snapshot));
    if (!sampling.doubt.empty())
      spdlog::warn("{}: {}; taken for snapshots (data.cell_methods)", names[i], sampling.doubt);
    if (!first) first = sampling;
    if (sampling.kind != first->kind || sampling.interval != first->interval)
      throw core::Error(fmt::format(
          "{}: {} holds {}, but {} {}: expected the same of all variables (data.variables, "
          "data.cell_methods)",
          reader.first_file(i), names[i], io::describe(sampling), names.front(), io::describe(*first)));
  }
  return *first;
}

void require_snapshots(const io::FieldReader& reader, const std::vector<std::string>& methods,
                       const std::string& purpose) {
  const io::Sampling sampling = read_sampling(reader, methods);
  if (sampling.kind == io::TimeSampling::snapshot) return;
  throw core::Error(
      fmt::format("{}: {}: it holds {} (cell_methods), but {} snapshots; data.cell_methods = point takes the "
                  "means for them",
                  reader.first_file(0), reader.variables().front().name, io::describe(sampling), purpose));
}

}  // namespace foehn::app
