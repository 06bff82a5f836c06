#include "model/shared_nodes.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "foehn/core/error.hpp"
#include "model/kept_pointer.hpp"

namespace foehn::model {

namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Rows = std::vector<std::vector<std::int64_t>>;

constexpr const char* kNodes = "nodes";

class TakeOwn : public torch::autograd::Function<TakeOwn> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& all, const SharedNodes* nodes) {
    context->saved_data[kNodes] = kept(*nodes);
    return nodes->in_band(all);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {kept_in<SharedNodes>(context->saved_data[kNodes]).joined(gradients[0]), at::Tensor()};
  }
};

class JoinAll : public torch::autograd::Function<JoinAll> {
 public:
  static at::Tensor forward(AutogradContext* context, const at::Tensor& own, const SharedNodes* nodes) {
    context->saved_data[kNodes] = kept(*nodes);
    return nodes->joined(own);
  }
  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    return {kept_in<SharedNodes>(context->saved_data[kNodes]).in_band(gradients[0]), at::Tensor()};
  }
};

/// Every rank wants all rows.
Rows all_of(std::int64_t rows, int ranks) {
  std::vector<std::int64_t> all(static_cast<std::size_t>(rows));
  std::iota(all.begin(), all.end(), 0);
  return Rows(static_cast<std::size_t>(ranks), all);
}

/// The first rank holds one row.
Rows of_first(int ranks) {
  Rows held(static_cast<std::size_t>(ranks));
  held.front() = {0};
  return held;
}

}  // namespace

SharedNodes::SharedNodes(comm::Transport& transport, NodeBands band, const at::Device& device,
                         std::int64_t most_bytes)
    : transport_(&transport),
      band_(std::move(band)),
      device_(device),
      most_bytes_(most_bytes),
      to_all_(transport, band_.all(), all_of(band_.nodes(), band_.ranks()), "cells"),
      from_first_(transport, of_first(band_.ranks()), all_of(1, band_.ranks()), "windows") {}

at::Tensor SharedNodes::in_band(const at::Tensor& all) const {
  return all.narrow(1, band_.first(), band_.size()).clone(at::MemoryFormat::Contiguous);
}

at::Tensor SharedNodes::joined(const at::Tensor& own) const {
  return to_all_.exchange(own.transpose(0, 1).contiguous()).transpose(0, 1).contiguous();
}

at::Tensor SharedNodes::own(const at::Tensor& all) const {
  return TakeOwn::apply(all, this);
}

at::Tensor SharedNodes::all(const at::Tensor& own) const {
  return JoinAll::apply(own, this);
}

std::vector<at::Tensor> SharedNodes::pieces_of(const at::Tensor& fields) const {
  const at::Tensor channels = fields.view({-1, fields.size(2), fields.size(3)});
  const auto of_channel = static_cast<std::int64_t>(channels[0].nbytes());
  return channels.split(std::max<std::int64_t>(most_bytes_ / of_channel, 1));
}

void SharedNodes::tell_fields(const at::Tensor& fields) const {
  for (const at::Tensor& piece : pieces_of(fields.contiguous())) from_first_.exchange(piece.unsqueeze(0));
}

at::Tensor SharedNodes::hear_fields(const std::vector<std::int64_t>& shape, at::ScalarType type) const {
  at::Tensor fields = at::empty(shape, at::TensorOptions(type).device(device_));
  for (at::Tensor& piece : pieces_of(fields))
    piece.copy_(from_first_.exchange(piece.unsqueeze(0).narrow(0, 0, 0))[0]);
  return fields;
}

void SharedNodes::tell(const Order& order) const {
  if (is_busy_) throw core::Error("a network failed while ranks evaluated it together (run.space_ranks)");
  const comm::Communicator& ranks = transport_->ranks();
  std::vector<std::int64_t> numbers{static_cast<std::int64_t>(order.task)};
  if (order.task == Task::none) {
    ranks.broadcast(numbers);
    return;
  }
  is_busy_ = true;
  const at::Tensor& fields = order.noisy.fields;
  numbers.push_back(static_cast<std::int64_t>(fields.scalar_type()));
  numbers.insert(numbers.end(), fields.sizes().begin(), fields.sizes().end());
  numbers.push_back(order.cotangent.defined() ? order.cotangent.size(1) : 0);
  numbers.insert(numbers.end(), order.noisy.first_hours.begin(), order.noisy.first_hours.end());
  ranks.broadcast(numbers);
  std::vector<double> level{order.level.t, order.level.mu, order.level.sigma};
  ranks.broadcast(level);
  tell_fields(fields);
  if (order.cotangent.defined()) tell_fields(order.cotangent.to(fields.scalar_type()));
}

SharedNodes::Order SharedNodes::hear() const {
  const comm::Communicator& ranks = transport_->ranks();
  std::vector<std::int64_t> numbers;
  ranks.broadcast(numbers);
  Order order;
  order.task = static_cast<Task>(numbers[0]);
  if (order.task == Task::none) return order;
  const auto type = static_cast<at::ScalarType>(numbers[1]);
  std::vector<std::int64_t> shape{numbers[2], numbers[3], numbers[4], numbers[5]};
  order.noisy.first_hours.assign(numbers.begin() + 7, numbers.end());
  std::vector<double> level;
  ranks.broadcast(level);
  order.level = {level[0], level[1], level[2]};
  order.noisy.fields = hear_fields(shape, type);
  if (order.task == Task::product) {
    shape[1] = numbers[6];
    order.cotangent = hear_fields(shape, type);
  }
  return order;
}

}  // namespace foehn::model
