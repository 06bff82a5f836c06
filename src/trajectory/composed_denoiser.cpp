#include "foehn/trajectory/composed_denoiser.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>

namespace foehn::trajectory {

using Hours = std::vector<std::int64_t>;

/// What every rank holds, wants and sends; the same on every rank.
struct ComposedDenoiser::Shares {
  std::vector<Hours> slabs;            // hours of each rank
  std::vector<Hours> halos;            // hours each rank's windows need beyond its slab
  std::vector<Hours> foreign_outputs;  // hours whose window a rank owns, but not the hour
  std::vector<Hours> missing_outputs;  // hours a rank owns, but not their window

  Shares(const SlabPartition& partition, const WindowPlan& plan) {
    const auto ranks = static_cast<std::size_t>(partition.ranks());
    for (auto* lists : {&slabs, &halos, &foreign_outputs, &missing_outputs}) lists->resize(ranks);
    for (std::int64_t hour = 0; hour < plan.hours(); ++hour) {
      const auto owner = static_cast<std::size_t>(partition.owner(hour));
      const auto window_owner = static_cast<std::size_t>(partition.owner(plan.centre(hour)));
      slabs[owner].push_back(hour);
      if (owner != window_owner) {
        foreign_outputs[window_owner].push_back(hour);
        missing_outputs[owner].push_back(hour);
      }
      Hours& halo = halos[window_owner];
      const Slab slab = partition.slab(static_cast<int>(window_owner));
      const std::int64_t first = plan.centre(hour) - plan.markov_order();
      // Centres rise with the hour: what precedes the halo's last hour is there already.
      for (std::int64_t h = halo.empty() ? first : std::max(first, halo.back() + 1);
           h < first + plan.window_hours(); ++h)
        if (!slab.contains(h)) halo.push_back(h);
    }
  }
};

ComposedDenoiser::ComposedDenoiser(diffusion::Denoiser& windows, const comm::Communicator& team,
                                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch)
    : ComposedDenoiser(windows, team, partition, plan, batch, Shares(partition, plan)) {}

ComposedDenoiser::ComposedDenoiser(diffusion::Denoiser& windows, const comm::Communicator& team,
                                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch,
                                   const Shares& shares)
    : windows_(windows),
      slab_(partition.slab(team.rank())),
      window_hours_(plan.window_hours()),
      batch_(batch),
      halo_hours_(shares.halos[static_cast<std::size_t>(team.rank())]),
      halo_(team, shares.slabs, shares.halos),
      outputs_(team, shares.foreign_outputs, shares.missing_outputs) {
  const auto me = static_cast<std::size_t>(team.rank());
  sent_count_ = static_cast<std::int64_t>(shares.foreign_outputs[me].size());
  for (const std::int64_t hour : shares.missing_outputs[me]) received_rows_.push_back(hour - slab_.first);

  std::map<std::int64_t, Window> by_centre;
  std::int64_t sent = 0;
  for (std::int64_t hour = 0; hour < plan.hours(); ++hour) {
    const std::int64_t centre = plan.centre(hour);
    if (!slab_.contains(centre)) continue;
    Window& window = by_centre[centre];
    window.first_hour = centre - plan.markov_order();
    const bool is_local = slab_.contains(hour);
    window.outputs.push_back({plan.offset(hour), is_local ? hour - slab_.first : sent++, is_local});
  }
  for (auto& [centre, window] : by_centre) {
    const bool is_interior =
        window.first_hour >= slab_.first && window.first_hour + window_hours_ <= slab_.last;
    (is_interior ? interior_ : border_).push_back(std::move(window));
  }
}

at::Tensor ComposedDenoiser::noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) {
  comm::RowExchange::Pending halo_on_its_way = halo_.begin(noisy);
  at::Tensor local = at::empty_like(noisy);
  auto shape = noisy.sizes().vec();
  shape[0] = sent_count_;
  at::Tensor sent = at::empty(shape, noisy.options());
  evaluate(interior_, noisy, {}, level, local, sent);
  const at::Tensor halo = halo_.finish(std::move(halo_on_its_way));
  evaluate(border_, noisy, halo, level, local, sent);
  const at::Tensor received = outputs_.exchange(sent);
  for (std::size_t i = 0; i < received_rows_.size(); ++i)
    local.select(0, received_rows_[i]).copy_(received.select(0, static_cast<std::int64_t>(i)));
  return local;
}

void ComposedDenoiser::evaluate(const std::vector<Window>& windows, const at::Tensor& noisy,
                                const at::Tensor& halo, const diffusion::NoiseLevel& level, at::Tensor& local,
                                at::Tensor& sent) {
  const std::int64_t variables = noisy.size(1);
  const auto count = static_cast<std::int64_t>(windows.size());
  at::Tensor slots;
  if (count > 0)
    slots = at::empty({batch_, window_hours_ * variables, noisy.size(2), noisy.size(3)}, noisy.options());
  for (std::int64_t first = 0; first < count; first += batch_) {
    for (std::int64_t slot = 0; slot < batch_; ++slot) {
      at::Tensor destination = slots.select(0, slot);
      // Slots without a window of their own repeat the last one.
      copy_window(windows[static_cast<std::size_t>(std::min(first + slot, count - 1))], noisy, halo,
                  destination);
    }
    const at::Tensor estimates = windows_.noise_estimate(slots, level);
    for (std::int64_t slot = 0; slot < std::min(batch_, count - first); ++slot) {
      for (const Window::Output& output : windows[static_cast<std::size_t>(first + slot)].outputs) {
        const at::Tensor hour = estimates.select(0, slot).narrow(0, output.offset * variables, variables);
        (output.is_local ? local : sent).select(0, output.row).copy_(hour);
      }
    }
  }
}

void ComposedDenoiser::copy_window(const Window& window, const at::Tensor& noisy, const at::Tensor& halo,
                                   at::Tensor& slot) const {
  const std::int64_t variables = noisy.size(1);
  const auto copy = [&](const at::Tensor& source, std::int64_t row, std::int64_t offset, std::int64_t hours) {
    slot.narrow(0, offset * variables, hours * variables).copy_(source.narrow(0, row, hours).flatten(0, 1));
  };
  for (std::int64_t offset = 0; offset < window_hours_;) {
    const std::int64_t hour = window.first_hour + offset;
    if (slab_.contains(hour)) {
      const std::int64_t hours = std::min(window_hours_ - offset, slab_.last - hour);
      copy(noisy, hour - slab_.first, offset, hours);
      offset += hours;
    } else {
      const auto row = std::lower_bound(halo_hours_.begin(), halo_hours_.end(), hour) - halo_hours_.begin();
      copy(halo, row, offset, 1);
      ++offset;
    }
  }
}

}  // namespace foehn::trajectory
