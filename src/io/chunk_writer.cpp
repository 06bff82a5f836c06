#include "foehn/io/chunk_writer.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "atomic_file.hpp"
#include "chunk_file.hpp"
#include "field_definition.hpp"
#include "foehn/core/error.hpp"

namespace foehn::io {

ChunkWriter::ChunkWriter(std::filesystem::path path, const FieldHeader& header, std::int64_t instants)
    : path_(std::move(path)),
      temporary_path_(temporary_path_of(path_)),
      variables_(header.variables.size()),
      chunk_steps_(header.chunk_steps),
      instants_(instants) {
  check_header(path_, header);
  std::vector<std::string> names;
  for (const Variable& variable : header.variables) names.push_back(variable.name);
  try {
    NetcdfFile file = NetcdfFile::create(temporary_path_, header.model, path_);
    define_fields(file, header);
    TimeCoordinate(header).write(file, 0, instants);
    file.close();
    file_ = std::make_unique<ChunkFile>(temporary_path_, path_, names, instants);
  } catch (...) {
    ::unlink(temporary_path_.c_str());
    throw;
  }
}

ChunkWriter::~ChunkWriter() {
  if (is_published_) return;
  file_.reset();
  ::unlink(temporary_path_.c_str());
}

void ChunkWriter::append(std::span<const Chunk> chunks) {
  if (chunks.size() != variables_)
    throw core::Error(
        fmt::format("{}: chunks of {} variables, expected {}", path_.string(), chunks.size(), variables_));
  if (written_ >= instants_)
    throw core::Error(fmt::format("{}: more than the {} instants announced", path_.string(), instants_));
  for (std::size_t variable = 0; variable < variables_; ++variable)
    file_->write(variable, written_, chunks[variable]);
  written_ = std::min(written_ + chunk_steps_, instants_);
}

void ChunkWriter::close() {
  if (!file_) return;
  if (written_ != instants_)
    throw core::Error(fmt::format("{}: {} instants, expected {}", path_.string(), written_, instants_));
  file_->close();
  sync_file(temporary_path_, path_);
  file_.reset();
}

void ChunkWriter::commit() {
  close();
  rename_file(temporary_path_, path_);
  is_published_ = true;
}

}  // namespace foehn::io
