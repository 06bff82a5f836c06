#include "foehn/io/cordex_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cordex_names.hpp"
#include "cordex_variables.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/grid/rotation.hpp"
#include "foehn/grid/winds.hpp"

namespace foehn::io {
namespace {

constexpr float kMissing = 1e20F;

/// The area of the cells, which the archive keeps in a file of its own.
constexpr const char* kCellArea = "areacella";

/// Midnight of the day that time counts from: 1950-01-01, or 1850-01-01 for trajectories that begin earlier.
std::int64_t day_zero(const FieldHeader& header) {
  const std::int64_t usual = calendar::to_seconds({.year = 1950}, header.calendar);
  return header.first_seconds >= usual ? usual : calendar::to_seconds({.year = 1850}, header.calendar);
}

/// A UUID in the form of version 4 that depends on the text alone, so that the same file has the same one.
std::string uuid_of(const std::string& text) {
  std::string digits = core::sha256(text).substr(0, 32);
  digits[12] = '4';
  digits[16] = "89ab"[digits[16] % 4];
  for (const std::size_t place : {20, 16, 12, 8}) digits.insert(place, "-");
  return digits;
}

/// A file's name and the text attributes, among them digests of whatever decides its values.
std::string identity(const std::string& name, const Attributes& attributes) {
  std::string text = name + "\n";
  for (const auto& [key, value] : attributes)
    if (const auto* words = std::get_if<std::string>(&value)) text += key + "=" + *words + "\n";
  return text;
}

}  // namespace

std::optional<GridWinds> winds_along_grid(const FieldHeader& header) {
  if (!header.grid.rotated_pole) return std::nullopt;
  std::optional<std::size_t> found[2];  // of u and v
  for (std::size_t i = 0; i < header.variables.size(); ++i)
    if (const auto component = grid::wind_component(header.variables[i].standard_name))
      if (component->is_along_grid) found[component->is_first ? 0 : 1] = i;
  if (!found[0] && !found[1]) return std::nullopt;
  if (!found[0] || !found[1]) {
    const Variable& one = header.variables[found[0] ? *found[0] : *found[1]];
    throw core::Error(fmt::format(
        "variable {} ({}): the archive's winds are geographic; to turn it, the other component is needed",
        one.name, one.standard_name));
  }
  return GridWinds{*found[0], *found[1]};
}

CordexWriter::CordexWriter(std::filesystem::path folder, FieldHeader header, CordexMetadata metadata,
                           std::int64_t instants)
    : folder_(std::move(folder)),
      header_(std::move(header)),
      metadata_(std::move(metadata)),
      files_(cordex_files(header_, metadata_, instants)),
      winds_(winds_along_grid(header_)) {
  if (winds_) wind_angles_ = grid::grid_angles(header_.grid);
  open_year();
}

FieldHeader CordexWriter::header_of(const CordexFile& file) const {
  const CordexVariable& known = cordex_variable(header_.variables[file.variable]);
  FieldHeader header = header_;
  header.variables = {{known.name, known.standard_name, known.units}};
  header.first_seconds += file.first * header.step_seconds;
  header.day_zero = day_zero(header_);
  header.realization.reset();  // version_realization says it
  // A prior's cells are those of a model's grid: their values are the cells' means.
  header.cell_methods = "area: mean " + header_.cell_methods;
  header.variable_attributes = {{"long_name", std::string(known.long_name)},
                                {"missing_value", kMissing},
                                {"cell_measures", "area: " + std::string(kCellArea)}};
  if (known.height > 0) header.height = known.height;
  header.mapping = {"crs", metadata_.earth_radius, true};
  header.grid.y.name = header.grid.rotated_pole ? "rlat" : "lat";
  header.grid.x.name = header.grid.rotated_pole ? "rlon" : "lon";
  header.model = NetcdfModel::classic;

  Attributes& attributes = header.attributes;
  for (auto& [name, value] : attributes)
    if (const auto* number = std::get_if<std::int64_t>(&value)) value = std::to_string(*number);
  for (const auto& [name, value] : metadata_.attributes)
    if (!value.empty()) attributes[name] = value;
  attributes["external_variables"] = std::string(kCellArea);
  attributes["frequency"] = cordex_frequency(header_);
  attributes["variable_id"] = std::string(known.name);
  attributes["version_realization"] = version_realization(header_, metadata_);
  if (!attributes.contains("version_realization_info"))
    attributes["version_realization_info"] = std::string("realizations differ in their random numbers alone");
  if (!metadata_.tracking_prefix.empty())
    attributes["tracking_id"] = metadata_.tracking_prefix + "/" + uuid_of(identity(file.name, attributes));
  return header;
}

void CordexWriter::open_year() {
  for (std::size_t variable = 0; variable < variables(); ++variable) {
    const CordexFile& file = files_[writers_.size()];
    writers_.push_back(std::make_unique<FieldWriter>(folder_ / file.name, header_of(file)));
  }
}

void CordexWriter::turn_winds(std::span<float> values) const {
  const auto cells = static_cast<std::size_t>(header_.grid.cells());
  for (; !values.empty(); values = values.subspan(variables() * cells))
    grid::rotate_winds_to_geographic(wind_angles_, values.subspan(winds_->u * cells, cells),
                                     values.subspan(winds_->v * cells, cells));
}

void CordexWriter::append(std::span<const float> values) {
  const auto cells = static_cast<std::size_t>(header_.grid.cells());
  const std::size_t instant = variables() * cells;
  if (values.size() % instant != 0)
    throw core::Error(fmt::format("{}: {} values, expected a multiple of one instant's, {}", folder_.string(),
                                  values.size(), instant));
  const auto steps = static_cast<std::int64_t>(values.size() / instant);
  const std::int64_t instants = files_.back().first + files_.back().count;
  if (steps > instants - written_)
    throw core::Error(fmt::format("{}: more than the {} instants announced", folder_.string(), instants));

  std::vector<float> turned;
  if (winds_) {
    turned.assign(values.begin(), values.end());
    turn_winds(turned);
    values = turned;
  }
  std::vector<float> fields;
  while (!values.empty()) {
    // A year is opened when its first instant comes, and closed after its last.
    if (written_ == files_[writers_.size() - 1].first + files_[writers_.size() - 1].count) open_year();
    const std::size_t first_file = writers_.size() - variables();
    const std::int64_t end = files_[first_file].first + files_[first_file].count;
    const auto count = std::min(values.size() / instant, static_cast<std::size_t>(end - written_));
    fields.resize(count * cells);
    for (std::size_t variable = 0; variable < variables(); ++variable) {
      for (std::size_t i = 0; i < count; ++i)
        std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(i * instant + variable * cells), cells,
                    fields.begin() + static_cast<std::ptrdiff_t>(i * cells));
      writers_[first_file + variable]->append(fields);
    }
    written_ += static_cast<std::int64_t>(count);
    values = values.subspan(count * instant);
    if (written_ == end)
      for (std::size_t file = first_file; file < writers_.size(); ++file) writers_[file]->close();
  }
}

void CordexWriter::commit() {
  const std::int64_t instants = files_.back().first + files_.back().count;
  if (written_ != instants)
    throw core::Error(fmt::format("{}: {} instants, expected {}", folder_.string(), written_, instants));
  for (const auto& writer : writers_) writer->commit();
}

}  // namespace foehn::io
