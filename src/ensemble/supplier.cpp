#include "supplier.hpp"

#include <utility>

namespace foehn::ensemble {

void Supplier::begin(std::unique_ptr<Packing> packing) {
  packing_ = std::move(packing);
  asked_ = sent_ = 0;
  is_given_up_ = false;
  order_.emplace(orders_, 0);
}

void Supplier::advance() {
  while (order_ && order_->is_done()) {
    const auto order = static_cast<Order>(order_->take().at(0));
    order_.reset();
    if (order == Order::next) {
      ++asked_;
      order_.emplace(orders_, 0);
    }
    is_given_up_ = order == Order::given_up;
  }
  for (; sent_ < asked_ && packing_->is_ready(sent_); ++sent_)
    outgoing_.emplace_back(chunks_, packing_->take(sent_), 0);
  while (!outgoing_.empty() && outgoing_.front().is_done()) outgoing_.pop_front();
}

}  // namespace foehn::ensemble
