#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "comm/transports.hpp"
#include "foehn/comm/row_exchange.hpp"

namespace foehn::comm::row_exchange_mpi_test {
namespace {

using Rows = std::vector<std::int64_t>;

/// Rows 0 to count - 1, shared out in order and unevenly; with three ranks or more the second holds none.
std::vector<Rows> share(std::int64_t count, int ranks) {
  std::vector<Rows> held(static_cast<std::size_t>(ranks));
  for (std::int64_t row = 0; row < count; ++row) {
    auto rank = static_cast<std::size_t>(row * row * ranks / (count * count));
    if (ranks >= 3 && rank == 1) rank = 2;
    held[rank].push_back(row);
  }
  return held;
}

/// Every rank wants rows of everyone, some twice, some not at all; the last rank wants nothing.
std::vector<Rows> wishes(std::int64_t count, int ranks) {
  std::vector<Rows> wanted(static_cast<std::size_t>(ranks));
  for (int rank = 0; rank + 1 < std::max(2, ranks); ++rank)
    for (std::int64_t i = 0; i < count; ++i)
      if ((i + rank) % 3 != 0)
        wanted[static_cast<std::size_t>(rank)].insert(wanted[static_cast<std::size_t>(rank)].end(),
                                                      {(i * 5 + rank) % count, i});
  return wanted;
}

at::Tensor row_values(const Rows& rows) {
  at::Tensor values = at::empty({static_cast<std::int64_t>(rows.size()), 2, 3}, at::kDouble);
  for (std::size_t i = 0; i < rows.size(); ++i)
    values[static_cast<std::int64_t>(i)] =
        at::arange(6, at::kDouble).reshape({2, 3}) + 100.0 * static_cast<double>(rows[i]);
  return values;
}

double dot_over_ranks(const Communicator& world, const at::Tensor& a, const at::Tensor& b) {
  const std::vector<double> mine{(a * b).sum().item<double>()};
  return world.ordered_sum(mine);
}

class RowExchangeOver : public OverEveryTransport {
 protected:
  std::size_t me() const { return static_cast<std::size_t>(world_.rank()); }
};

TEST_P(RowExchangeOver, BringsEveryWantedRowFromWhoeverHoldsIt) {
  for (const std::int64_t count : {1, 2, 11, 40}) {
    const auto held = share(count, world_.size()), wanted = wishes(count, world_.size());
    const RowExchange exchange(*transport_, held, wanted);
    EXPECT_TRUE(
        at::equal(exchange.exchange(row_values(held[me()]).to(device_)).cpu(), row_values(wanted[me()])))
        << count;
  }
}

TEST_P(RowExchangeOver, CountsWhatItSendsToOtherRanks) {
  const auto held = share(23, world_.size()), wanted = wishes(23, world_.size());
  const RowExchange exchange(*transport_, held, wanted);
  const at::Tensor rows = at::zeros({static_cast<std::int64_t>(held[me()].size()), 2, 3},
                                    at::TensorOptions(at::kFloat).device(device_));
  EXPECT_EQ(exchange.traffic().sent_bytes, 0);
  const at::Tensor found = exchange.exchange(rows);
  // What is sent one way comes back the other way.
  const double sent = static_cast<double>(exchange.traffic().sent_bytes);
  exchange.adjoint(found);
  const double sent_back = static_cast<double>(exchange.traffic().sent_bytes) - sent;

  double foreign = 0;
  for (const std::int64_t row : wanted[me()])
    foreign += std::count(held[me()].begin(), held[me()].end(), row) == 0 ? 1 : 0;
  const auto over_ranks = [&](double mine) { return world_.ordered_sum(std::vector<double>{mine}); };
  const double expected = over_ranks(foreign) * 2 * 3 * sizeof(float);
  EXPECT_EQ(over_ranks(sent), expected);
  EXPECT_EQ(over_ranks(sent_back), expected);
  EXPECT_GE(exchange.traffic().waiting_seconds, 0);
}

TEST_P(RowExchangeOver, HasAnExactAdjoint) {
  at::manual_seed(20 + static_cast<std::uint64_t>(world_.rank()));
  const auto options = at::TensorOptions(at::kDouble).device(device_);
  const auto held = share(23, world_.size()), wanted = wishes(23, world_.size());
  const RowExchange exchange(*transport_, held, wanted);
  const at::Tensor x = at::randn({static_cast<std::int64_t>(held[me()].size()), 2, 3}, options);
  const at::Tensor y = at::randn({static_cast<std::int64_t>(wanted[me()].size()), 2, 3}, options);
  const double left = dot_over_ranks(world_, exchange.exchange(x), y);
  const double right = dot_over_ranks(world_, x, exchange.adjoint(y));
  EXPECT_NEAR(left, right, 1e-12 * std::max(1.0, std::abs(left)));
}

TEST_P(RowExchangeOver, SumsCopiesInOneOrderOnAnyNumberOfRanks) {
  // Windows of five hours want rows; shared out in order of their centres, their cotangents must add up to
  // the same bits as on one rank.
  const std::int64_t hours = 14, reach = 2;
  const auto windows_of = [&](const Rows& centres) {
    Rows rows;
    for (const std::int64_t centre : centres)
      for (std::int64_t hour = centre - reach; hour <= centre + reach; ++hour)
        if (hour >= 0 && hour < hours) rows.push_back(hour);
    return rows;
  };
  const auto held = share(hours, world_.size());
  std::vector<Rows> wanted;
  Rows everything(static_cast<std::size_t>(hours));
  std::iota(everything.begin(), everything.end(), 0);
  std::int64_t before = 0, mine = 0;
  for (int rank = 0; rank < world_.size(); ++rank) {
    wanted.push_back(windows_of(held[static_cast<std::size_t>(rank)]));
    const auto size = static_cast<std::int64_t>(wanted.back().size());
    if (rank < world_.rank()) before += size;
    if (rank == world_.rank()) mine = size;
  }
  const Rows all = windows_of(everything);
  at::manual_seed(21);
  const at::Tensor cotangents =
      at::randn({static_cast<std::int64_t>(all.size()), 3, 5}, at::kFloat).to(device_);

  const Communicator alone = world_.split(world_.rank());
  const auto in_itself = GetParam().among(alone);
  const at::Tensor expected = RowExchange(*in_itself, {everything}, {all}).adjoint(cotangents);
  const at::Tensor found = RowExchange(*transport_, held, wanted).adjoint(cotangents.narrow(0, before, mine));
  const Rows& rows = held[static_cast<std::size_t>(world_.rank())];
  for (std::size_t i = 0; i < rows.size(); ++i)
    EXPECT_TRUE(at::equal(found[static_cast<std::int64_t>(i)], expected[rows[i]])) << "hour " << rows[i];
}

TEST_P(RowExchangeOver, RefusesARowThatNobodyHolds) {
  std::vector<Rows> held(static_cast<std::size_t>(world_.size())), wanted(held.size());
  wanted[0] = {7};
  EXPECT_THROW(RowExchange(*transport_, held, wanted), core::Error);
}

TEST_P(RowExchangeOver, LeavesOutRowsOfZeros) {
  const auto held = share(23, world_.size()), wanted = wishes(23, world_.size());
  const RowExchange exchange(*transport_, held, wanted);
  at::Tensor rows = row_values(held[me()]).to(device_);
  std::vector<bool> has_values;
  for (std::size_t i = 0; i < held[me()].size(); ++i) {
    has_values.push_back(held[me()][i] % 3 == 0);
    if (!has_values.back()) rows[static_cast<std::int64_t>(i)].zero_();
  }
  const at::Tensor expected = exchange.exchange(rows);
  const auto sent_all = exchange.traffic().sent_bytes;
  EXPECT_TRUE(at::equal(exchange.exchange_some(rows, has_values), expected));
  EXPECT_LE(exchange.traffic().sent_bytes - sent_all, sent_all);
}

TEST_P(RowExchangeOver, GivesUpWhatIsNotFinished) {
  const auto held = share(11, world_.size()), wanted = wishes(11, world_.size());
  const RowExchange exchange(*transport_, held, wanted);
  const at::Tensor rows = row_values(held[me()]).to(device_);
  exchange.exchange(rows);
  { const RowExchange::Pending pending = exchange.begin(at::zeros_like(rows)); }
  world_.any(false);  // all have given up
}

INSTANTIATE_TEST_SUITE_P(Here, RowExchangeOver, ::testing::ValuesIn(transports_here()),
                         [](const auto& tested) { return tested.param.name; });

}  // namespace
}  // namespace foehn::comm::row_exchange_mpi_test
