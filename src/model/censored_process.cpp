#include "censored_process.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <span>

namespace foehn::model {

namespace {

constexpr double kLent = 24;          // hours that a cell borrows of all cells together
constexpr double kLeastShare = 1e-4;  // of dry or wet hours
constexpr std::uint32_t kSweeps = 100;
constexpr double kStrongest = 0.999;  // correlation
constexpr double kLeastProbability = 1e-300;

/// Every second element of a dimension, from `parity` on.
at::Tensor every_second(const at::Tensor& tensor, std::int64_t dimension, std::int64_t parity) {
  return tensor.slice(dimension, parity, tensor.size(dimension), 2);
}

/// The precision of a process of first order (AR(1)) of unit variance: the diagonal of every second element.
at::Tensor diagonal(std::int64_t size, std::int64_t parity, double correlation) {
  const double r2 = correlation * correlation;
  at::Tensor all = at::full({size}, 1 + r2, at::kDouble);
  all[0] = 1;
  all[size - 1] = 1;
  return size == 1 ? all : every_second(all, 0, parity) / (1 - r2);
}

/// The product of that precision along a dimension: its rows of every second element.
at::Tensor product(const at::Tensor& z, std::int64_t dimension, std::int64_t parity, double correlation) {
  const std::int64_t size = z.size(dimension);
  if (size == 1) return z;
  std::vector<std::int64_t> padding(6, 0), shape(3, 1);
  padding[static_cast<std::size_t>(2 * (2 - dimension))] = 1;
  padding[static_cast<std::size_t>(2 * (2 - dimension) + 1)] = 1;
  const at::Tensor padded = at::constant_pad_nd(z, padding, 0);
  shape[static_cast<std::size_t>(dimension)] = -1;
  const at::Tensor neighbours =
      padded.slice(dimension, parity, size, 2) + padded.slice(dimension, parity + 2, size + 2, 2);
  return every_second(z, dimension, parity) * diagonal(size, parity, correlation).reshape(shape) -
         neighbours * (correlation / (1 - correlation * correlation));
}

/// Draws once anew all that is dry, a part of the lattice without neighbours at a time.
/// @param z      [hour, y, x], of unit variance; changed
/// @param limit  below which dry values are, [y, x]
void sweep(at::Tensor& z, const at::Tensor& is_dry, const at::Tensor& limit,
           const std::array<double, 3>& correlation, core::NoiseKey key, std::uint32_t hour) {
  for (std::int64_t part = 0; part < 8; ++part, ++key.draw) {
    const std::array<std::int64_t, 3> parity{part & 1, (part >> 1) & 1, part >> 2};
    at::Tensor here = z, dry_here = is_dry, row = z, precision = at::ones({1, 1, 1}, at::kDouble);
    at::Tensor limit_here = limit.unsqueeze(0);
    if (parity[0] >= z.size(0) || parity[1] >= z.size(1) || parity[2] >= z.size(2)) continue;
    for (std::int64_t d = 0; d < 3; ++d) {
      const auto at_d = static_cast<std::size_t>(d);
      std::vector<std::int64_t> shape(3, 1);
      shape[at_d] = -1;
      precision = precision * diagonal(z.size(d), parity[at_d], correlation[at_d]).reshape(shape);
      row = product(row, d, parity[at_d], correlation[at_d]);
      here = every_second(here, d, parity[at_d]);
      dry_here = every_second(dry_here, d, parity[at_d]);
      if (d > 0) limit_here = every_second(limit_here, d, parity[at_d]);
    }
    at::Tensor normal = at::empty(here.sizes(), at::kDouble);
    core::fill_normal<double>(key, hour,
                              {normal.data_ptr<double>(), static_cast<std::size_t>(normal.numel())});
    const at::Tensor deviation = precision.rsqrt();
    const at::Tensor mean = here - row / precision;
    const at::Tensor below = at::special_ndtr((limit_here - mean) / deviation).clamp_min(kLeastProbability);
    const at::Tensor drawn = mean + deviation * at::special_ndtri(at::special_ndtr(normal) * below);
    here.copy_(at::where(dry_here, at::minimum(drawn, limit_here), here));
  }
}

/// From one place to the next along a dimension: the correlation of two standard normal values that are both
/// above a limit as often as neighbours are both wet (tetrachoric). By Plackett's identity the probability of
/// that rises with the correlation r by exp(-a^2/(1 + r)) / (2 pi sqrt(1 - r^2)), a being the limit.
double correlation_along(const at::Tensor& is_wet, std::int64_t dimension) {
  const std::int64_t size = is_wet.size(dimension);
  if (size == 1) return 0;
  const at::Tensor before = is_wet.narrow(dimension, 0, size - 1),
                   after = is_wet.narrow(dimension, 1, size - 1);
  const auto share_of = [](const at::Tensor& is) { return is.to(at::kDouble).mean().item<double>(); };
  const double share = (share_of(before) + share_of(after)) / 2, both = share_of(before.logical_and(after));
  if (share <= 0 || share >= 1) return 0;
  const double a = at::special_ndtri(at::scalar_tensor(1 - share, at::kDouble)).item<double>();
  constexpr double kStep = 1e-4;
  double r = 0;
  for (double probability = share * share; probability < both && r < kStrongest; r += kStep) {
    const double middle = r + kStep / 2;
    probability +=
        kStep * std::exp(-a * a / (1 + middle)) / (2 * std::numbers::pi * std::sqrt(1 - middle * middle));
  }
  return std::min(r, kStrongest);
}

}  // namespace

CensoredMargins::CensoredMargins(const std::vector<std::int64_t>& shape)
    : wet_(at::zeros(shape, at::kDouble)), sum_(at::zeros(shape, at::kDouble)) {}

void CensoredMargins::add(const at::Tensor& values, const at::Tensor& is_dry) {
  hours_ += static_cast<double>(values.size(0));
  wet_.add_(is_dry.logical_not().sum(0));
  sum_.add_(values.masked_fill(is_dry, 0).sum(0));
}

bool CensoredMargins::any_dry() const {
  return wet_.sum().item<double>() < hours_ * static_cast<double>(wet_.numel());
}

bool CensoredMargins::any_wet() const {
  return wet_.sum().item<double>() > 0;
}

CensoredNormal CensoredMargins::estimate(double limit) const {
  const at::Tensor all_wet = wet_.mean() / hours_, all_mean = sum_.sum() / wet_.sum();
  const at::Tensor wet = wet_ + kLent * all_wet;
  const at::Tensor share = (1 - wet / (hours_ + kLent)).clamp(kLeastShare, 1 - kLeastShare);
  const at::Tensor mean_of_wet = (sum_ + kLent * all_wet * all_mean) / wet;
  const at::Tensor a = at::special_ndtri(share);
  const at::Tensor hazard =
      (-0.5 * a.square()).exp() / std::sqrt(2 * std::numbers::pi) / (1 - share);  // phi(a)/(1 - share)
  const at::Tensor deviation = (mean_of_wet - limit) / (hazard - a);
  return {limit - a * deviation, deviation};
}

std::array<double, 3> correlation_of(const at::Tensor& is_dry) {
  const at::Tensor is_wet = is_dry.logical_not();
  return {correlation_along(is_wet, 0), correlation_along(is_wet, 1), correlation_along(is_wet, 2)};
}

at::Tensor draw_censored(const at::Tensor& values, const at::Tensor& is_dry, const CensoredNormal& margins,
                         double limit, const std::array<std::uint64_t, 2>& key) {
  const at::Tensor limits = (limit - margins.mean) / margins.deviation;
  const std::array<double, 3> correlation = correlation_of(is_dry);
  at::Tensor z = (values - margins.mean) / margins.deviation;
  // The first draw knows no neighbours: from a rough field of the right size the others get to a smooth one
  // sooner than from one that is flat where it is dry.
  for (std::uint32_t i = 0; i < kSweeps; ++i)
    sweep(z, is_dry, limits, i == 0 ? std::array<double, 3>{0, 0, 0} : correlation,
          {.seed = 0x64727921, .member = static_cast<std::uint32_t>(key[0]), .draw = 8 * i},
          static_cast<std::uint32_t>(key[1]));
  return z * margins.deviation + margins.mean;
}

}  // namespace foehn::model
