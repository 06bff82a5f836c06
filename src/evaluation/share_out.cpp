#include "evaluation/share_out.hpp"

namespace foehn::evaluation {

void share_out(const Ranks& ranks, std::int64_t items,
               const std::function<std::vector<double>(std::int64_t)>& work,
               const std::function<void(std::int64_t, std::span<const double>)>& take) {
  for (std::int64_t first = 0; first < items; first += ranks.size) {
    const std::int64_t mine = first + ranks.rank;
    std::vector<double> numbers;
    ranks.agree([&] {
      if (mine < items) numbers = work(mine);
    });
    std::int64_t item = first;
    ranks.gather(numbers, [&](std::span<const double> each) {
      if (item < items) take(item++, each);
    });
  }
}

}  // namespace foehn::evaluation
