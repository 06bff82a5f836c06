#include "foehn/comm/row_exchange.hpp"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <chrono>
#include <unordered_map>
#include <utility>

#include "foehn/core/heartbeat.hpp"

namespace foehn::comm {

namespace {

constexpr int kFlagsTag = 19;

/// Puts the rows that came along each link where they are wanted.
template <class Link>
void put(const std::vector<Link>& links, const std::vector<at::Tensor>& incoming, at::Tensor& wanted) {
  for (std::size_t i = 0; i < links.size(); ++i)
    wanted.index_copy_(0, links[i].positions.on(wanted.device()), incoming[i]);
}

}  // namespace

RowExchange::RowExchange(Transport& transport, const std::vector<std::vector<std::int64_t>>& held,
                         const std::vector<std::vector<std::int64_t>>& wanted, std::string what)
    : transport_(&transport), what_(std::move(what)) {
  const auto me = static_cast<std::size_t>(transport.ranks().rank());
  const auto ranks = static_cast<std::size_t>(transport.ranks().size());
  held_count_ = static_cast<std::int64_t>(held[me].size());
  wanted_count_ = static_cast<std::int64_t>(wanted[me].size());

  struct Place {
    std::size_t rank;
    std::int64_t position;
  };
  std::unordered_map<std::int64_t, Place> holder;
  for (std::size_t rank = 0; rank < ranks; ++rank)
    for (std::size_t i = 0; i < held[rank].size(); ++i)
      holder[held[rank][i]] = {rank, static_cast<std::int64_t>(i)};

  std::vector<std::vector<std::int64_t>> sending(ranks), receiving(ranks);
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    for (std::size_t i = 0; i < wanted[rank].size(); ++i) {
      const auto found = holder.find(wanted[rank][i]);
      if (found == holder.end()) throw core::Error(fmt::format("row {} is held by no rank", wanted[rank][i]));
      if (found->second.rank == me) sending[rank].push_back(found->second.position);
      if (rank == me) receiving[found->second.rank].push_back(static_cast<std::int64_t>(i));
    }
  }
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const int peer = static_cast<int>(rank);
    if (!sending[rank].empty()) sending_.push_back({peer, device::RowIndex(std::move(sending[rank]))});
    if (!receiving[rank].empty()) receiving_.push_back({peer, device::RowIndex(std::move(receiving[rank]))});
  }
  for (const Link& link : sending_) {
    std::vector<device::OrderedAddition::Item> items;
    for (const std::int64_t position : link.positions.rows())
      items.push_back({static_cast<std::int64_t>(items.size()), position});
    additions_.emplace_back(items);
  }
}

RowExchange::Pending RowExchange::begin_along(const at::Tensor& rows, const std::vector<Link>& senders,
                                              const std::vector<Link>& receivers) const {
  const int me = transport_->ranks().rank();
  Pending pending;
  std::vector<Transport::Part> out, in;
  at::Tensor own;  // what this rank sends itself
  for (const Link& link : senders) {
    const at::Tensor chosen = rows.index_select(0, link.positions.on(rows.device())).contiguous();
    if (link.peer == me) {
      own = chosen;
      continue;
    }
    out.push_back({link.peer, chosen});
    traffic_.sent_bytes += static_cast<std::int64_t>(chosen.nbytes());
  }
  auto shape = rows.sizes().vec();
  for (const Link& link : receivers) {
    shape[0] = link.positions.size();
    pending.incoming.push_back(link.peer == me ? own : at::empty(shape, rows.options()));
    if (link.peer != me) in.push_back({link.peer, pending.incoming.back()});
  }
  pending.flight = transport_->start(std::move(out), std::move(in));
  return pending;
}

void RowExchange::wait_for(Pending& pending) const {
  const auto start = std::chrono::steady_clock::now();
  pending.flight->finish();
  traffic_.waiting_seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

RowExchange::Pending RowExchange::begin(const at::Tensor& rows) const {
  Pending pending = begin_along(rows, sending_, receiving_);
  auto shape = rows.sizes().vec();
  shape[0] = wanted_count_;
  pending.wanted = at::empty(shape, rows.options());
  return pending;
}

at::Tensor RowExchange::finish(Pending pending) const {
  const core::Activity activity("exchange of " + what_);
  wait_for(pending);
  put(receiving_, pending.incoming, pending.wanted);
  return pending.wanted;
}

at::Tensor RowExchange::adjoint(const at::Tensor& rows) const {
  const core::Activity activity("exchange of " + what_);
  Pending pending = begin_along(rows, receiving_, sending_);
  wait_for(pending);
  auto shape = rows.sizes().vec();
  shape[0] = held_count_;
  at::Tensor sums = at::zeros(shape, rows.options());
  for (std::size_t i = 0; i < additions_.size(); ++i) additions_[i](pending.incoming[i], sums);
  return sums;
}

std::vector<std::vector<char>> RowExchange::exchange_flags(const std::vector<bool>& has_values) const {
  const int me = transport_->ranks().rank();
  std::vector<std::vector<char>> outgoing, incoming;
  std::vector<MPI_Request> requests;
  for (const Link& link : receiving_) {
    std::vector<char>& flags = incoming.emplace_back(link.positions.rows().size());
    if (link.peer == me) continue;
    check_mpi(MPI_Irecv(flags.data(), static_cast<int>(flags.size()), MPI_CHAR, link.peer, kFlagsTag,
                        transport_->ranks().handle(), &requests.emplace_back(MPI_REQUEST_NULL)),
              "receive flags of rows");
  }
  for (const Link& link : sending_) {
    std::vector<char>& flags = outgoing.emplace_back();
    for (const std::int64_t position : link.positions.rows())
      flags.push_back(has_values[static_cast<std::size_t>(position)] ? 1 : 0);
    if (link.peer == me) continue;
    check_mpi(MPI_Isend(flags.data(), static_cast<int>(flags.size()), MPI_CHAR, link.peer, kFlagsTag,
                        transport_->ranks().handle(), &requests.emplace_back(MPI_REQUEST_NULL)),
              "send flags of rows");
  }
  for (std::size_t i = 0; i < receiving_.size(); ++i)
    for (std::size_t j = 0; j < sending_.size(); ++j)
      if (receiving_[i].peer == me && sending_[j].peer == me) incoming[i] = outgoing[j];
  wait(requests);
  return incoming;
}

at::Tensor RowExchange::exchange_some(const at::Tensor& rows, const std::vector<bool>& has_values) const {
  const core::Activity activity("exchange of " + what_);
  const std::vector<std::vector<char>> coming = exchange_flags(has_values);
  std::vector<Link> senders, receivers;
  for (const Link& link : sending_) {
    std::vector<std::int64_t> positions;
    for (const std::int64_t position : link.positions.rows())
      if (has_values[static_cast<std::size_t>(position)]) positions.push_back(position);
    if (!positions.empty()) senders.push_back({link.peer, device::RowIndex(std::move(positions))});
  }
  for (std::size_t i = 0; i < receiving_.size(); ++i) {
    std::vector<std::int64_t> positions;
    for (std::size_t j = 0; j < coming[i].size(); ++j)
      if (coming[i][j] != 0) positions.push_back(receiving_[i].positions.rows()[j]);
    if (!positions.empty()) receivers.push_back({receiving_[i].peer, device::RowIndex(std::move(positions))});
  }
  Pending pending = begin_along(rows, senders, receivers);
  wait_for(pending);
  auto shape = rows.sizes().vec();
  shape[0] = wanted_count_;
  at::Tensor wanted = at::zeros(shape, rows.options());
  put(receivers, pending.incoming, wanted);
  return wanted;
}

}  // namespace foehn::comm
