#include "evaluation/agreement.hpp"

#include <algorithm>
#include <cmath>

namespace foehn::evaluation {

Agreement::Agreement(const Sources& sources, const std::vector<double>& std)
    : sources_(sources),
      std_(std.empty() ? std::vector<double>(sources.variables().size(), 1.0) : std),
      sums_(sources.variables().size()) {
  for (const ObservationSeries& series : sources.observations)
    means_.emplace_back(sources.members.size() * series.source.variables.size() *
                        static_cast<std::size_t>(sources.blocks.coarse_cells()));
}

void Agreement::add(std::int64_t hour, const std::vector<std::span<const float>>& members) {
  for (std::size_t series = 0; series < means_.size(); ++series) add_to(series, hour, members);
}

void Agreement::add_to(std::size_t series_index, std::int64_t hour,
                       const std::vector<std::span<const float>>& members) {
  const ObservationSeries& series = sources_.observations[series_index];
  const std::int64_t since_first = hour - series.first_hour;
  if (since_first < 0 || since_first / series.period >= series.size()) return;
  const std::int64_t since_begin = since_first % series.period;
  if (since_begin >= series.covered_hours) return;

  const auto& variables = series.source.variables;
  const auto fine_cells = static_cast<std::size_t>(sources_.blocks.fine_cells());
  const auto coarse_cells = static_cast<std::size_t>(sources_.blocks.coarse_cells());
  std::vector<double>& means = means_[series_index];
  if (since_begin == 0) std::fill(means.begin(), means.end(), 0.0);
  std::vector<double> blocks(coarse_cells);
  auto mean = means.begin();
  for (const auto& member : members) {
    for (const std::int64_t variable : variables) {
      sources_.blocks.mean(member.subspan(static_cast<std::size_t>(variable) * fine_cells, fine_cells),
                           blocks);
      for (const double block : blocks) *mean++ += block / static_cast<double>(series.covered_hours);
    }
  }
  if (since_begin + 1 < series.covered_hours) return;

  std::vector<float> observed(variables.size() * coarse_cells);
  series.source.reader.read_with_gaps(since_first / series.period, 1, observed);
  for (std::size_t i = 0; i < variables.size(); ++i) {
    const auto field = std::span(observed).subspan(i * coarse_cells, coarse_cells);
    AgreementSums& sums = sums_[static_cast<std::size_t>(variables[i])];
    for (std::size_t cell = 0; cell < coarse_cells; ++cell) {
      if (!sources_.blocks.is_covered(cell)) continue;
      ++sums.values;
      if (std::isnan(field[cell])) ++sums.missing;
    }
  }
  mean = means.begin();
  for (std::size_t member = 0; member < members.size(); ++member) {
    auto value = observed.begin();
    for (const std::int64_t variable : variables) {
      const auto v = static_cast<std::size_t>(variable);
      for (std::size_t cell = 0; cell < coarse_cells; ++cell, ++mean, ++value)
        if (sources_.blocks.is_covered(cell) && !std::isnan(*value))
          sums_[v].errors.add((*mean - static_cast<double>(*value)) / std_[v]);
    }
  }
}

}  // namespace foehn::evaluation
