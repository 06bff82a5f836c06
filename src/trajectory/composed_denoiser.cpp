#include "foehn/trajectory/composed_denoiser.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "foehn/core/heartbeat.hpp"

namespace foehn::trajectory {

using Hours = std::vector<std::int64_t>;
using Flags = std::vector<bool>;

namespace {

/// The shape of rows that are hours such as a slab's.
std::vector<std::int64_t> rows_shape(const at::Tensor& slab, std::int64_t rows) {
  auto shape = slab.sizes().vec();
  shape[0] = rows;
  return shape;
}

/// The shape of windows of hours such as a slab's.
std::vector<std::int64_t> windows_shape(const at::Tensor& slab, std::int64_t windows,
                                        std::int64_t window_hours) {
  auto shape = slab.sizes().vec();
  shape[0] = windows;
  shape[1] *= window_hours;
  return shape;
}

/// Which rows hold anything but zeros.
Flags rows_with_values(const at::Tensor& rows) {
  Flags flags(static_cast<std::size_t>(rows.size(0)));
  if (flags.empty()) return flags;
  const at::Tensor any = rows.ne(0).flatten(1).any(1).to(at::kCPU);
  for (std::size_t i = 0; i < flags.size(); ++i) flags[i] = any[static_cast<std::int64_t>(i)].item<bool>();
  return flags;
}

}  // namespace

/// What every rank holds, wants and sends; the same on every rank.
struct ComposedDenoiser::Shares {
  std::vector<Hours> slabs;            // hours of each rank
  std::vector<Hours> halos;            // hours each rank's windows need beyond its slab
  std::vector<Hours> foreign_outputs;  // hours whose window a rank owns, but not the hour
  std::vector<Hours> missing_outputs;  // hours a rank owns, but not their window
  // Rows (window, hour of it), numbered centre * window_hours + offset, whose window and hour belong to two
  // ranks.
  std::vector<Hours> given_gradients;    // by the window's owner
  std::vector<Hours> foreign_gradients;  // by the hour's owner, in the order of centres

  Shares(const SlabPartition& partition, const WindowPlan& plan) {
    const auto ranks = static_cast<std::size_t>(partition.ranks());
    for (auto* lists :
         {&slabs, &halos, &foreign_outputs, &missing_outputs, &given_gradients, &foreign_gradients})
      lists->resize(ranks);
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
      if (hour == 0 || plan.centre(hour) != plan.centre(hour - 1))
        share_gradients(partition, plan, plan.centre(hour));
    }
  }

 private:
  void share_gradients(const SlabPartition& partition, const WindowPlan& plan, std::int64_t centre) {
    const auto window_owner = static_cast<std::size_t>(partition.owner(centre));
    for (std::int64_t offset = 0; offset < plan.window_hours(); ++offset) {
      const auto owner = static_cast<std::size_t>(partition.owner(centre - plan.markov_order() + offset));
      if (owner == window_owner) continue;
      given_gradients[window_owner].push_back(centre * plan.window_hours() + offset);
      foreign_gradients[owner].push_back(centre * plan.window_hours() + offset);
    }
  }
};

struct ComposedDenoiser::Inputs {
  const at::Tensor& noisy;  // the slab
  const at::Tensor& halo;   // halo_hours_; undefined where no window needs it
  const diffusion::NoiseLevel& level;
};

struct ComposedDenoiser::Cotangents {
  const at::Tensor& local;     // of the slab's hours
  const at::Tensor& received;  // of the hours whose estimates this rank sends
  Flags has_local, has_received;

  bool has(const Window& window) const {
    return std::any_of(window.outputs.begin(), window.outputs.end(), [&](const Window::Output& output) {
      return (output.is_local ? has_local : has_received)[static_cast<std::size_t>(output.row)];
    });
  }
};

ComposedDenoiser::ComposedDenoiser(diffusion::WindowDenoiser& windows, const comm::Communicator& team,
                                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch)
    : ComposedDenoiser(windows, team, partition, plan, batch, Shares(partition, plan)) {}

ComposedDenoiser::ComposedDenoiser(diffusion::WindowDenoiser& windows, const comm::Communicator& team,
                                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch,
                                   const Shares& shares)
    : windows_(windows),
      slab_(partition.slab(team.rank())),
      window_hours_(plan.window_hours()),
      batch_(batch),
      halo_hours_(shares.halos[static_cast<std::size_t>(team.rank())]),
      halo_(team, shares.slabs, shares.halos, "halos"),
      outputs_(team, shares.foreign_outputs, shares.missing_outputs, "outputs of windows"),
      gradients_(team, shares.given_gradients, shares.foreign_gradients, "gradients of windows") {
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
    if (!is_interior && interior_.empty()) ++border_before_;
    (is_interior ? interior_ : border_).push_back(std::move(window));
  }
  // What does not fill a batch waits for the border windows, so that one batch at most is padded.
  const std::size_t full = interior_.size() - interior_.size() % static_cast<std::size_t>(batch);
  for (std::size_t i = 0; i < interior_.size(); ++i) (i < full ? early_ : late_).push_back(&interior_[i]);
  for (const Window& window : border_) late_.push_back(&window);
  for (std::size_t i = 0; i < border_.size(); ++i)
    for (std::int64_t offset = 0; offset < window_hours_; ++offset)
      if (!slab_.contains(border_[i].first_hour + offset))
        border_rows_.push_back(static_cast<std::int64_t>(i) * window_hours_ + offset);
  for (const std::int64_t row : shares.foreign_gradients[me]) {
    const std::int64_t centre = row / window_hours_, offset = row % window_hours_;
    foreign_rows_.push_back({centre - plan.markov_order() + offset - slab_.first, centre < slab_.first});
  }
}

ComposedDenoiser::Work ComposedDenoiser::work() const {
  Work work{evaluated_, differentiated_, halo_.traffic()};
  work.traffic += outputs_.traffic();
  work.traffic += gradients_.traffic();
  return work;
}

at::Tensor ComposedDenoiser::noise_estimate(const at::Tensor& noisy, const diffusion::NoiseLevel& level) {
  const core::Activity activity(fmt::format("noise level t = {:.4g}", level.t));
  comm::RowExchange::Pending halo_on_its_way = halo_.begin(noisy);
  at::Tensor local = at::empty_like(noisy);
  at::Tensor sent = at::empty(rows_shape(noisy, sent_count_), noisy.options());
  evaluate(early_, {noisy, {}, level}, local, sent);
  const at::Tensor halo = halo_.finish(std::move(halo_on_its_way));
  evaluate(late_, {noisy, halo, level}, local, sent);
  const at::Tensor received = outputs_.exchange(sent);
  for (std::size_t i = 0; i < received_rows_.size(); ++i)
    local.select(0, received_rows_[i]).copy_(received.select(0, static_cast<std::int64_t>(i)));
  return local;
}

at::Tensor ComposedDenoiser::noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                                       const at::Tensor& cotangent) {
  const core::Activity activity(fmt::format("gradient at noise level t = {:.4g}", level.t));
  comm::RowExchange::Pending halo_on_its_way = halo_.begin(noisy);
  const at::Tensor received = outputs_.adjoint(
      cotangent.index_select(0, at::tensor(received_rows_, at::kLong).to(cotangent.device())));
  const Cotangents cotangents{cotangent, received, rows_with_values(cotangent), rows_with_values(received)};
  const at::Tensor halo = halo_.finish(std::move(halo_on_its_way));
  const Inputs inputs{noisy, halo, level};

  // The border first: other ranks wait for its rows, and this one needs theirs before its own interior's.
  const auto border_count = static_cast<std::int64_t>(border_.size());
  const at::Tensor border = at::zeros(windows_shape(noisy, border_count, window_hours_), noisy.options());
  differentiate(border_, inputs, cotangents, [&](std::size_t i, const at::Tensor& gradient) {
    border.select(0, static_cast<std::int64_t>(i)).copy_(gradient);
  });
  const at::Tensor border_hours = border.reshape(rows_shape(noisy, border_count * window_hours_));
  const at::Tensor foreign = gradients_.exchange(
      border_hours.index_select(0, at::tensor(border_rows_, at::kLong).to(noisy.device())));

  at::Tensor sum = at::zeros_like(noisy);
  const auto add_foreign = [&](bool before) {
    for (std::size_t i = 0; i < foreign_rows_.size(); ++i)
      if (foreign_rows_[i].is_before == before)
        sum.select(0, foreign_rows_[i].row).add_(foreign.select(0, static_cast<std::int64_t>(i)));
  };
  const auto add_border = [&](std::size_t first, std::size_t last) {
    for (std::size_t i = first; i < last; ++i)
      add_own_hours(border_[i], border.select(0, static_cast<std::int64_t>(i)), sum);
  };
  add_foreign(true);
  add_border(0, border_before_);
  differentiate(interior_, inputs, cotangents, [&](std::size_t i, const at::Tensor& gradient) {
    add_own_hours(interior_[i], gradient, sum);
  });
  add_border(border_before_, border_.size());
  add_foreign(false);
  return sum;
}

diffusion::Windows ComposedDenoiser::batch_of(const std::vector<const Window*>& windows, std::int64_t first,
                                              const Inputs& inputs, const at::Tensor& room) const {
  const std::int64_t left = static_cast<std::int64_t>(windows.size()) - first;
  const std::int64_t slots = windows_.needs_full_batches() ? batch_ : std::min(batch_, left);
  diffusion::Windows batch{room.narrow(0, 0, slots), {}};
  for (std::int64_t slot = 0; slot < slots; ++slot) {
    const Window& window = *windows[static_cast<std::size_t>(first + std::min(slot, left - 1))];
    at::Tensor destination = batch.fields.select(0, slot);
    copy_window(window, inputs, destination);
    batch.first_hours.push_back(window.first_hour);
  }
  return batch;
}

void ComposedDenoiser::evaluate(const std::vector<const Window*>& windows, const Inputs& inputs,
                                at::Tensor& local, at::Tensor& sent) {
  if (windows.empty()) return;
  const std::int64_t variables = inputs.noisy.size(1);
  const auto count = static_cast<std::int64_t>(windows.size());
  evaluated_ += count;
  const at::Tensor room =
      at::empty(windows_shape(inputs.noisy, batch_, window_hours_), inputs.noisy.options());
  for (std::int64_t first = 0; first < count; first += batch_) {
    const at::Tensor estimates =
        windows_.noise_estimate(batch_of(windows, first, inputs, room), inputs.level);
    core::beat();
    for (std::int64_t slot = 0; slot < std::min(batch_, count - first); ++slot) {
      for (const Window::Output& output : windows[static_cast<std::size_t>(first + slot)]->outputs) {
        const at::Tensor hour = estimates.select(0, slot).narrow(0, output.offset * variables, variables);
        (output.is_local ? local : sent).select(0, output.row).copy_(hour);
      }
    }
  }
}

void ComposedDenoiser::differentiate(const std::vector<Window>& windows, const Inputs& inputs,
                                     const Cotangents& cotangents,
                                     const std::function<void(std::size_t, const at::Tensor&)>& use) {
  std::vector<std::size_t> indices;
  std::vector<const Window*> chosen;
  for (std::size_t i = 0; i < windows.size(); ++i) {
    if (!cotangents.has(windows[i])) continue;
    indices.push_back(i);
    chosen.push_back(&windows[i]);
  }
  if (chosen.empty()) return;
  const std::int64_t variables = inputs.noisy.size(1);
  const auto count = static_cast<std::int64_t>(chosen.size());
  differentiated_ += count;
  const auto shape = windows_shape(inputs.noisy, batch_, window_hours_);
  const at::Tensor room = at::empty(shape, inputs.noisy.options()),
                   cotangent_room = at::empty(shape, inputs.noisy.options());
  for (std::int64_t first = 0; first < count; first += batch_) {
    const diffusion::Windows batch = batch_of(chosen, first, inputs, room);
    const at::Tensor slot_cotangents = cotangent_room.narrow(0, 0, batch.fields.size(0)).zero_();
    for (std::int64_t slot = 0; slot < slot_cotangents.size(0); ++slot) {
      const Window& window = *chosen[static_cast<std::size_t>(std::min(first + slot, count - 1))];
      for (const Window::Output& output : window.outputs)
        slot_cotangents.select(0, slot)
            .narrow(0, output.offset * variables, variables)
            .copy_((output.is_local ? cotangents.local : cotangents.received).select(0, output.row));
    }
    const at::Tensor gradients = windows_.noise_vjp(batch, inputs.level, slot_cotangents);
    core::beat();
    for (std::int64_t slot = 0; slot < std::min(batch_, count - first); ++slot)
      use(indices[static_cast<std::size_t>(first + slot)], gradients.select(0, slot));
  }
}

void ComposedDenoiser::add_own_hours(const Window& window, const at::Tensor& gradient,
                                     at::Tensor& sum) const {
  const std::int64_t variables = sum.size(1);
  for (std::int64_t offset = 0; offset < window_hours_; ++offset) {
    const std::int64_t hour = window.first_hour + offset;
    if (slab_.contains(hour))
      sum.select(0, hour - slab_.first).add_(gradient.narrow(0, offset * variables, variables));
  }
}

void ComposedDenoiser::copy_window(const Window& window, const Inputs& inputs, at::Tensor& slot) const {
  const std::int64_t variables = inputs.noisy.size(1);
  const auto copy = [&](const at::Tensor& source, std::int64_t row, std::int64_t offset, std::int64_t hours) {
    slot.narrow(0, offset * variables, hours * variables).copy_(source.narrow(0, row, hours).flatten(0, 1));
  };
  for (std::int64_t offset = 0; offset < window_hours_;) {
    const std::int64_t hour = window.first_hour + offset;
    if (slab_.contains(hour)) {
      const std::int64_t hours = std::min(window_hours_ - offset, slab_.last - hour);
      copy(inputs.noisy, hour - slab_.first, offset, hours);
      offset += hours;
    } else {
      const auto row = std::lower_bound(halo_hours_.begin(), halo_hours_.end(), hour) - halo_hours_.begin();
      copy(inputs.halo, row, offset, 1);
      ++offset;
    }
  }
}

}  // namespace foehn::trajectory
