#include "foehn/io/field_writer.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "atomic_file.hpp"
#include "field_definition.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/chunks.hpp"

namespace foehn::io {

FieldWriter::FieldWriter(std::filesystem::path path, const FieldHeader& header)
    : path_(std::move(path)),
      temporary_path_(temporary_path_of(path_)),
      cells_(header.grid.cells()),
      field_shape_(header.grid.unstructured ? std::vector<std::int64_t>{header.grid.nx()}
                                            : std::vector<std::int64_t>{header.grid.ny(), header.grid.nx()}),
      time_(std::make_unique<const TimeCoordinate>(header)) {
  check_header(path_, header);
  for (const auto& variable : header.variables) variable_names_.push_back(variable.name);
  try {
    file_.emplace(NetcdfFile::create(temporary_path_, header.model, path_));
    define_fields(*file_, header);
  } catch (...) {
    file_.reset();
    ::unlink(temporary_path_.c_str());
    throw;
  }
}

FieldWriter::~FieldWriter() {
  if (is_published_) return;
  file_.reset();
  ::unlink(temporary_path_.c_str());
}

void FieldWriter::append(std::span<const float> values) {
  const std::int64_t variables = static_cast<std::int64_t>(variable_names_.size());
  const std::int64_t instant = variables * cells_;
  const std::int64_t steps = static_cast<std::int64_t>(values.size()) / instant;
  if (steps * instant != static_cast<std::int64_t>(values.size())) {
    throw core::Error(path_.string() + ": " + std::to_string(values.size()) +
                      " values, expected a multiple of one instant's, " + std::to_string(instant));
  }
  std::vector<std::int64_t> start(1 + field_shape_.size(), 0), count{steps};
  start[0] = written_;
  count.insert(count.end(), field_shape_.begin(), field_shape_.end());
  time_->write(*file_, written_, steps);
  std::vector<float> fields(static_cast<std::size_t>(steps * cells_));
  for (std::int64_t v = 0; v < variables; ++v) {
    for (std::int64_t i = 0; i < steps; ++i) {
      const auto from = values.begin() + (i * variables + v) * cells_;
      std::replace_copy_if(
          from, from + cells_, fields.begin() + i * cells_, [](float value) { return std::isnan(value); },
          kFillValue);
    }
    file_->write(variable_names_[static_cast<std::size_t>(v)], std::span<const float>(fields), start, count);
  }
  written_ += steps;
}

void FieldWriter::close() {
  if (!file_) return;
  file_->close();
  sync_file(temporary_path_, path_);
  file_.reset();
}

void FieldWriter::commit() {
  close();
  rename_file(temporary_path_, path_);
  is_published_ = true;
}

}  // namespace foehn::io
