#include "foehn/conditioning/checked_series.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <functional>
#include <numeric>
#include <string_view>
#include <utility>

#include "foehn/core/digest.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/heartbeat.hpp"
#include "source_checks.hpp"

namespace foehn::conditioning {

namespace {

/// Counts the missing values of a series, observation by observation.
class MissingValues {
 public:
  explicit MissingValues(const SeriesReader& reader)
      : reader_(reader), of_(reader.series().variables.size()) {}

  void add(std::int64_t observation, const at::Tensor& values) {
    const at::Tensor is_missing = values.isnan().flatten(1);
    if (!is_missing.any().item<bool>()) return;
    for (std::size_t i = 0; i < of_.size(); ++i) {
      const auto variable = static_cast<std::int64_t>(i);
      const at::Tensor places = is_missing[variable].nonzero();
      if (places.numel() == 0) continue;
      if (of_[i].count == 0)
        of_[i] = {0, observation, variable * is_missing.size(1) + places[0].item<std::int64_t>()};
      of_[i].count += places.numel();
    }
  }

  void check(double missing_fraction) const {
    const std::int64_t all = reader_.size() * reader_.shape()[1] * reader_.shape()[2];
    for (std::size_t i = 0; i < of_.size(); ++i) {
      const auto& [count, observation, value] = of_[i];
      if (count == 0) continue;
      check_missing(count, all, reader_.variable_name(i), reader_.describe_missing(observation, value),
                    missing_fraction);
    }
  }

 private:
  struct Missing {
    std::int64_t count = 0, observation = 0, value = 0;  // the latter two of the first one
  };
  const SeriesReader& reader_;
  std::vector<Missing> of_;  // [variable]
};

std::string tensor_digest(const at::Tensor& values) {
  return core::sha256({static_cast<const char*>(values.data_ptr()), values.nbytes()});
}

std::int64_t bytes_of(const SeriesReader& reader) {
  const std::vector<std::int64_t> shape = reader.shape();
  return std::accumulate(shape.begin(), shape.end(), reader.size() * std::int64_t{sizeof(float)},
                         std::multiplies<>());
}

}  // namespace

CheckedSeries::CheckedSeries(SeriesReader reader, double missing_fraction, bool is_kept)
    : reader_(std::move(reader)) {
  if (is_kept) {
    std::vector<std::int64_t> sizes = reader_.shape();
    sizes.insert(sizes.begin(), size());
    kept_ = at::empty(sizes, at::kFloat);
  }
  MissingValues missing(reader_);
  for (std::int64_t i = 0; i < size(); ++i) {
    core::beat();
    const at::Tensor values = reader_.read(i, 1);
    missing.add(i, values[0]);
    if (is_kept)
      kept_.select(0, i).copy_(values[0]);
    else
      digests_.push_back(tensor_digest(values));
  }
  missing.check(missing_fraction);
}

at::Tensor CheckedSeries::read(std::int64_t first, std::int64_t count) const {
  if (kept_.defined()) return kept_.narrow(0, first, count);
  at::Tensor values = reader_.read(first, count);
  for (std::int64_t i = 0; i < count; ++i)
    if (tensor_digest(values.narrow(0, i, 1)) != digests_[static_cast<std::size_t>(first + i)])
      throw core::Error(fmt::format("observations {}: the values of {} have changed since they were checked",
                                    series().name, reader_.times().format(first + i)));
  return values;
}

std::vector<CheckedSeries> check_series(std::vector<SeriesReader> readers, double missing_fraction,
                                        std::int64_t most_kept_bytes) {
  std::int64_t bytes = 0;
  for (const SeriesReader& reader : readers) bytes += bytes_of(reader);
  std::vector<CheckedSeries> checked;
  for (SeriesReader& reader : readers)
    checked.emplace_back(std::move(reader), missing_fraction, bytes <= most_kept_bytes);
  return checked;
}

}  // namespace foehn::conditioning
