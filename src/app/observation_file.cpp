#include "observation_file.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "foehn/core/error.hpp"

namespace foehn::app {

namespace {

/// Cells a side of a block, from the two grids' sizes.
std::int64_t block_between(const grid::Grid& fine, const grid::Grid& coarse) {
  const std::int64_t block = fine.ny() / coarse.ny();
  if (block < 1 || coarse.ny() * block != fine.ny() || coarse.nx() * block != fine.nx())
    throw core::Error(
        fmt::format("grid: found {} x {} cells, expected block means of the prior's domain of {} x {} cells",
                    coarse.ny(), coarse.nx(), fine.ny(), fine.nx()));
  return block;
}

// How many times the record's whole range a value may lie beyond it: no change of climate goes that far, a
// wrong unit does.
constexpr double kMostRangesBeyond = 3;

/// @param instant  [variable, y, x], physical units
void check_plausible(const at::Tensor& instant, const model::Domain& domain, const std::string& time) {
  for (std::size_t i = 0; i < domain.variables.size(); ++i) {
    const double* quantiles = domain.quantiles.data_ptr<double>() + i * model::Domain::kQuantileLevels.size();
    const double low = quantiles[0], high = quantiles[model::Domain::kQuantileLevels.size() - 1];
    const double margin = kMostRangesBeyond * (high - low);
    const at::Tensor field = instant.select(0, static_cast<std::int64_t>(i));
    const double least = field.min().item<double>(), most = field.max().item<double>();
    if (least < low - margin || most > high + margin)
      throw core::Error(
          fmt::format("{}: {:.6g} {} at {} is far from all that the prior knows, {:.6g} to {:.6g}; is its "
                      "units attribute right?",
                      domain.variables[i].name, least < low - margin ? least : most,
                      domain.variables[i].units, time, low, high));
  }
}

template <class Make>
auto in_file(const std::filesystem::path& path, Make&& make) {
  return core::with_context(fmt::format("observations {}", path.string()), std::forward<Make>(make));
}

}  // namespace

ObservationFile::ObservationFile(const std::filesystem::path& path, const model::Domain& domain)
    : path_(path),
      reader_({path}, {domain.variables, std::nullopt}),
      step_seconds_(domain.step_seconds),
      coarse_(domain) {
  in_file(path_, [&] {
    block_ = block_between(domain.grid, reader_.grid());
    coarse_ = domain.block_mean(block_);
    if (const auto difference = grid::difference(coarse_.grid, reader_.grid()))
      throw core::Error(
          fmt::format("not the prior's domain averaged over {0} x {0} cells: {1}", block_, *difference));
    if (reader_.step_seconds() % step_seconds_ != 0)
      throw core::Error(fmt::format("time: the step is {}, expected a multiple of the prior's, {}",
                                    calendar::format_step(reader_.step_seconds()),
                                    calendar::format_step(step_seconds_)));
  });
}

std::vector<std::int64_t> ObservationFile::hours_in(const Period& period) const {
  std::vector<std::int64_t> hours;
  for (std::int64_t i = 0; i < reader_.times().size(); ++i) {
    const std::int64_t since = reader_.times().seconds[static_cast<std::size_t>(i)] - period.first_seconds;
    if (since < 0 || since % step_seconds_ != 0 || since / step_seconds_ >= period.hours) {
      const auto date = [&](std::int64_t seconds) {
        return calendar::format_date_time(calendar::from_seconds(seconds, period.calendar));
      };
      throw core::Error(fmt::format(
          "observations {}: {} is no hour of the trajectory, which has {} steps of {} from {} to {} "
          "(time.start, time.hours); the trajectory must hold all the file's observations",
          path_.string(), reader_.times().format(i), period.hours, calendar::format_step(step_seconds_),
          date(period.first_seconds), date(period.seconds(period.hours - 1))));
    }
    hours.push_back(since / step_seconds_);
  }
  return hours;
}

std::int64_t ObservationFile::period_hours() const {
  return reader_.step_seconds() == 0 ? 1 : reader_.step_seconds() / step_seconds_;
}

at::Tensor ObservationFile::read(std::int64_t first, std::int64_t count) const {
  const auto& grid = reader_.grid();
  at::Tensor values = at::empty(
      {count, static_cast<std::int64_t>(reader_.variables().size()), grid.ny(), grid.nx()}, at::kFloat);
  reader_.read(first, count, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
  for (std::int64_t i = 0; i < count; ++i) {
    at::Tensor instant = values.select(0, i);
    const std::int64_t seconds = reader_.times().seconds[static_cast<std::size_t>(first + i)];
    in_file(path_, [&] { check_plausible(instant, coarse_, reader_.times().format(first + i)); });
    instant.copy_(coarse_.normalise(instant, seconds, reader_.times().calendar));
  }
  return values;
}

}  // namespace foehn::app
