#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iostream>
#include <numeric>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "app/subcommands.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/reduced_gaussian.hpp"
#include "foehn/io/field_reader.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/safetensors.hpp"
#include "foehn/model/learnt_from.hpp"
#include "foehn/model/network_architecture.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/model/transformed_fields.hpp"

namespace foehn::app {

namespace {

namespace fs = std::filesystem;

void line(const std::string& label, const std::string& text) {
  std::cout << fmt::format("{:<20} {}\n", label, text);
}

/// "72,102,964"
std::string grouped(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (auto i = static_cast<std::int64_t>(digits.size()) - 3; i > 0; i -= 3)
    digits.insert(static_cast<std::size_t>(i), 1, ',');
  return digits;
}

std::string size_text(std::uintmax_t bytes) {
  return fmt::format("{:.3g} MB", static_cast<double>(bytes) / 1e6);
}

void describe_variables(const std::vector<io::Variable>& variables) {
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto& [name, standard_name, units] = variables[i];
    line(i == 0 ? "variables" : "",
         fmt::format("{}{} [{}]", name, standard_name.empty() ? "" : fmt::format(" ({})", standard_name),
                     units));
  }
}

/// "rlat -3.19 to 3.80 by 0.055 degrees"
std::string axis_text(const grid::Axis& axis) {
  const double first = axis.values.front(), last = axis.values.back();
  if (axis.size() == 1) return fmt::format("{} {:g} {}", axis.name, first, axis.units);
  return fmt::format("{} {:g} to {:g} by {:g} {}", axis.name, first, last,
                     (last - first) / static_cast<double>(axis.size() - 1), axis.units);
}

void describe_grid(const grid::Grid& grid) {
  if (grid.unstructured) {
    const auto rows = grid::find_rows(*grid.unstructured);
    line("grid", fmt::format("{} without rows and columns{}", grid::cells_text(grid),
                             rows ? fmt::format(", on {} circles of latitude from {:.2f} to {:.2f}",
                                                rows->rows(), rows->latitude.front(), rows->latitude.back())
                                  : ""));
    return;
  }
  line("grid", fmt::format("{} x {} cells (y, x): {}; {}", grid.ny(), grid.nx(), axis_text(grid.y),
                           axis_text(grid.x)));
  if (grid.rotated_pole)
    line("", fmt::format("rotated pole at {:g} N, {:g} E; longitude of the north pole {:g}",
                         grid.rotated_pole->pole_latitude, grid.rotated_pole->pole_longitude,
                         grid.rotated_pole->north_pole_grid_longitude));
  const grid::Geographic places = grid::geographic_coordinates(grid);
  const auto corner = [&](std::int64_t y, std::int64_t x) {
    const auto cell = static_cast<std::size_t>(y * grid.nx() + x);
    return fmt::format("{:.2f} N {:.2f} E", places.latitude[cell], places.longitude[cell]);
  };
  const auto y = grid.ny() - 1, x = grid.nx() - 1;
  line("corners", fmt::format("first row {} to {}; last row {} to {}", corner(0, 0), corner(0, x),
                              corner(y, 0), corner(y, x)));
}

/// Parameters and their types, from the header alone.
void describe_weights(const io::SafetensorsFile& file) {
  std::int64_t parameters = 0;
  std::set<std::string> types;
  for (const auto& [name, tensor] : file.tensors()) {
    parameters +=
        std::accumulate(tensor.shape.begin(), tensor.shape.end(), std::int64_t{1}, std::multiplies<>());
    types.insert(io::tensor_type_name(tensor.type));
  }
  line("parameters", fmt::format("{} ({}) in {} tensors", grouped(parameters), fmt::join(types, ", "),
                                 file.tensors().size()));
}

std::string described(const model::ScoreUnetArchitecture& network) {
  const std::string attention =
      network.attention.empty() ? "no attention"
                                : fmt::format("attention at levels {}", fmt::join(network.attention, ", "));
  return fmt::format("U-Net{}, hidden {}; blocks {}; {}; embedding {}",
                     network.form == model::NetworkForm::adm ? " of the form adm" : "",
                     fmt::join(network.hidden, ", "), fmt::join(network.blocks, ", "), attention,
                     network.embedding) +
         (network.tile.is_whole() ? ""
                                  : fmt::format("; tiles of {} x {} cells, {} in common", network.tile.ny,
                                                network.tile.nx, network.tile.overlap));
}

std::string described(const model::GraphTransformerArchitecture& network) {
  return fmt::format("graph transformer, icosahedron refined {} times; width {}; {} heads; {} blocks",
                     network.mesh_level, network.width, network.heads, network.layers);
}

void describe_network(const model::NetworkArchitecture& network, const grid::Grid& grid) {
  const model::WindowChannels channels = model::channels_of(network);
  line("architecture", std::visit([](const auto& of) { return described(of); }, network) +
                           (channels.dates ? "; knows the time of year and day" : ""));
  if (!channels.static_fields.empty())
    line("static fields", fmt::format("{}", fmt::join(channels.static_fields, ", ")));
  line("work",
       fmt::format("{:.4g} GFLOP per window", static_cast<double>(model::window_flops(network, grid)) / 1e9));
}

/// What coarse fields are.
std::string means_text(const model::CoarseForm& form) {
  if (!form.is_of_cells())
    return fmt::format("means over blocks of {} cells per side", fmt::join(form.blocks, ", "));
  return fmt::format("means over {} cells of a reduced Gaussian grid of {} rows",
                     std::accumulate(form.row_sizes.begin(), form.row_sizes.end(), std::int64_t{0}),
                     form.row_sizes.size());
}

void describe_prior_bundle(const fs::path& folder) {
  const model::PriorDescription prior = model::describe_prior(folder);
  const model::Domain& domain = prior.domain;
  const fs::path weights = folder / "weights.safetensors";
  line("prior", folder.string());
  line("kind", prior.kind);
  describe_variables(domain.variables);
  line("window", fmt::format("{} steps (of {}; Markov order {})", 2 * prior.markov_order + 1,
                             calendar::format_step(domain.step_seconds), prior.markov_order));
  if (prior.gaussian_order && *prior.gaussian_order != prior.markov_order)
    line("", fmt::format("{} steps of its Gaussian part (Markov order {})", 2 * *prior.gaussian_order + 1,
                         *prior.gaussian_order));
  describe_grid(domain.grid);
  line("calendar", calendar::calendar_name(domain.calendar));
  const model::Deviation* deviation = domain.normalisation.deviation();
  line("normalisation",
       domain.normalisation.mode() + (deviation == nullptr       ? ""
                                      : deviation->is_constant() ? ", deviation by cell"
                                                                 : ", deviation by cell and instant"));
  if (observation::any(domain.normalisation.transforms()))
    line("transforms", model::text_of(domain.normalisation.transforms(), domain.variables));
  line("schedule", diffusion::describe(prior.schedule));
  if (prior.coarse)
    line("given coarse fields",
         fmt::format("{}, every {} steps", means_text(*prior.coarse), fmt::join(prior.coarse->every, ", ")));
  if (prior.network) describe_network(*prior.network, domain.grid);
  const io::SafetensorsFile file(weights);
  if (const auto period = model::learnt_from(file.metadata(), domain.calendar))
    line("learnt from", model::describe(*period, domain.calendar));
  describe_weights(file);
  line("size on disk", size_text(fs::file_size(weights) + fs::file_size(folder / "domain.nc")));
  line("digest", fmt::format("sha256 {}", prior.digest));
}

std::string attribute_text(const io::AttributeValue& value) {
  struct Text {
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const std::vector<double>& numbers) const {
      return fmt::format("{}", fmt::join(numbers, ", "));
    }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(float number) const { return fmt::format("{}", number); }
    std::string operator()(std::int64_t number) const { return fmt::format("{}", number); }
  };
  return std::visit(Text{}, value);
}

/// A trajectory, observations or other fields: what their header and attributes say.
void describe_fields(const fs::path& path) {
  const io::FieldReader fields({path}, {});
  const io::NetcdfFile file = io::NetcdfFile::open(path);
  const io::Attributes attributes = file.global_attributes();
  const bool is_member = attributes.contains("foehn_prior_digest");
  line(is_member ? "trajectory" : "fields", path.string());
  for (const auto* name : {"title", "source", "history"})
    if (const auto found = attributes.find(name); found != attributes.end())
      line(name, attribute_text(found->second));
  describe_variables(fields.variables());
  describe_grid(fields.grid());
  const calendar::TimeAxis& times = fields.times();
  line("period",
       fmt::format("{} to {}, {} instants by {} ({})", times.format(0), times.format(times.size() - 1),
                   times.size(), calendar::format_step(fields.step_seconds()),
                   calendar::calendar_name(times.calendar)));
  if (file.has_variable("realization"))
    line("member", fmt::format("{}", file.read_doubles(file.variable("realization")).at(0)));
  constexpr std::string_view kOurs = "foehn_";
  for (const auto& [name, value] : attributes) {
    if (!name.starts_with(kOurs)) continue;
    std::string label = name.substr(kOurs.size());
    std::replace(label.begin(), label.end(), '_', ' ');
    line(label, attribute_text(value));
  }
  line("size on disk", size_text(fs::file_size(path)));
}

struct InfoOptions {
  std::string path;
};

void declare(config::OptionTable& table, InfoOptions& options) {
  table.add(
      "prior.path", &options.path,
      {.doc =
           "Describe this prior bundle (a folder), or this NetCDF file of fields, such as a sampled member.",
       .required = true,
       .positional = true});
}

int run(const Call&, const InfoOptions& options) {
  const fs::path path = options.path;
  if (!fs::exists(path))
    throw core::Error(fmt::format("prior.path: {}: no such file or folder", options.path));
  if (fs::is_directory(path))
    describe_prior_bundle(path);
  else
    describe_fields(path);
  return 0;
}

}  // namespace

Subcommand info() {
  return {.name = "info",
          .summary = "Say what a prior or a trajectory is.",
          .example = "foehn info prior",
          .declare = serial(&declare, &run)};
}

}  // namespace foehn::app
