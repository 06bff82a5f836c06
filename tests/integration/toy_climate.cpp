#include "toy_climate.hpp"

#include <sstream>
#include <stdexcept>

#include "foehn/io/grid_writer.hpp"
#include "foehn/io/netcdf.hpp"

namespace foehn::testing {

ToyClimate::ToyClimate(const std::filesystem::path& folder, const Run& run)
    : truth(folder / "truth.nc"), prior(folder / "prior"), observations(folder / "observations.nc") {
  const auto make = [&](const std::string& subcommand, const Options& options) {
    const Outcome outcome = run(subcommand, options);
    if (outcome.exit_code == 0) return;
    std::ostringstream text;
    text << "making the toy climate: foehn " << subcommand << ": " << outcome;
    throw std::runtime_error(text.str());
  };
  make("synth", {{"grid.size", "16,24"}, {"time.hours", "240"}, {"seed", "1"}, {"output.path", truth}});
  make("fit", fit_options(prior));
  make("coarsen", coarsen_options(observations));
}

Options ToyClimate::sample_options(const std::filesystem::path& output) const {
  return {{"prior.path", prior},
          {"input.observations", observations},
          {"observation.std", "20,0.1,0.2,0.2"},
          {"sampler.steps", "8"},
          {"ensemble.members", "1"},
          {"ensemble.seed", "3"},
          {"output.directory", output}};
}

Options ToyClimate::unconditional_options(const std::filesystem::path& output, std::int64_t hours) const {
  Options options = sample_options(output);
  options.erase("input.observations");
  options.erase("observation.std");
  options["time.start"] = "2001-01-08";
  options["time.hours"] = std::to_string(hours);
  return options;
}

Options ToyClimate::fit_options(const std::filesystem::path& prior_path) const {
  return {{"data.files", truth}, {"prior.markov_order", "3"}, {"prior.path", prior_path}};
}

Options ToyClimate::train_options(const std::filesystem::path& prior_path) const {
  return {{"data.files", truth},         {"prior.markov_order", "3"},    {"prior.path", prior_path},
          {"network.hidden", "4,6"},     {"network.blocks", "1,1"},      {"network.attention", "1"},
          {"network.embedding", "8"},    {"train.windows", "24"},        {"train.batch", "4"},
          {"train.evaluate_every", "3"}, {"train.held_out_windows", "4"}};
}

Options ToyClimate::coarsen_options(const std::filesystem::path& output) const {
  return {{"input.file", truth},      {"time.start", "2001-01-08"}, {"time.hours", "25"},
          {"observation.block", "8"}, {"observation.every", "6"},   {"output.path", output}};
}

Options ToyClimate::prepare_options(const std::filesystem::path& output) const {
  return {{"input.files", truth},       {"prior.path", prior},      {"observation.block", "8"},
          {"time.start", "2001-01-08"}, {"time.end", "2001-01-08"}, {"output.path", output}};
}

ToyFields::ToyFields(const std::filesystem::path& path) {
  const io::FieldReader reader({path}, {});
  grid = reader.grid();
  variables = reader.variables();
  const auto& times = reader.times();
  const std::int64_t epoch = calendar::to_seconds(calendar::parse_date_time("2001-01-01"), times.calendar);
  for (const std::int64_t seconds : times.seconds)
    hours.push_back(static_cast<double>(seconds - epoch) / 3600);
  values.resize(hours.size() * variables.size() * static_cast<std::size_t>(grid.cells()));
  reader.read_with_gaps(0, times.size(), values);
}

std::span<float> ToyFields::field(std::size_t time, std::size_t variable) {
  const auto cells = static_cast<std::size_t>(grid.cells());
  return std::span(values).subspan((time * variables.size() + variable) * cells, cells);
}

void ToyFields::write(const std::filesystem::path& path) const {
  io::NetcdfFile file = io::NetcdfFile::create(path);
  file.define_dimension("time", static_cast<std::int64_t>(hours.size()));
  io::Attributes of_time{
      {"units", "hours since 2001-01-01"}, {"calendar", "standard"}, {"standard_name", "time"}};
  if (!bounds.empty()) {
    of_time["bounds"] = "time_bnds";
    file.define_dimension("bnds", 2);
    file.define_variable("time_bnds", io::NetcdfType::float64, {"time", "bnds"}, {});
  }
  file.define_variable("time", io::NetcdfType::float64, {"time"}, of_time);
  io::define_grid(file, grid);
  for (const io::Variable& variable : variables) {
    io::Attributes attributes{{"units", variable.units}, {"standard_name", variable.standard_name}};
    if (!cell_methods.empty()) attributes["cell_methods"] = cell_methods;
    file.define_variable(variable.name, io::NetcdfType::float32, {"time", grid.y.name, grid.x.name},
                         attributes);
  }
  if (!bounds.empty()) file.write("time_bnds", std::span<const double>(bounds));
  file.write("time", std::span<const double>(hours));
  io::write_grid(file, grid);
  const auto cells = static_cast<std::size_t>(grid.cells());
  for (std::size_t variable = 0; variable < variables.size(); ++variable) {
    std::vector<float> fields;  // [time, y, x]
    for (std::size_t time = 0; time < hours.size(); ++time) {
      const auto first =
          values.begin() + static_cast<std::ptrdiff_t>((time * variables.size() + variable) * cells);
      fields.insert(fields.end(), first, first + static_cast<std::ptrdiff_t>(cells));
    }
    file.write(variables[variable].name, std::span<const float>(fields));
  }
  file.close();
}

}  // namespace foehn::testing
