#include "foehn/tuning/search.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <set>

namespace foehn::tuning::search_test {
namespace {

const std::vector<Dimension> kTwo{{"a", 0.01, 1, 0, 0}, {"b", 1, 100, 1}};

/// What a search of a loss finds, trial after trial.
std::vector<Tried> search(const std::vector<Dimension>& dimensions, const SearchOptions& options,
                          const std::function<Tried(const std::vector<double>&)>& loss,
                          const std::optional<std::vector<double>>& start = {}) {
  std::vector<Tried> all;
  for (std::int64_t number = 0; number < options.trials(); ++number) {
    const std::span before(all.data(), static_cast<std::size_t>(round_of(number, options).first));
    Tried next = loss(propose(dimensions, options, start, before, number));
    all.push_back(std::move(next));
  }
  return all;
}

/// Least at a = 0.2 and b = 30, each of which one variable tells.
Tried bowl(const std::vector<double>& values) {
  const double a = std::log(values[0] / 0.2), b = std::log(values[1] / 30);
  return {values, {a * a, b * b}, a * a + b * b};
}

TEST(Search, HasOneRandomTrialInEachPartOfARange) {
  const SearchOptions options{.random = 10, .local = 0};
  std::set<int> parts[2];
  for (const Tried& trial : search(kTwo, options, bowl)) {
    parts[0].insert(static_cast<int>(std::floor(10 * std::log(trial.values[0] / 0.01) / std::log(100))));
    parts[1].insert(static_cast<int>(std::floor(10 * std::log(trial.values[1]) / std::log(100))));
  }
  // Rounded to three digits, a value may move across a border.
  for (const auto& one : parts) EXPECT_GE(one.size(), 9U);
}

TEST(Search, ComesCloserToTheBestInLocalTrials) {
  const SearchOptions options{.random = 6, .local = 40};
  const std::vector<Tried> all = search(kTwo, options, bowl);
  const std::vector<double>& best = all[*best_of(all)].values;
  EXPECT_NEAR(best[0] / 0.2, 1, 0.1);
  EXPECT_NEAR(best[1] / 30, 1, 0.1);
  EXPECT_LT(all[*best_of(all)].loss, 0.1 * all[*best_of(std::span(all).first(6))].loss);
}

TEST(Search, BeginsLocalTrialsWithTheBestOfEachVariable) {
  const std::vector<Dimension> dimensions{{"a", 0.01, 1, 0, 0}, {"b", 1, 1000, 0, 1}};
  const SearchOptions options{.random = 6, .local = 1};
  const std::vector<Tried> all = search(dimensions, options, bowl);
  std::size_t best_a = 0, best_b = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    if (all[i].losses[0] < all[best_a].losses[0]) best_a = i;
    if (all[i].losses[1] < all[best_b].losses[1]) best_b = i;
  }
  ASSERT_NE(best_a, best_b);
  EXPECT_EQ(all[6].values, (std::vector{all[best_a].values[0], all[best_b].values[1]}));
}

TEST(Search, BeginsWithWhatIsStated) {
  const std::vector<double> stated{0.123456, 7};
  EXPECT_EQ(search(kTwo, {.random = 2, .local = 0}, bowl, stated)[0].values, stated);
}

TEST(Search, StaysWithinItsRanges) {
  const auto outward = [](const std::vector<double>& values) {
    return Tried{values, {-values[0], -values[1]}, -values[0] - values[1]};
  };
  for (const Tried& trial : search(kTwo, {.random = 4, .local = 20}, outward))
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_GE(trial.values[i], kTwo[i].least);
      EXPECT_LE(trial.values[i], kTwo[i].most);
    }
}

TEST(Search, DependsOnItsSeedAlone) {
  const SearchOptions one{.random = 4, .local = 4, .seed = 1}, other{.random = 4, .local = 4, .seed = 2};
  const auto values = [](const std::vector<Tried>& all) {
    std::vector<std::vector<double>> found;
    for (const Tried& trial : all) found.push_back(trial.values);
    return found;
  };
  EXPECT_EQ(values(search(kTwo, one, bowl)), values(search(kTwo, one, bowl)));
  EXPECT_NE(values(search(kTwo, one, bowl)), values(search(kTwo, other, bowl)));
}

TEST(Search, GoesOnWhereTrialsFail) {
  const auto failing = [](const std::vector<double>& values) {
    return values[0] < 0.1 ? Tried{values, {}} : bowl(values);
  };
  const std::vector<Tried> all = search(kTwo, {.random = 8, .local = 16}, failing);
  EXPECT_GE(all[*best_of(all)].values[0], 0.1);
  const std::vector<Tried> none = search(kTwo, {.random = 2, .local = 2}, [](const auto& values) {
    return Tried{values, {}};
  });
  EXPECT_EQ(best_of(none), std::nullopt);
}

}  // namespace
}  // namespace foehn::tuning::search_test
