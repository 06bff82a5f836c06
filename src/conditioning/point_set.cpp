#include "foehn/conditioning/point_set.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "foehn/core/digest.hpp"
#include "foehn/core/text.hpp"
#include "foehn/model/normalisation_at.hpp"

namespace foehn::conditioning {

namespace {

/// So much of the places times the hours must have a value for points to be the same at all hours: where
/// fewer do, it costs less to say for each hour which they are.
constexpr double kLeastFilled = 0.25;

/// The values of one interval.
using Observed = std::pair<observation::Interval, std::vector<PlacedValue>>;

std::vector<Observed> by_interval(std::vector<PlacedValue> values) {
  std::sort(values.begin(), values.end(), [](const PlacedValue& a, const PlacedValue& b) {
    return std::tuple(a.hours.first, a.place) < std::tuple(b.hours.first, b.place);
  });
  std::vector<Observed> all;
  for (const PlacedValue& value : values) {
    if (all.empty() || all.back().first != value.hours) all.push_back({value.hours, {}});
    all.back().second.push_back(value);
  }
  return all;
}

/// Which place each point of each observation is.
class Points {
 public:
  Points(const std::vector<Observed>& observed, std::size_t values) {
    std::set<std::size_t> different;
    std::size_t most = 0;
    for (const Observed& one : observed) {
      for (const PlacedValue& value : one.second) different.insert(value.place);
      most = std::max(most, one.second.size());
    }
    different_ = different.size();
    const auto dense = static_cast<double>(different_ * observed.size());
    is_fixed_ = static_cast<double>(values) >= kLeastFilled * dense;
    size_ = is_fixed_ ? different_ : most;
    for (const std::size_t place : different) numbers_.emplace(place, numbers_.size());
  }

  bool is_fixed() const { return is_fixed_; }
  std::int64_t different() const { return static_cast<std::int64_t>(different_); }
  std::int64_t size() const { return static_cast<std::int64_t>(size_); }
  const std::map<std::size_t, std::size_t>& numbers() const { return numbers_; }
  /// @param i  of the observation's values
  std::int64_t point_of(const PlacedValue& value, std::size_t i) const {
    return static_cast<std::int64_t>(is_fixed_ ? numbers_.at(value.place) : i);
  }

 private:
  bool is_fixed_ = false;
  std::size_t different_ = 0, size_ = 0;
  std::map<std::size_t, std::size_t> numbers_;  // of each place, in order
};

/// Footprints of the points: cells, and weights that sum to 1, [link, observation or 1, point].
struct Geometry {
  at::Tensor cells, weights;
};

Geometry geometry_of(const std::vector<Observed>& observed, const Points& points,
                     const std::vector<Footprint>& footprints) {
  std::size_t links = 0;
  for (const auto& [place, number] : points.numbers())
    links = std::max(links, footprints[place].cells.size());
  const auto observations = points.is_fixed() ? std::int64_t{1} : static_cast<std::int64_t>(observed.size());
  Geometry geometry{at::zeros({static_cast<std::int64_t>(links), observations, points.size()}, at::kLong),
                    {}};
  geometry.weights = at::zeros(geometry.cells.sizes(), at::kDouble);
  auto cells = geometry.cells.accessor<std::int64_t, 3>();
  auto weights = geometry.weights.accessor<double, 3>();
  const auto put = [&](std::int64_t observation, std::int64_t point, std::size_t place) {
    const Footprint& footprint = footprints[place];
    for (std::size_t link = 0; link < links; ++link) {
      const bool is_there = link < footprint.cells.size();
      cells[static_cast<std::int64_t>(link)][observation][point] = footprint.cells[is_there ? link : 0];
      weights[static_cast<std::int64_t>(link)][observation][point] = is_there ? footprint.weights[link] : 0;
    }
  };
  if (points.is_fixed()) {
    for (const auto& [place, number] : points.numbers()) put(0, static_cast<std::int64_t>(number), place);
    return geometry;
  }
  for (std::size_t o = 0; o < observed.size(); ++o)
    for (std::size_t i = 0; i < observed[o].second.size(); ++i)
      put(static_cast<std::int64_t>(o), static_cast<std::int64_t>(i), observed[o].second[i].place);
  return geometry;
}

/// What is normalised by at the cells of some points.
class Normaliser {
 public:
  Normaliser(const Geometry& geometry, std::int64_t variable, const Period& period,
             const model::Domain& domain)
      : period_(period),
        seen_(at::_unique2(geometry.cells, /*sorted=*/true, /*return_inverse=*/true)),
        of_cells_(model::normalisation_at(domain.of_observations(), variable, std::get<0>(seen_))) {}

  double scale() const { return of_cells_.scale().data_ptr<double>()[0]; }
  bool has_deviation() const { return of_cells_.deviation() != nullptr; }
  bool is_constant() const { return !has_deviation() || of_cells_.deviation()->is_constant(); }
  /// m at an hour, of each link of an observation's points, [link, point].
  at::Tensor offset(std::int64_t hour, std::int64_t observation) const {
    const at::Tensor none = at::zeros({1, 1, std::get<0>(seen_).numel()}, at::kDouble);
    return at_links(of_cells_.physical(none, period_.seconds(hour), period_.calendar), observation);
  }
  /// s at an hour; only where there is one.
  at::Tensor deviation(std::int64_t hour, std::int64_t observation) const {
    return at_links(of_cells_.deviation()->at(period_.seconds(hour), period_.calendar), observation);
  }

 private:
  at::Tensor at_links(const at::Tensor& of_cells, std::int64_t observation) const {
    const at::Tensor& places = std::get<1>(seen_);  // in the cells seen, [link, observation or 1, point]
    return of_cells.expand({1, 1, std::get<0>(seen_).numel()})
        .flatten()
        .take(places.select(1, places.size(1) == 1 ? 0 : observation));
  }

  const Period& period_;
  std::tuple<at::Tensor, at::Tensor, at::Tensor> seen_;
  model::Normalisation of_cells_;
};

/// W, s and all: [hour or 1, link, observation or 1, 1, point].
at::Tensor weights_of(const Geometry& geometry, const std::vector<Observed>& observed, double factor,
                      const Normaliser& normaliser) {
  at::Tensor plain = geometry.weights * factor;
  if (normaliser.is_constant()) {
    if (normaliser.has_deviation())
      for (std::int64_t o = 0; o < plain.size(1); ++o) plain.select(1, o).mul_(normaliser.deviation(0, o));
    return plain.unsqueeze(0).unsqueeze(3);
  }
  std::vector<at::Tensor> observations;
  for (std::size_t o = 0; o < observed.size(); ++o) {
    const auto n = static_cast<std::int64_t>(o);
    std::vector<at::Tensor> hours;
    for (std::int64_t hour = observed[o].first.first; hour < observed[o].first.last; ++hour)
      hours.push_back(plain.select(1, plain.size(1) == 1 ? 0 : n) * normaliser.deviation(hour, n));
    observations.push_back(at::stack(hours));
  }
  return at::stack(observations, 2).unsqueeze(3);
}

/// Fills in values and variances: y - A m, normalised.
void fill_values(PointSet& set, const Geometry& geometry, const std::vector<Observed>& observed,
                 const Points& points, double factor, const Normaliser& normaliser) {
  const auto observations = static_cast<std::int64_t>(observed.size());
  at::Tensor values = at::full({observations, points.size()}, NAN, at::kDouble);
  at::Tensor variance = at::ones({observations, points.size()}, at::kDouble);
  auto value_at = values.accessor<double, 2>(), variance_at = variance.accessor<double, 2>();
  const double scale = normaliser.scale();
  const bool is_correlated = set.placement.has_correlated_errors();
  if (is_correlated) set.stations.assign(static_cast<std::size_t>(values.numel()), -1);
  for (std::size_t o = 0; o < observed.size(); ++o) {
    const auto n = static_cast<std::int64_t>(o);
    const auto& [hours, of_one] = observed[o];
    at::Tensor expected = at::zeros({points.size()}, at::kDouble);
    const at::Tensor weights = geometry.weights.select(1, geometry.weights.size(1) == 1 ? 0 : n) * factor;
    for (std::int64_t hour = hours.first; hour < hours.last; ++hour)
      expected.add_((weights * normaliser.offset(hour, n)).sum(0));
    for (std::size_t i = 0; i < of_one.size(); ++i) {
      const std::int64_t point = points.point_of(of_one[i], i);
      value_at[n][point] = (of_one[i].value - expected.data_ptr<double>()[point]) / scale;
      variance_at[n][point] = of_one[i].std * of_one[i].std / (scale * scale);
      if (is_correlated)
        set.stations[static_cast<std::size_t>(n * points.size() + point)] =
            static_cast<std::int64_t>(of_one[i].place);
    }
  }
  const auto shaped = [&](const at::Tensor& tensor) {
    return tensor.to(at::kFloat).reshape({observations, 1, 1, points.size()});
  };
  set.values = shaped(values);
  set.variance = shaped(variance);
  set.bias_variance = set.placement.bias_std * set.placement.bias_std / (scale * scale);
}

PointSet make_set(PointPlacement placement, std::vector<PlacedValue> values,
                  const std::vector<Footprint>& footprints, const Period& period,
                  const model::Domain& domain) {
  placement.count = static_cast<std::int64_t>(values.size());
  const auto [least, most] = std::minmax_element(
      values.begin(), values.end(), [](const PlacedValue& a, const PlacedValue& b) { return a.std < b.std; });
  placement.least_std = least->std;
  placement.most_std = most->std;
  const std::vector<Observed> observed = by_interval(std::move(values));
  const Points points(observed, static_cast<std::size_t>(placement.count));
  placement.points = points.different();
  for (const Observed& one : observed) placement.intervals.push_back(one.first);
  const auto hours = static_cast<double>(placement.intervals.front().hours());
  const double factor = placement.sampling == io::PointSampling::mean ? 1 / hours : 1;
  const Geometry geometry = geometry_of(observed, points, footprints);
  const Normaliser normaliser(geometry, placement.variable, period, domain);
  PointSet set{std::move(placement),
               geometry.cells,
               weights_of(geometry, observed, factor, normaliser).to(at::kFloat).contiguous(),
               {},
               {},
               {}};
  fill_values(set, geometry, observed, points, factor, normaliser);
  set.correlation_steps = set.placement.correlation_hours * 3600 / static_cast<double>(period.step_seconds);
  return set;
}

}  // namespace

std::string describe(const PointPlacement& placement, const std::vector<io::Variable>& variables) {
  const io::Variable& variable = variables[static_cast<std::size_t>(placement.variable)];
  const std::int64_t hours = placement.intervals.front().hours();
  std::string what = "snapshot";
  if (placement.sampling != io::PointSampling::snapshot)
    what = fmt::format("{} over {}", placement.sampling == io::PointSampling::mean ? "mean" : "sum",
                       core::counted(hours, "step"));
  const std::string std = placement.least_std == placement.most_std
                              ? fmt::format("{:.3g}", placement.least_std)
                              : fmt::format("{:.3g} to {:.3g}", placement.least_std, placement.most_std);
  std::string more;
  if (placement.bias_std > 0) more += fmt::format(" and a bias of {:.3g}", placement.bias_std);
  if (placement.correlation_hours > 0)
    more += fmt::format(", correlated over {:.3g} h", placement.correlation_hours);
  return fmt::format("{} at {} ({}): {} ({}) at {}, errors of {} {}{}", variable.name,
                     core::counted(placement.points, placement.are_cells ? "native cell" : "point"),
                     std::filesystem::path(placement.name).filename().string(),
                     core::counted(placement.count, "value"), what,
                     core::counted(static_cast<std::int64_t>(placement.intervals.size()), "time"), std,
                     variable.units, more);
}

std::string digest_of(const std::vector<PointSet>& sets) {
  std::string all;
  for (const PointSet& set : sets) {
    all += fmt::format("variable {}\n", set.placement.variable);
    if (set.placement.has_correlated_errors())
      all += fmt::format("bias {} correlation {} stations {}\n", set.bias_variance, set.correlation_steps,
                         fmt::join(set.stations, " "));
    for (const observation::Interval& hours : set.placement.intervals)
      all += fmt::format("{} {}\n", hours.first, hours.last);
    for (const at::Tensor* tensor : {&set.cells, &set.weights, &set.values, &set.variance}) {
      const at::Tensor whole = tensor->contiguous();
      all += core::sha256({static_cast<const char*>(whole.data_ptr()), whole.nbytes()}) + "\n";
    }
  }
  return core::sha256(all);
}

std::vector<PointSet> make_point_sets(const PointPlacement& placement, std::vector<PlacedValue> values,
                                      const std::vector<Footprint>& footprints, const Period& period,
                                      const model::Domain& domain) {
  std::map<std::int64_t, std::vector<PlacedValue>> by_length;
  for (const PlacedValue& value : values) by_length[value.hours.hours()].push_back(value);
  std::vector<PointSet> sets;
  for (auto& [hours, of_length] : by_length)
    sets.push_back(make_set(placement, std::move(of_length), footprints, period, domain));
  return sets;
}

}  // namespace foehn::conditioning
