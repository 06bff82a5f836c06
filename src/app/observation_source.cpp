#include "observation_source.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <utility>

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

template <class Make>
auto in_file(const std::string& name, Make&& make) {
  return core::with_context(fmt::format("observations {}", name), std::forward<Make>(make));
}

}  // namespace

ObservationSource::ObservationSource(io::CoarseSource source, const model::Domain& domain)
    : source_(std::move(source)), coarse_(domain) {
  const io::FieldReader& reader = source_.reader;
  times_ = {.name = source_.files.front().string(),
            .variables = source_.variables,
            .calendar = reader.times().calendar,
            .is_mean = source_.is_mean,
            .hour_seconds = domain.step_seconds,
            .step_seconds = reader.step_seconds(),
            .spans = source_.spans};
  const std::vector<PlausibleRange> ranges = plausible_ranges(domain);
  for (const std::int64_t variable : variables())
    plausible_.push_back(ranges[static_cast<std::size_t>(variable)]);
  in_file(times_.name, [&] {
    times_.block = block_between(domain.grid, reader.grid());
    coarse_ = domain.block_mean(times_.block);
    if (const auto difference = grid::difference(coarse_.grid, reader.grid()))
      throw core::Error(fmt::format("not the prior's domain averaged over {0} x {0} cells: {1}", times_.block,
                                    *difference));
    if (reader.step_seconds() % domain.step_seconds != 0)
      throw core::Error(fmt::format("time: the step is {}, expected a multiple of the prior's, {}",
                                    calendar::format_step(reader.step_seconds()),
                                    calendar::format_step(domain.step_seconds)));
  });
}

at::Tensor ObservationSource::read(std::int64_t first, std::int64_t count) const {
  const io::FieldReader& reader = source_.reader;
  at::Tensor values = at::empty(
      {count, static_cast<std::int64_t>(variables().size()), reader.grid().ny(), reader.grid().nx()},
      at::kFloat);
  const std::int64_t cells = reader.grid().cells();
  reader.read_with_gaps(first, count, {values.data_ptr<float>(), static_cast<std::size_t>(values.numel())});
  for (std::int64_t i = 0; i < count; ++i) {
    at::Tensor coarse = values.select(0, i);
    in_file(times_.name, [&] {
      for (std::size_t v = 0; v < plausible_.size(); ++v)
        check_plausible(plausible_[v],
                        {coarse.data_ptr<float>() + static_cast<std::int64_t>(v) * cells,
                         static_cast<std::size_t>(cells)},
                        reader.times().format(first + i), reader.grid());
    });
    coarse.copy_(normalise(coarse, source_.spans[static_cast<std::size_t>(first + i)]));
  }
  return values;
}

void ObservationSource::check_values(double missing_fraction, const std::function<void()>& going_on) const {
  struct Missing {
    std::int64_t count = 0, instant = 0, value = 0;  // the latter two of the first one
  };
  std::vector<Missing> missing(variables().size());
  const std::int64_t cells = source_.reader.grid().cells();
  for (std::int64_t instant = 0; instant < size(); ++instant) {
    going_on();
    const at::Tensor is_missing = read(instant, 1).isnan().reshape({-1, cells});
    if (!is_missing.any().item<bool>()) continue;
    for (std::size_t i = 0; i < missing.size(); ++i) {
      const auto variable = static_cast<std::int64_t>(i);
      const at::Tensor places = is_missing[variable].nonzero();
      if (places.numel() == 0) continue;
      if (missing[i].count == 0) missing[i] = {0, instant, variable * cells + places[0].item<std::int64_t>()};
      missing[i].count += places.numel();
    }
  }
  for (std::size_t i = 0; i < missing.size(); ++i) {
    const auto& [count, instant, value] = missing[i];
    if (count == 0) continue;
    const std::string& name = coarse_.variables[static_cast<std::size_t>(variables()[i])].name;
    const double found = static_cast<double>(count) / static_cast<double>(size() * cells);
    const std::string text =
        fmt::format("{} of {} values of {} are missing, {:.3g} %", count, size() * cells, name, 100 * found);
    if (found > missing_fraction)
      throw core::Error(
          fmt::format("observations {}: {}; allowed are {:.3g} % (observation.missing_fraction)",
                      source_.reader.describe_missing(instant, value), text, 100 * missing_fraction));
    spdlog::info("{}: these are not observed", text);
  }
}

at::Tensor ObservationSource::normalise(const at::Tensor& coarse, const io::TimeSpan& span) const {
  const at::Tensor index = at::tensor(variables(), at::kLong);
  const at::Tensor all =
      at::zeros({static_cast<std::int64_t>(coarse_.variables.size()), coarse.size(1), coarse.size(2)})
          .index_copy(0, index, coarse);
  const auto at_instant = [&](std::int64_t seconds) {
    return coarse_.normalise(all, seconds, calendar()).index_select(0, index);
  };
  if (!is_mean()) return at_instant(span.begin);
  // What fields are normalised by changes from hour to hour: a mean takes the mean of that over its hours.
  at::Tensor sum = at_instant(span.begin);
  for (std::int64_t seconds = span.begin + times_.hour_seconds; seconds < span.end;
       seconds += times_.hour_seconds)
    sum.add_(at_instant(seconds));
  return sum.div_(static_cast<double>((span.end - span.begin) / times_.hour_seconds));
}

std::vector<ObservationSource> open_observations(const std::vector<std::filesystem::path>& files,
                                                 const model::Domain& domain) {
  std::vector<io::CoarseSource> opened =
      core::with_context("observations", [&] { return io::open_coarse_sources(files, domain.variables); });
  std::vector<ObservationSource> sources;
  for (io::CoarseSource& source : opened) sources.emplace_back(std::move(source), domain);
  for (const ObservationSource& source : sources)
    if (!calendar::are_comparable(source.time_axis(), sources.front().time_axis()))
      throw core::Error(fmt::format(
          "observations: calendar {} of {}, but {} of {}", calendar::calendar_name(source.calendar()),
          domain.variables[static_cast<std::size_t>(source.variables().front())].name,
          calendar::calendar_name(sources.front().calendar()),
          domain.variables[static_cast<std::size_t>(sources.front().variables().front())].name));
  return sources;
}

}  // namespace foehn::app
