#include "foehn/model/domain.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/core/text.hpp"
#include "foehn/io/grid_reader.hpp"
#include "foehn/io/grid_writer.hpp"
#include "foehn/io/horizontal_positions.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/io/write_netcdf.hpp"

namespace foehn::model {

namespace {

constexpr int kMostOscillations = 1000;  // of a harmonic in its cycle

std::span<const double> span_of(const at::Tensor& tensor) {
  return {tensor.data_ptr<double>(), static_cast<std::size_t>(tensor.numel())};
}

at::Tensor tensor_of(const std::vector<double>& values, at::IntArrayRef shape) {
  return at::tensor(values, at::kDouble).reshape(shape);
}

/// "a, b, c"; units hold spaces, so words are separated by commas.
std::string join(const std::vector<io::Variable>& variables, std::string io::Variable::*member) {
  std::string text;
  for (const io::Variable& variable : variables) text += (text.empty() ? "" : ", ") + variable.*member;
  return text;
}

template <class T>
const T& attribute(const io::Attributes& attributes, const std::string& name) {
  const auto found = attributes.find(name);
  if (found == attributes.end()) throw core::Error(fmt::format("no global attribute '{}'", name));
  const T* value = std::get_if<T>(&found->second);
  if (value == nullptr)
    throw core::Error(fmt::format("global attribute '{}' is of another type than expected", name));
  return *value;
}

/// The dimensions of a variable of fields in the file.
std::vector<std::string> dimensions_on(const grid::Grid& grid, std::vector<std::string> leading) {
  for (std::string& name : grid::dimension_names(grid)) leading.push_back(std::move(name));
  return leading;
}

/// Reads a variable whose dimensions must have the sizes given.
at::Tensor read_tensor(const io::NetcdfFile& file, const std::string& name,
                       const std::vector<std::int64_t>& shape) {
  const io::NetcdfVariable variable = file.variable(name);
  std::vector<std::int64_t> found;
  for (const io::NetcdfDimension& dimension : variable.dimensions) found.push_back(dimension.size);
  if (found != shape)
    throw core::Error(fmt::format("variable '{}': expected shape [{}], found [{}]", name,
                                  fmt::join(shape, ", "), fmt::join(found, ", ")));
  const at::Tensor tensor = tensor_of(file.read_doubles(variable), shape);
  if (!at::isfinite(tensor).all().item<bool>())
    throw core::Error(fmt::format("variable '{}' holds values that are not finite", name));
  return tensor;
}

/// Reads coefficients of harmonics, [harmonic, variable, y, x]; of cells without rows the file has [..,
/// cell].
at::Tensor read_coefficients(const io::NetcdfFile& file, const std::string& name,
                             std::vector<std::int64_t> leading, const grid::Grid& grid) {
  std::vector<std::int64_t> shape = leading;
  if (!grid.unstructured) shape.push_back(grid.ny());
  shape.push_back(grid.nx());
  leading.insert(leading.end(), {grid.ny(), grid.nx()});
  return read_tensor(file, name, shape).reshape(leading);
}

/// The grid of the file's axes, or of its cells, whether or not it has a field on them.
grid::Grid read_horizontal_grid(const io::NetcdfFile& file) {
  io::NetcdfVariable field;
  field.name = "grid";
  field.dimensions.resize(2);
  std::string cells;
  for (const std::string& name : file.variable_names()) {
    const io::NetcdfVariable variable = file.variable(name);
    const auto axis = variable.text("axis");
    if (variable.dimensions.size() == 1 && (axis == "Y" || axis == "X"))
      field.dimensions[axis == "Y" ? 0 : 1] = variable.dimensions[0];
    if (variable.text("grid_mapping_name")) field.attributes["grid_mapping"] = name;
    if (variable.dimensions.size() == 1 && !axis && io::is_latitude(variable))
      field.dimensions[1] = variable.dimensions[0], cells = variable.dimensions[0].name;
  }
  if (!cells.empty()) return io::read_grid(file, field);
  for (std::size_t i = 0; i < 2; ++i)
    if (field.dimensions[i].name.empty())
      throw core::Error(fmt::format("no coordinate variable with attribute axis = '{}'", i == 0 ? "Y" : "X"));
  return io::read_grid(file, field);
}

std::vector<io::Variable> read_variables(const io::Attributes& attributes) {
  const auto names = core::split(attribute<std::string>(attributes, "variable_names"), ", ");
  const auto standard_names =
      core::split(attribute<std::string>(attributes, "variable_standard_names"), ", ");
  const auto units = core::split(attribute<std::string>(attributes, "variable_units"), ", ");
  if (names.size() != standard_names.size() || names.size() != units.size())
    throw core::Error(fmt::format("found {} variable names, {} standard names and {} units", names.size(),
                                  standard_names.size(), units.size()));
  std::vector<io::Variable> variables;
  for (std::size_t i = 0; i < names.size(); ++i) variables.push_back({names[i], standard_names[i], units[i]});
  return variables;
}

void check_levels(const io::NetcdfFile& file) {
  constexpr auto& kLevels = Domain::kQuantileLevels;
  const at::Tensor found = read_tensor(file, "level", {static_cast<std::int64_t>(kLevels.size())});
  if (!std::equal(kLevels.begin(), kLevels.end(), found.data_ptr<double>()))
    throw core::Error(fmt::format("level: expected [{}], found [{}]", fmt::join(kLevels, ", "),
                                  fmt::join(span_of(found), ", ")));
}

// Mode `anomaly`: a climatology, harmonic by harmonic, a scale, and the deviation where there is one.

constexpr const char* kDeviation = "deviation_variance";
constexpr const char* kLeastPartName = "least_part_of_mean";

/// What the mode ends with where variables are transformed, so that programs that know no transforms refuse
/// it.
constexpr const char* kTransformed = "-of-transformed";
constexpr const char* kTransforms = "variable_transforms";

std::string transforms_text(const observation::Transforms& transforms) {
  std::string text;
  for (const observation::Transform& transform : transforms)
    text += (text.empty() ? "" : ", ") + transform.text();
  return text;
}

observation::Transforms read_transforms(const io::Attributes& attributes,
                                        const std::vector<io::Variable>& variables) {
  const std::vector<std::string> words = core::split(attribute<std::string>(attributes, kTransforms), ", ");
  if (words.size() != variables.size())
    throw core::Error(fmt::format("{}: expected one per variable, {}, found {}", kTransforms,
                                  variables.size(), words.size()));
  observation::Transforms transforms;
  for (std::size_t i = 0; i < words.size(); ++i)
    transforms.push_back(core::with_context(fmt::format("{} of {}", kTransforms, variables[i].name),
                                            [&] { return observation::Transform::parse(words[i]); }));
  return transforms;
}

void define_anomalies(io::NetcdfFile& file, const Climatology& climatology, const Deviation* deviation,
                      const grid::Grid& grid) {
  const auto f64 = io::NetcdfType::float64, i32 = io::NetcdfType::int32;
  file.define_dimension("harmonic", static_cast<std::int64_t>(climatology.harmonics().size()));
  file.define_variable("scale", f64, {"variable"},
                       {{"long_name", std::string("root-mean-square anomaly, in the variable's unit")}});
  file.define_variable("harmonic_cycle", i32, {"harmonic"},
                       {{"long_name", std::string("cycle that a harmonic belongs to")},
                        {"flag_meanings", std::string("constant day year")},
                        {"flag_values", std::vector<double>{0, 1, 2}}});
  file.define_variable("harmonic_order", i32, {"harmonic"},
                       {{"long_name", std::string("oscillations a cycle")}});
  file.define_variable("harmonic_is_sine", i32, {"harmonic"},
                       {{"long_name", std::string("1: sine, 0: cosine, of the time since the cycle began")}});
  io::Attributes attributes = io::grid_attributes(grid);
  attributes["long_name"] = std::string("climatology: coefficient of each harmonic, in the variable's unit");
  file.define_variable("climatology", f64, dimensions_on(grid, {"harmonic", "variable"}), attributes);
  if (deviation == nullptr) return;
  attributes["long_name"] = std::string(
      "variance of anomalies relative to the square of the scale: coefficient of each harmonic; the variance "
      "is "
      "never below a part of its mean");
  attributes["units"] = std::string("1");
  attributes[kLeastPartName] = deviation->least_part();
  file.define_variable(kDeviation, f64, dimensions_on(grid, {"harmonic", "variable"}), attributes);
}

void write_anomalies(io::NetcdfFile& file, const Climatology& climatology, const Deviation* deviation,
                     const at::Tensor& scale) {
  std::vector<double> cycle, order, sine;
  for (const Harmonic& harmonic : climatology.harmonics()) {
    cycle.push_back(static_cast<double>(harmonic.cycle));
    order.push_back(harmonic.order);
    sine.push_back(harmonic.is_sine ? 1 : 0);
  }
  file.write("scale", span_of(scale));
  file.write("harmonic_cycle", std::span<const double>(cycle));
  file.write("harmonic_order", std::span<const double>(order));
  file.write("harmonic_is_sine", std::span<const double>(sine));
  file.write("climatology", span_of(climatology.coefficients().contiguous()));
  if (deviation != nullptr)
    file.write(kDeviation, span_of(deviation->variance().coefficients().contiguous()));
}

/// Of the same harmonics as the climatology; none in priors of one scale per variable.
std::optional<Deviation> read_deviation(const io::NetcdfFile& file, const std::vector<Harmonic>& harmonics,
                                        std::int64_t variables, const grid::Grid& grid) {
  if (!file.has_variable(kDeviation)) return {};
  const io::Attributes attributes = file.variable(kDeviation).attributes;
  const auto found = attributes.find(kLeastPartName);
  const double* part = found == attributes.end() ? nullptr : std::get_if<double>(&found->second);
  if (part == nullptr || !(*part > 0 && *part <= 1))
    throw core::Error(fmt::format("variable '{}': attribute '{}': expected a number above 0, at most 1",
                                  kDeviation, kLeastPartName));
  const at::Tensor coefficients =
      read_coefficients(file, kDeviation, {static_cast<std::int64_t>(harmonics.size()), variables}, grid);
  if (harmonics[0].cycle != Harmonic::Cycle::constant || !coefficients.select(0, 0).gt(0).all().item<bool>())
    throw core::Error(fmt::format(
        "variable '{}': expected the mean as the first harmonic, and it positive everywhere", kDeviation));
  return Deviation(Climatology(harmonics, coefficients), *part);
}

Normalisation read_anomalies(const io::NetcdfFile& file, std::int64_t variables, const grid::Grid& grid,
                             observation::Transforms transforms) {
  const auto dimensions = file.variable("harmonic_cycle").dimensions;
  if (dimensions.size() != 1 || dimensions[0].size < 1)
    throw core::Error("variable 'harmonic_cycle': expected one dimension that is not empty");
  const std::int64_t count = dimensions[0].size;
  const at::Tensor cycle = read_tensor(file, "harmonic_cycle", {count});
  const at::Tensor order = read_tensor(file, "harmonic_order", {count});
  const at::Tensor sine = read_tensor(file, "harmonic_is_sine", {count});
  std::vector<Harmonic> harmonics;
  for (std::int64_t i = 0; i < count; ++i) {
    const auto code = cycle[i].item<double>();
    if (code != 0 && code != 1 && code != 2)
      throw core::Error(fmt::format("harmonic_cycle: expected 0, 1 or 2, found {}", code));
    const auto oscillations = order[i].item<double>();
    if (oscillations < 0 || oscillations > kMostOscillations || oscillations != std::floor(oscillations))
      throw core::Error(fmt::format("harmonic_order: expected a whole number up to {}, found {}",
                                    kMostOscillations, oscillations));
    harmonics.push_back({static_cast<Harmonic::Cycle>(static_cast<int>(code)), static_cast<int>(oscillations),
                         sine[i].item<double>() != 0});
  }
  const at::Tensor coefficients = read_coefficients(file, "climatology", {count, variables}, grid);
  std::optional<Deviation> deviation = read_deviation(file, harmonics, variables, grid);
  return Normalisation::anomaly(Climatology(std::move(harmonics), coefficients),
                                read_tensor(file, "scale", {variables}), std::move(deviation),
                                std::move(transforms));
}

}  // namespace

Domain Domain::of_observations() const {
  Domain observed = *this;
  observed.normalisation =
      normalisation.of_observations((quantiles.select(1, -1) - quantiles.select(1, 0)) / 10);
  return observed;
}

Domain Domain::block_mean(std::int64_t block) const {
  Domain coarse = of_observations();
  coarse.grid = grid::block_mean_grid(grid, block);
  coarse.normalisation = coarse.normalisation.block_mean(block);
  return coarse;
}

void write_domain(const std::filesystem::path& path, const Domain& domain) {
  const Climatology* climatology = domain.normalisation.climatology();
  const Deviation* deviation = domain.normalisation.deviation();
  io::write_netcdf_atomically(path, [&](io::NetcdfFile& file) {
    file.define_dimension("variable", static_cast<std::int64_t>(domain.variables.size()));
    file.define_dimension("level", static_cast<std::int64_t>(Domain::kQuantileLevels.size()));
    io::define_grid(file, domain.grid);
    file.define_variable(
        "level", io::NetcdfType::float64, {"level"},
        {{"long_name", std::string("probability of a quantile")}, {"units", std::string("1")}});
    file.define_variable(
        "quantile", io::NetcdfType::float64, {"variable", "level"},
        {{"long_name", std::string("quantile over all cells and instants, in the variable's unit")}});
    if (climatology != nullptr) define_anomalies(file, *climatology, deviation, domain.grid);
    const observation::Transforms& transforms = domain.normalisation.transforms();
    const bool is_transformed = observation::any(transforms);
    if (is_transformed) file.set_global_attributes({{kTransforms, transforms_text(transforms)}});
    file.set_global_attributes(
        {{"Conventions", std::string("CF-1.11")},
         {"title", std::string("domain of a foehn prior")},
         {"normalisation", domain.normalisation.mode() + (is_transformed ? kTransformed : "")},
         {"variable_names", join(domain.variables, &io::Variable::name)},
         {"variable_standard_names", join(domain.variables, &io::Variable::standard_name)},
         {"variable_units", join(domain.variables, &io::Variable::units)},
         {"calendar", calendar::calendar_name(domain.calendar)},
         {"step_seconds", domain.step_seconds}});
    io::write_grid(file, domain.grid);
    file.write("level", std::span<const double>(Domain::kQuantileLevels));
    file.write("quantile", span_of(domain.quantiles.contiguous()));
    if (climatology != nullptr) write_anomalies(file, *climatology, deviation, domain.normalisation.scale());
  });
}

namespace {

Domain domain_in(const io::NetcdfFile& file) {
  const io::Attributes attributes = file.global_attributes();
  std::vector<io::Variable> variables = read_variables(attributes);
  const auto count = static_cast<std::int64_t>(variables.size());
  grid::Grid grid = read_horizontal_grid(file);
  const at::Tensor quantiles =
      read_tensor(file, "quantile", {count, static_cast<std::int64_t>(Domain::kQuantileLevels.size())});
  check_levels(file);
  auto mode = attribute<std::string>(attributes, "normalisation");
  observation::Transforms transforms;
  if (mode.ends_with(kTransformed)) {
    mode.resize(mode.size() - std::string_view(kTransformed).size());
    transforms = read_transforms(attributes, variables);
  }
  Normalisation normalisation = mode == "anomaly"
                                    ? read_anomalies(file, count, grid, std::move(transforms))
                                    : Normalisation::of_quantiles(mode, quantiles, std::move(transforms));
  for (std::int64_t i = 0; i < count; ++i)
    if (const auto scale = normalisation.scale()[i].item<double>(); !(scale > 0))
      throw core::Error(fmt::format("normalisation '{}': variable '{}': expected a positive scale, found {}",
                                    mode, variables[static_cast<std::size_t>(i)].name, scale));
  const auto step = attribute<std::int64_t>(attributes, "step_seconds");
  if (step <= 0) throw core::Error(fmt::format("step_seconds: expected a positive number, found {}", step));
  return Domain{std::move(variables),
                std::move(grid),
                calendar::parse_calendar(attribute<std::string>(attributes, "calendar")),
                step,
                std::move(normalisation),
                quantiles};
}

std::string reading(const std::filesystem::path& path) {
  return fmt::format("reading the prior's domain {}", path.string());
}

}  // namespace

Domain read_domain(const std::filesystem::path& path) {
  return core::with_context(reading(path), [&] { return domain_in(io::NetcdfFile::open(path)); });
}

Domain read_domain(const std::filesystem::path& name, std::span<const std::byte> content) {
  return core::with_context(reading(name),
                            [&] { return domain_in(io::NetcdfFile::open_content(name, content)); });
}

}  // namespace foehn::model
