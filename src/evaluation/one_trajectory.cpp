#include "evaluation/one_trajectory.hpp"

#include <limits>
#include <string>

#include "evaluation/bootstrap.hpp"
#include "foehn/core/units.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kDerivativesUnit = 1e-5;  // s-1
constexpr const char* kDerivativesUnitText = "1e-5 s-1";
constexpr const char* kWindSpeed = "wind_speed";

}  // namespace

OneTrajectory::OneTrajectory(const Sources& sources, const PowerCurve& curve,
                             const std::vector<double>& middles, const LocalClimate* climate)
    : sources_(sources),
      cells_(static_cast<std::size_t>(sources.blocks.fine_cells())),
      wind_(WindVariables::among(sources.variables())),
      pressure_(SeaLevelPressure::among(sources.variables())) {
  const grid::Grid& grid = sources.grid();
  // A single instant has no step; any will do.
  const double step_hours = sources.step_hours() > 0 ? sources.step_hours() : 1;
  const TrajectoryShape shape{grid.ny(), grid.nx(), sources.hours, step_hours};
  for (std::size_t place = 0; place < sources.variables().size(); ++place) {
    const io::Variable& variable = sources.variables()[place];
    OfVariable& gathered =
        variables_.emplace_back(OfVariable{{variable.name, variable.units, shape, middles[place]},
                                           {variable.name, variable.units, shape, place, climate},
                                           std::nullopt,
                                           std::nullopt});
    if (variable.standard_name == "air_temperature")
      gathered.indices.emplace(variable.name, core::unit_conversion(variable.units, "K"), shape);
    if (const auto to_millimetres = to_millimetres_per_hour(variable))
      gathered.precipitation.emplace(variable.name, *to_millimetres, shape);
  }
  if (climate != nullptr) projections_.emplace(sources, *climate);
  const bool has_rows = !grid.unstructured;  // which neighbours are found along
  if (pressure_ && has_rows) tracks_.emplace(grid, shape);
  if (!wind_) return;
  if (wind_->are_components()) speed_.emplace(kWindSpeed, "m s-1", shape, 0.0);
  power_.emplace(curve, shape);
  if (!has_rows) return;
  if (pressure_) storms_.emplace(grid, shape);
  if (const auto wind = GridWind::among(sources.variables(), grid)) {
    components_.emplace(OfWind{*wind,
                               CentralDifferences(grid),
                               {"wind_divergence", kDerivativesUnitText, shape, 0.0},
                               {"wind_curl", kDerivativesUnitText, shape, 0.0}});
    if (pressure_) geostrophic_.emplace(grid);
  }
}

void OneTrajectory::add(std::int64_t hour, std::span<const double> fields) {
  const calendar::TimeAxis& times = sources_.members.front().times();
  const calendar::DateTime date =
      calendar::from_seconds(times.seconds[static_cast<std::size_t>(hour)], times.calendar);
  for (std::size_t place = 0; place < variables_.size(); ++place) {
    const auto field = fields.subspan(place * cells_, cells_);
    OfVariable& gathered = variables_[place];
    gathered.field.add(date, field);
    gathered.daily.add(date, field);
    if (gathered.indices) gathered.indices->add(date, field);
    if (gathered.precipitation) gathered.precipitation->add(field);
  }
  if (projections_) projections_->add(hour, fields);
  const std::vector<double> pressure = pressure_ ? pressure_->values(fields, cells_) : std::vector<double>{};
  if (tracks_) tracks_->add(pressure);
  if (wind_) add_wind(date, hour, fields, pressure);
}

void OneTrajectory::add_wind(const calendar::DateTime& date, std::int64_t hour,
                             std::span<const double> fields, std::span<const double> pressure) {
  std::vector<double> speeds(cells_);
  for (std::size_t cell = 0; cell < cells_; ++cell) speeds[cell] = wind_->speed(fields, cells_, cell);
  if (speed_) speed_->add(date, speeds);
  power_->add(date, speeds);
  if (storms_) storms_->add(hour, pressure, speeds);
  if (!components_) return;
  const GridWind::Components wind = components_->wind.values(fields, cells_);
  std::vector<double> divergence(cells_, std::numeric_limits<double>::quiet_NaN()), curl(divergence);
  for (const std::size_t cell : components_->differences.cells()) {
    divergence[cell] = components_->differences.divergence(wind.u, wind.v, cell) / kDerivativesUnit;
    curl[cell] = components_->differences.curl(wind.u, wind.v, cell) / kDerivativesUnit;
  }
  components_->divergence.add(date, divergence);
  components_->curl.add(date, curl);
  if (geostrophic_) geostrophic_->add(pressure, wind);
}

template <class Self, class F>
void OneTrajectory::visit_parts(Self& self, F&& visit) {
  const auto visit_if_there = [&](auto& part) {
    if (part) visit(*part);
  };
  for (auto& gathered : self.variables_) {
    visit(gathered.field);
    visit(gathered.daily);
    visit_if_there(gathered.indices);
    visit_if_there(gathered.precipitation);
  }
  visit_if_there(self.speed_);
  visit_if_there(self.power_);
  if (self.components_) {
    visit(self.components_->divergence);
    visit(self.components_->curl);
  }
  visit_if_there(self.geostrophic_);
  visit_if_there(self.tracks_);
}

std::vector<const FieldStatistics*> OneTrajectory::compared() const {
  std::vector<const FieldStatistics*> compared;
  for (const OfVariable& gathered : variables_) compared.push_back(&gathered.field);
  if (speed_) compared.push_back(&*speed_);
  return compared;
}

void OneTrajectory::end_block(std::int64_t end) {
  Block block{end, {}, {}};
  visit_parts(*this, [&](const auto& part) { part.append_sums(block.sums); });
  for (const FieldStatistics* field : compared())
    block.distributions.push_back(field->values().coarser(kBlockSteps));
  if (projections_) projections_->end_block();
  // Those of the blocks before are in it.
  for (const Block& before : blocks_)
    for (std::size_t place = 0; place < block.distributions.size(); ++place)
      block.distributions[place].add(before.distributions[place], -1);
  blocks_.push_back(std::move(block));
}

TrajectorySummary OneTrajectory::finish() {
  TrajectorySummary summary;
  visit_parts(*this, [&](auto& part) { part.finish(summary); });
  if (storms_) storms_->finish(summary);
  end_block(sources_.first_hour + sources_.hours);
  return summary;
}

std::vector<std::vector<double>> OneTrajectory::sums_by_block() const {
  std::vector<std::vector<double>> blocks;
  std::int64_t first = sources_.first_hour;
  for (std::size_t i = 0; i < blocks_.size(); ++i) {
    std::vector<double>& sums = blocks.emplace_back(blocks_[i].sums);
    for (std::size_t number = 0; i > 0 && number < sums.size(); ++number)
      sums[number] -= blocks_[i - 1].sums[number];
    if (storms_) storms_->append_sums(first, blocks_[i].end, sums);
    first = blocks_[i].end;
  }
  return blocks;
}

TrajectorySummary OneTrajectory::finish_sums(std::span<const double> sums,
                                             const Distributions& distributions) const {
  TrajectorySummary summary;
  SumReader reader(sums);
  visit_parts(*this, [&](const auto& part) { part.finish_sums(reader, summary); });
  if (storms_) storms_->finish_sums(reader, summary);
  const std::vector<const FieldStatistics*> fields = compared();
  for (std::size_t place = 0; place < fields.size(); ++place)
    fields[place]->finish_quantiles(distributions[place], summary);
  return summary;
}

std::vector<TrajectorySummary> OneTrajectory::resampled(const BootstrapOptions& options) const {
  if (!has_intervals(blocks_.size(), options)) return {};
  const std::vector<std::vector<double>> sums = sums_by_block();
  const BlockDistributions distributions(distributions_by_block());
  std::vector<TrajectorySummary> summaries;
  for_each_sample(blocks_.size(), options, [&](const std::vector<std::int64_t>& times) {
    summaries.push_back(finish_sums(weighted_sum(sums, times), distributions.weighted_sum(times)));
  });
  add_years(options, summaries);
  return summaries;
}

/// Years are drawn by themselves: a few of them have more in common than blocks of days.
void OneTrajectory::add_years(const BootstrapOptions& options,
                              std::vector<TrajectorySummary>& summaries) const {
  auto summary = summaries.begin();
  const std::size_t whole_years = variables_.front().daily.years().years();
  for_each_sample(whole_years, options, [&](const std::vector<std::int64_t>& times) {
    for (const OfVariable& gathered : variables_) gathered.daily.years().finish_years(times, *summary);
    ++summary;
  });
  for (const OfVariable& gathered : variables_) {
    if (!gathered.indices || !has_intervals(gathered.indices->years(), options)) continue;
    summary = summaries.begin();
    for_each_sample(gathered.indices->years(), options, [&](const std::vector<std::int64_t>& times) {
      gathered.indices->finish_years(times, *summary++);
    });
  }
}

std::vector<Distributions> OneTrajectory::distributions_by_block() const {
  std::vector<Distributions> blocks;
  for (const Block& block : blocks_) blocks.push_back(block.distributions);
  return blocks;
}

std::vector<double> OneTrajectory::distributions() const {
  if (!projections_) return {};
  std::vector<const QuantileSketch*> sketches;
  for (const FieldStatistics* field : compared()) sketches.push_back(&field->values());
  return DistributionDistances::pack(sketches, *projections_, distributions_by_block());
}

std::vector<ComparedVariable> OneTrajectory::compared_variables(const Sources& sources,
                                                                const std::vector<double>& middles) {
  std::vector<ComparedVariable> compared;
  for (std::size_t place = 0; place < middles.size(); ++place)
    compared.push_back({sources.variables()[place].name, sources.variables()[place].units, middles[place]});
  const auto wind = WindVariables::among(sources.variables());
  if (wind && wind->are_components()) compared.push_back({kWindSpeed, "m s-1", 0});
  return compared;
}

}  // namespace foehn::evaluation
