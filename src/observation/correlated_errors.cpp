#include "foehn/observation/correlated_errors.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/device/waiting.hpp"

namespace foehn::observation {

namespace {

/// (I + Q D) x = Q v for one station, Q being the inverse of S C S: tridiagonal, and similar to a positive
/// definite matrix, so that elimination needs no pivots.
/// @param links  with correlations and standard deviations; v, added  D, of each of them
template <class Chain>
std::vector<double> solve_chain(const Chain& links, const std::vector<double>& v,
                                const std::vector<double>& added) {
  const std::size_t size = links.size();
  const auto innovation = [&](std::size_t i) { return 1 - links[i].correlation * links[i].correlation; };
  std::vector<double> diagonal(size), beside(size, 0.0);  // of Q; the latter between i - 1 and i
  for (std::size_t i = 0; i < size; ++i) {
    diagonal[i] = 1 / innovation(i);
    if (i + 1 < size) diagonal[i] += std::pow(links[i + 1].correlation, 2) / innovation(i + 1);
    diagonal[i] /= links[i].std * links[i].std;
    if (i > 0) beside[i] = -links[i].correlation / innovation(i) / (links[i].std * links[i - 1].std);
  }
  std::vector<double> x(size), pivot(size);
  for (std::size_t i = 0; i < size; ++i) {
    x[i] = diagonal[i] * v[i];
    if (i > 0) x[i] += beside[i] * v[i - 1];
    if (i + 1 < size) x[i] += beside[i + 1] * v[i + 1];
    pivot[i] = 1 + diagonal[i] * added[i];
    if (i == 0) continue;
    const double factor = beside[i] * added[i - 1] / pivot[i - 1];
    pivot[i] -= factor * beside[i] * added[i];
    x[i] -= factor * x[i - 1];
  }
  for (std::size_t i = size; i-- > 0;) {
    if (i + 1 < size) x[i] -= beside[i + 1] * added[i + 1] * x[i + 1];
    x[i] /= pivot[i];
  }
  return x;
}

}  // namespace

CorrelatedErrors::CorrelatedErrors(Layout layout, Gather gather)
    : bias_variance_(layout.bias_variance),
      is_correlated_(layout.correlation_hours > 0),
      size_(layout.stations.size()),
      gather_(std::move(gather)) {
  const std::size_t observations = layout.hours.size();
  if (observations == 0 || size_ % observations != 0 || layout.variance.size() != size_)
    throw core::Error(fmt::format("correlated errors: {} hours, {} stations and {} variances", observations,
                                  size_, layout.variance.size()));
  const std::size_t points = size_ / observations;
  first_ = static_cast<std::size_t>(layout.first) * points;
  count_ = static_cast<std::size_t>(layout.count) * points;
  std::map<std::int64_t, std::pair<Chain, std::int64_t>> stations;  // and the hour of the latest value
  for (std::size_t place = 0; place < size_; ++place) {
    if (layout.stations[place] < 0) continue;
    auto& [chain, latest] = stations[layout.stations[place]];
    const std::int64_t hour = layout.hours[place / points];
    if (!chain.empty() && hour <= latest)
      throw core::Error("correlated errors: a station has two values at one time");
    const double apart = static_cast<double>(hour - latest);
    const bool is_chained = is_correlated_ && !chain.empty();
    chain.push_back({place, is_chained ? std::exp(-apart / layout.correlation_hours) : 0,
                     std::sqrt(layout.variance[place])});
    latest = hour;
  }
  for (auto& [station, found] : stations) chains_.push_back(std::move(found.first));
}

std::vector<double> CorrelatedErrors::whole(const at::Tensor& mine) const {
  const at::Tensor here = device::to_host(mine.to(at::kDouble).contiguous());
  std::vector<double> all = gather_({here.data_ptr<double>(), static_cast<std::size_t>(here.numel())});
  if (all.size() != size_)
    throw core::Error(
        fmt::format("correlated errors: expected {} values of all ranks, found {}", size_, all.size()));
  return all;
}

at::Tensor CorrelatedErrors::own(const std::vector<double>& values, const at::Tensor& like) const {
  at::Tensor mine = at::empty(like.sizes(), at::kDouble);
  std::copy_n(values.begin() + static_cast<std::ptrdiff_t>(first_), count_, mine.data_ptr<double>());
  return mine.to(like.device());
}

at::Tensor CorrelatedErrors::product(const at::Tensor& v) const {
  const std::vector<double> all = whole(v);
  std::vector<double> result(size_, 0.0);
  for (const Chain& chain : chains_) {
    double sum = 0, before = 0, after = 0;
    for (const Link& link : chain) {
      before = link.correlation * before + link.std * all[link.place];
      result[link.place] = link.std * before;
      sum += all[link.place];
    }
    for (std::size_t i = chain.size(); i-- > 0;) {
      const Link& link = chain[i];
      result[link.place] += link.std * after + bias_variance_ * sum;
      after = link.correlation * (after + link.std * all[link.place]);
    }
  }
  return own(result, v);
}

at::Tensor CorrelatedErrors::solve(const at::Tensor& added, const at::Tensor& v) const {
  const std::vector<double> all = whole(v), all_added = whole(added.expand(v.sizes()));
  std::vector<double> result(size_, 0.0);
  for (const Chain& chain : chains_) {
    std::vector<double> of_chain, more;
    for (const Link& link : chain) {
      of_chain.push_back(all[link.place]);
      more.push_back(all_added[link.place]);
    }
    std::vector<double> x = solve_chain(chain, of_chain, more);
    if (bias_variance_ > 0) {
      const std::vector<double> ones = solve_chain(chain, std::vector<double>(chain.size(), 1.0), more);
      double sum = 0, sum_of_ones = 0;
      for (std::size_t i = 0; i < chain.size(); ++i) {
        sum += x[i];
        sum_of_ones += ones[i];
      }
      const double factor = bias_variance_ * sum / (1 + bias_variance_ * sum_of_ones);
      for (std::size_t i = 0; i < chain.size(); ++i) x[i] -= factor * ones[i];
    }
    for (std::size_t i = 0; i < chain.size(); ++i) result[chain[i].place] = x[i];
  }
  return own(result, v);
}

}  // namespace foehn::observation
