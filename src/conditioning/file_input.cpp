#include "foehn/conditioning/file_input.hpp"

#include <utility>

#include "foehn/core/digest.hpp"

namespace foehn::conditioning {

FileInput::FileInput(std::vector<std::filesystem::path> files, const model::Domain& domain,
                     double missing_fraction)
    : files_(std::move(files)), readers_(open_series(files_, domain)), missing_fraction_(missing_fraction) {}

std::vector<Series> FileInput::series() const {
  std::vector<Series> all;
  for (const SeriesReader& reader : readers_) all.push_back(reader.series());
  return all;
}

std::vector<Origin> FileInput::origins() const {
  std::vector<Origin> all;
  for (const std::filesystem::path& file : files_)
    all.push_back({file.string(), io::NetcdfFile::open(file).global_attributes()});
  return all;
}

CheckedObservations FileInput::read() {
  std::vector<CheckedSeries> checked = check_series(std::move(readers_), missing_fraction_);
  return {std::move(checked), core::sha256_of_files(files_)};
}

}  // namespace foehn::conditioning
