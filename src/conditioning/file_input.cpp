#include "foehn/conditioning/file_input.hpp"

#include <fmt/format.h>

#include <utility>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"

namespace foehn::conditioning {

FileInput::FileInput(std::vector<std::filesystem::path> files, const model::Domain& domain,
                     double missing_fraction)
    : files_(std::move(files)), missing_fraction_(missing_fraction) {
  open_series(files_, domain);  // refuses wrong files before any is hashed
  for (const std::filesystem::path& file : files_) digests_.push_back(core::sha256_of_file(file));
  // An open file stays what it was when another takes its name: it must be opened after it was hashed.
  readers_ = open_series(files_, domain);
  for (const SeriesReader& reader : readers_) series_.push_back(reader.series());
}

std::vector<Origin> FileInput::origins() const {
  std::vector<Origin> all;
  for (const std::filesystem::path& file : files_)
    all.push_back({file.string(), io::NetcdfFile::open(file).global_attributes()});
  return all;
}

CheckedObservations FileInput::read() {
  std::vector<CheckedSeries> checked = check_series(std::move(readers_), missing_fraction_);
  for (std::size_t i = 0; i < files_.size(); ++i)
    if (core::sha256_of_file(files_[i]) != digests_[i])
      throw core::Error(
          fmt::format("observations {}: the file changed while it was read", files_[i].string()));
  return {std::move(checked), core::sha256_of_digests(digests_)};
}

}  // namespace foehn::conditioning
