#include "foehn/trajectory/composed_denoiser.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <utility>

#include "foehn/core/heartbeat.hpp"
#include "foehn/device/waiting.hpp"

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
  const at::Tensor values = rows.flatten(1);
  const at::Tensor any = device::to_host(at::logical_or(values.amax(1).ne(0), values.amin(1).ne(0)));
  for (std::size_t i = 0; i < flags.size(); ++i) flags[i] = any.data_ptr<bool>()[i];
  return flags;
}

std::vector<const Window*> pointers_to(const std::vector<Window>& windows) {
  std::vector<const Window*> pointers;
  for (const Window& window : windows) pointers.push_back(&window);
  return pointers;
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
  const at::Tensor& halo;   // its halo hours; undefined where no window needs it
  const diffusion::NoiseLevel& level;
};

struct ComposedDenoiser::Products {
  Flags local,
      received;  // the cotangents that are not zero: of the slab's hours, and of outputs that are sent
  std::vector<Batch> border, interior;
  std::vector<device::RowIndex> border_rows;  // of each batch, its rows among those of all border windows
  std::vector<device::OrderedAddition> interior_additions;  // of each batch, to the slab
  Flags sends;                                              // which of border_rows_ are not zero

  bool ask_for(const Window& window) const {
    return std::any_of(window.outputs.begin(), window.outputs.end(), [&](const Window::Output& output) {
      return (output.is_local ? local : received)[static_cast<std::size_t>(output.row)];
    });
  }
};

struct ComposedDenoiser::KnownHalo {
  // Not the slab itself, which would be kept alive; nor its address alone, which another tensor may get.
  c10::weak_intrusive_ptr<c10::TensorImpl> slab;
  std::int64_t version;
  at::Tensor halo;
};

ComposedDenoiser::~ComposedDenoiser() = default;

ComposedDenoiser::ComposedDenoiser(diffusion::WindowDenoiser& windows, comm::Transport& transport,
                                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch)
    : ComposedDenoiser(windows, transport, partition, plan, batch, Shares(partition, plan)) {}

ComposedDenoiser::ComposedDenoiser(diffusion::WindowDenoiser& windows, comm::Transport& transport,
                                   const SlabPartition& partition, const WindowPlan& plan, std::int64_t batch,
                                   const Shares& shares)
    : windows_(windows),
      batch_(batch),
      surrounds_{partition.slab(transport.ranks().rank()), plan.window_hours(),
                 shares.halos[static_cast<std::size_t>(transport.ranks().rank())]},
      halo_(transport, shares.slabs, shares.halos, "halos"),
      outputs_(transport, shares.foreign_outputs, shares.missing_outputs, "outputs of windows"),
      gradients_(transport, shares.given_gradients, shares.foreign_gradients, "gradients of windows") {
  const auto me = static_cast<std::size_t>(transport.ranks().rank());
  const Slab slab = surrounds_.slab;
  sent_count_ = static_cast<std::int64_t>(shares.foreign_outputs[me].size());
  Hours received;
  for (const std::int64_t hour : shares.missing_outputs[me]) received.push_back(hour - slab.first);
  received_rows_ = device::RowIndex(std::move(received));

  std::map<std::int64_t, Window> by_centre;
  std::int64_t sent = 0;
  for (std::int64_t hour = 0; hour < plan.hours(); ++hour) {
    const std::int64_t centre = plan.centre(hour);
    if (!slab.contains(centre)) continue;
    Window& window = by_centre[centre];
    window.first_hour = centre - plan.markov_order();
    const bool is_local = slab.contains(hour);
    window.outputs.push_back({plan.offset(hour), is_local ? hour - slab.first : sent++, is_local});
  }
  for (auto& [centre, window] : by_centre) {
    const bool is_interior =
        window.first_hour >= slab.first && window.first_hour + plan.window_hours() <= slab.last;
    (is_interior ? interior_ : border_).push_back(std::move(window));
  }
  // What does not fill a batch waits for the border windows, so that one batch at most is padded.
  std::vector<const Window*> early = pointers_to(interior_), late;
  const auto rest = early.end() - static_cast<std::ptrdiff_t>(early.size() % static_cast<std::size_t>(batch));
  late.assign(rest, early.end());
  early.erase(rest, early.end());
  for (const Window& window : border_) late.push_back(&window);
  early_ = make_batches(early, surrounds_, batch, windows.needs_full_batches());
  late_ = make_batches(late, surrounds_, batch, windows.needs_full_batches());
  plan_additions(plan.markov_order(), shares.foreign_gradients[me]);
}

void ComposedDenoiser::plan_additions(std::int64_t markov_order, const Hours& foreign_gradients) {
  const Slab slab = surrounds_.slab;
  const std::int64_t hours = surrounds_.window_hours;
  using Items = std::vector<device::OrderedAddition::Item>;
  Items own_before, own_after, foreign_before, foreign_after;
  Hours rows;
  for (std::size_t i = 0; i < border_.size(); ++i) {
    const bool is_before = !interior_.empty() && border_[i].first_hour < interior_.front().first_hour;
    for (std::int64_t offset = 0; offset < hours; ++offset) {
      const std::int64_t row = static_cast<std::int64_t>(i) * hours + offset;
      const std::int64_t hour = border_[i].first_hour + offset;
      if (slab.contains(hour))
        (is_before ? own_before : own_after).push_back({row, hour - slab.first});
      else
        rows.push_back(row);
    }
  }
  std::int64_t from = 0;
  for (const std::int64_t row : foreign_gradients) {
    const std::int64_t centre = row / hours, hour = centre - markov_order + row % hours;
    (centre < slab.first ? foreign_before : foreign_after).push_back({from++, hour - slab.first});
  }
  border_rows_ = device::RowIndex(std::move(rows));
  border_before_ = device::OrderedAddition(own_before);
  border_after_ = device::OrderedAddition(own_after);
  foreign_before_ = device::OrderedAddition(foreign_before);
  foreign_after_ = device::OrderedAddition(foreign_after);
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
  known_halo_ = std::make_unique<KnownHalo>(
      KnownHalo{c10::weak_intrusive_ptr<c10::TensorImpl>(noisy.getIntrusivePtr()), noisy._version(), halo});
  evaluate(late_, {noisy, halo, level}, local, sent);
  const at::Tensor received = outputs_.exchange(sent);
  if (!received_rows_.is_empty()) local.index_copy_(0, received_rows_.on(local.device()), received);
  return local;
}

at::Tensor ComposedDenoiser::noise_vjp(const at::Tensor& noisy, const diffusion::NoiseLevel& level,
                                       const at::Tensor& cotangent) {
  const core::Activity activity(fmt::format("gradient at noise level t = {:.4g}", level.t));
  at::Tensor halo;
  if (!windows_.is_linear()) halo = knows_halo_of(noisy) ? known_halo_->halo : halo_.exchange(noisy);
  const at::Device device = cotangent.device();
  const at::Tensor received = outputs_.adjoint(cotangent.index_select(0, received_rows_.on(device)));
  const Products& products = products_for(rows_with_values(cotangent), rows_with_values(received));
  const Inputs inputs{noisy, halo, level};

  // The border first: other ranks wait for its rows, and this one needs theirs before its own interior's.
  const auto border_count = static_cast<std::int64_t>(border_.size());
  at::Tensor border = at::zeros(rows_shape(noisy, border_count * surrounds_.window_hours), noisy.options());
  differentiate(products.border, inputs, cotangent, received,
                [&](std::size_t i, const at::Tensor& gradients) {
                  const device::RowIndex& rows = products.border_rows[i];
                  border.index_copy_(0, rows.on(device), gradients.narrow(0, 0, rows.size()));
                });
  const at::Tensor foreign =
      gradients_.exchange_some(border.index_select(0, border_rows_.on(device)), products.sends);

  at::Tensor sum = at::zeros_like(noisy);
  foreign_before_(foreign, sum);
  border_before_(border, sum);
  differentiate(
      products.interior, inputs, cotangent, received,
      [&](std::size_t i, const at::Tensor& gradients) { products.interior_additions[i](gradients, sum); });
  border_after_(border, sum);
  foreign_after_(foreign, sum);
  return sum;
}

bool ComposedDenoiser::knows_halo_of(const at::Tensor& noisy) const {
  return known_halo_ && known_halo_->slab._unsafe_get_target() == noisy.unsafeGetTensorImpl() &&
         known_halo_->version == noisy._version();
}

at::Tensor ComposedDenoiser::room_for_batch(const at::Tensor& slab) const {
  return at::empty(rows_shape(slab, batch_ * surrounds_.window_hours), slab.options());
}

at::Tensor ComposedDenoiser::in_hours(const at::Tensor& windows) const {
  auto shape = windows.sizes().vec();
  shape[0] *= surrounds_.window_hours;
  shape[1] /= surrounds_.window_hours;
  return windows.reshape(shape);
}

diffusion::Windows ComposedDenoiser::fill(const Batch& batch, const Inputs& inputs,
                                          const at::Tensor& room) const {
  at::Tensor rows = room.narrow(0, 0, batch.slab_rows.size());
  at::index_select_out(rows, inputs.noisy, 0, batch.slab_rows.on(rows.device()));
  batch.from_halo(inputs.halo, rows);
  return {rows.view(windows_shape(inputs.noisy, batch.slots(), surrounds_.window_hours)), batch.first_hours};
}

void ComposedDenoiser::evaluate(const std::vector<Batch>& batches, const Inputs& inputs, at::Tensor& local,
                                at::Tensor& sent) {
  if (batches.empty()) return;
  const at::Tensor room = room_for_batch(inputs.noisy);
  for (const Batch& batch : batches) {
    evaluated_ += batch.windows;
    const at::Tensor estimates = in_hours(windows_.noise_estimate(fill(batch, inputs, room), inputs.level));
    core::beat();
    batch.to_slab(estimates, local);
    batch.to_sent(estimates, sent);
  }
}

const ComposedDenoiser::Products& ComposedDenoiser::products_for(const Flags& local, const Flags& received) {
  if (products_ && products_->local == local && products_->received == received) return *products_;
  products_ = std::make_unique<Products>();
  products_->local = local;
  products_->received = received;
  const std::int64_t hours = surrounds_.window_hours;
  std::vector<const Window*> border, interior;
  std::vector<std::int64_t> places;  // of those chosen among all border windows
  for (std::size_t i = 0; i < border_.size(); ++i) {
    const bool is_wanted = products_->ask_for(border_[i]);
    for (std::int64_t offset = 0; offset < hours; ++offset)
      if (!surrounds_.slab.contains(border_[i].first_hour + offset)) products_->sends.push_back(is_wanted);
    if (!is_wanted) continue;
    border.push_back(&border_[i]);
    places.push_back(static_cast<std::int64_t>(i));
  }
  for (const Window& window : interior_)
    if (products_->ask_for(window)) interior.push_back(&window);
  const bool is_padded = windows_.needs_full_batches();
  products_->border = make_batches(border, surrounds_, batch_, is_padded);
  products_->interior = make_batches(interior, surrounds_, batch_, is_padded);

  std::size_t next = 0;
  for (const Batch& batch : products_->border) {
    Hours rows;
    for (std::int64_t i = 0; i < batch.windows; ++i, ++next)
      for (std::int64_t offset = 0; offset < hours; ++offset) rows.push_back(places[next] * hours + offset);
    products_->border_rows.emplace_back(std::move(rows));
  }
  for (const Batch& batch : products_->interior) {
    std::vector<device::OrderedAddition::Item> items;
    for (std::int64_t row = 0; row < batch.windows * hours; ++row)
      items.push_back({row, batch.slab_rows.rows()[static_cast<std::size_t>(row)]});
    products_->interior_additions.emplace_back(items);
  }
  return *products_;
}

void ComposedDenoiser::differentiate(const std::vector<Batch>& batches, const Inputs& inputs,
                                     const at::Tensor& cotangent, const at::Tensor& received,
                                     const std::function<void(std::size_t, const at::Tensor&)>& use) {
  if (batches.empty()) return;
  const at::Tensor room = windows_.is_linear() ? at::Tensor() : room_for_batch(inputs.noisy);
  const at::Tensor cotangent_room = room_for_batch(inputs.noisy);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const Batch& batch = batches[i];
    differentiated_ += batch.windows;
    at::Tensor rows = cotangent_room.narrow(0, 0, batch.slab_rows.size()).zero_();
    batch.to_slab.back(cotangent, rows);
    batch.to_sent.back(received, rows);
    const diffusion::Windows windows =
        windows_.is_linear() ? diffusion::Windows{{}, batch.first_hours} : fill(batch, inputs, room);
    const at::Tensor gradients =
        windows_.noise_vjp(windows, inputs.level,
                           rows.view(windows_shape(inputs.noisy, batch.slots(), surrounds_.window_hours)));
    core::beat();
    use(i, in_hours(gradients));
  }
}

}  // namespace foehn::trajectory
