#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "foehn/diffusion/window_denoiser.hpp"
#include "foehn/model/clock.hpp"
#include "foehn/model/precision.hpp"
#include "foehn/model/tiling.hpp"

namespace foehn::model {

/// What enters and leaves a network, for each cell.
struct WindowChannels {
  std::int64_t window = 0;                      ///< hours that the network sees at once, odd
  std::int64_t variables = 0;                   ///< of an hour
  std::int64_t inputs = 1;                      ///< fields that enter for each channel that leaves
  std::int64_t extra_inputs = 0;                ///< more fields that enter, of the whole window
  bool dates = false;                           ///< whether it knows the time of the year and of the day
  std::vector<std::string> static_fields = {};  ///< names of fields that it knows beside its inputs

  /// Channels of a window, and of what the network gives: hours times variables, hours slowest.
  std::int64_t channels() const { return window * variables; }
  /// Channels that a caller gives.
  std::int64_t given_channels() const { return inputs * channels() + extra_inputs; }
  /// Channels that enter, with the static fields last.
  std::int64_t input_channels() const {
    return given_channels() + static_cast<std::int64_t>(static_fields.size());
  }
};

/// Tensors of a network, by name.
using TensorShapes = std::map<std::string, std::vector<std::int64_t>>;

/// "[3, 4]".
std::string describe_shape(const std::vector<std::int64_t>& shape);

/// @throws core::Error naming tensors that are missing, unknown or of another shape than expected
void check_tensors(const TensorShapes& expected, const TensorShapes& found);

std::int64_t parameter_count(const TensorShapes& shapes);

/// Random weights of a network, to time one or to test what uses one; float32.
std::map<std::string, at::Tensor> random_tensors(const TensorShapes& shapes, std::uint64_t seed);

/// Numbers set to 0 at random within a network's blocks while it is trained, and the others made larger.
struct Dropout {
  double part = 0;                   ///< how many, in [0, 1)
  std::vector<std::uint64_t> seeds;  ///< one per window: what is dropped depends on nothing else
};

/// A network that makes, of a window of fields, a field for each of its channels. Priors that precondition or
/// correct by a network know no more of it than this.
class Network : public diffusion::WindowDenoiser {
 public:
  const WindowChannels& channels() const { return channels_; }
  /// The tensors that the network computes with, by name; they can be made to require gradients. To change
  /// them is for training: estimates keep what they made of them at a noise level. Empty for a network in
  /// bf16, which keeps rounded ones.
  const std::map<std::string, at::Tensor>& tensors() const { return tensors_; }

  /// Says when the hours of windows to come are. A network that knows dates must be told.
  void set_clock(const Clock& clock) { clock_ = clock; }
  /// Says what the fields of channels().static_fields are. A network that knows some must be told.
  /// @param fields  [static field, y, x], any floating type
  /// @throws core::Error if there are more or fewer of them
  void set_static_fields(const at::Tensor& fields);
  const at::Tensor& static_fields() const { return static_fields_; }
  /// What the network is to know of the dates of windows, [window, kDateLabels]; undefined if nothing.
  /// @throws core::Error if it was not told when hours are
  at::Tensor labels(const std::vector<std::int64_t>& first_hours) const;

  /// Says that estimates are made of tiles of the domain: of each by itself, then blended, in the order of
  /// tiles. `forward` takes tiles as they are.
  void set_tiling(Tiling tiling) { tiling_ = std::move(tiling); }
  /// Fields with the static ones as last channels.
  /// @param given  [window, given channel, y, x] of the whole domain
  /// @throws core::Error if the network was not told its static fields
  at::Tensor complete(const at::Tensor& given) const;

  /// The network itself, differentiable in all its arguments.
  /// @param noisy   [window, given channel, y, x], type and device of the network; or, as of a part of the
  ///                domain, with all input channels, the static fields last
  /// @param t       time of the schedule, [window], or [1] for all windows
  /// @param labels  of windows
  /// @return        estimated noise, [window, hour*variable, y, x]
  at::Tensor forward(const at::Tensor& noisy, const at::Tensor& t, const at::Tensor& labels = {}) const;
  /// The same in another arithmetic than the network's own; rounds the weights anew each time.
  /// @param dropout  null: none; only for networks that have some
  at::Tensor forward(const at::Tensor& noisy, const at::Tensor& t, const at::Tensor& labels,
                     Precision precision, const Dropout* dropout = nullptr) const;

  bool needs_full_batches() const override;
  /// @param noisy  [window, given channel, y, x] of any floating type, and of any hours
  /// @throws core::Error if channels or sides do not fit the network
  at::Tensor noise_estimate(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level) override;
  at::Tensor noise_vjp(const diffusion::Windows& noisy, const diffusion::NoiseLevel& level,
                       const at::Tensor& cotangent) override;

 protected:
  /// @param options    type of fields and sums, and device
  /// @param precision  of estimates, and of `forward` where it is not told
  Network(const WindowChannels& channels, const at::TensorOptions& options, Precision precision)
      : channels_(channels), options_(options), precision_(precision) {}

  const at::TensorOptions& options() const { return options_; }
  Precision precision() const { return precision_; }
  std::map<std::string, at::Tensor>& own_tensors() { return tensors_; }

  /// @throws core::Error if such fields do not fit the network
  virtual void check_shape(const at::Tensor& noisy) const = 0;
  /// As forward.
  /// @param complete  with the static fields as last channels
  virtual at::Tensor compute(const at::Tensor& complete, const at::Tensor& t, const at::Tensor& labels,
                             Precision precision, const Dropout* dropout) const = 0;
  /// forward at a noise level, where what depends on it alone may be made once.
  /// @param labels  of these windows
  virtual at::Tensor compute_at(const at::Tensor& complete, const diffusion::NoiseLevel& level,
                                const at::Tensor& labels);

 private:
  /// Adds up what `use(cut, weights)` returns, [window, channel, ...], for each part of the domain that is
  /// evaluated by itself: `cut(fields)` is that part of fields, and weights how much it counts in its cells,
  /// 1 where it is all of them.
  /// @param sum  what is added to, [window, channel, y, x], zeros
  template <class Use>
  void for_each_part(at::Tensor sum, Use&& use) const;
  void check_fields(const at::Tensor& fields) const;

  WindowChannels channels_;
  at::TensorOptions options_;
  Precision precision_;
  std::map<std::string, at::Tensor> tensors_;
  std::optional<Clock> clock_;
  at::Tensor static_fields_;
  std::optional<Tiling> tiling_;
};

}  // namespace foehn::model
