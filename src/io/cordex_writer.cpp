#include "foehn/io/cordex_writer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cordex_names.hpp"
#include "cordex_variables.hpp"
#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"

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

CordexWriter::CordexWriter(std::filesystem::path folder, FieldHeader header, CordexMetadata metadata,
                           std::int64_t instants)
    : folder_(std::move(folder)),
      header_(std::move(header)),
      metadata_(std::move(metadata)),
      files_(cordex_files(header_, metadata_, instants)) {
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
  // What a run states of each of its variables, such as foehn_observation_std, a file states of its own.
  for (auto& [name, value] : attributes)
    if (const auto* list = std::get_if<std::vector<double>>(&value);
        list != nullptr && list->size() == header_.variables.size())
      value = std::vector{(*list)[file.variable]};
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
    writers_.push_back(std::make_unique<ChunkWriter>(folder_ / file.name, header_of(file), file.count));
  }
}

void CordexWriter::append(std::span<const Chunk> chunks) {
  if (chunks.size() != variables())
    throw core::Error(
        fmt::format("{}: chunks of {} variables, expected {}", folder_.string(), chunks.size(), variables()));
  // A year is opened when its first chunk comes, and closed after its last.
  const auto end = [&] {
    const CordexFile& file = files_[writers_.size() - 1];
    return file.first + file.count;
  };
  if (written_ == end()) {
    if (writers_.size() == files_.size())
      throw core::Error(fmt::format("{}: more than the {} instants announced", folder_.string(), written_));
    open_year();
  }
  const std::size_t first_file = writers_.size() - variables();
  for (std::size_t variable = 0; variable < variables(); ++variable)
    writers_[first_file + variable]->append(chunks.subspan(variable, 1));
  written_ = std::min(written_ + header_.chunk_steps, end());
  if (written_ == end())
    for (std::size_t file = first_file; file < writers_.size(); ++file) writers_[file]->close();
}

void CordexWriter::commit() {
  const std::int64_t instants = files_.back().first + files_.back().count;
  if (written_ != instants)
    throw core::Error(fmt::format("{}: {} instants, expected {}", folder_.string(), written_, instants));
  for (const auto& writer : writers_) writer->commit();
}

}  // namespace foehn::io
