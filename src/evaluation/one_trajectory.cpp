#include "evaluation/one_trajectory.hpp"

#include <limits>
#include <string>

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
  const TrajectoryShape shape{grid.ny(), grid.nx(), sources.hours, sources.step_hours()};
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
  if (!wind_) return;
  if (wind_->are_components()) speed_.emplace(kWindSpeed, "m s-1", shape, 0.0);
  power_.emplace(curve, shape);
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
  if (wind_) add_wind(date, hour, fields);
}

void OneTrajectory::add_wind(const calendar::DateTime& date, std::int64_t hour,
                             std::span<const double> fields) {
  std::vector<double> speeds(cells_);
  for (std::size_t cell = 0; cell < cells_; ++cell) speeds[cell] = wind_->speed(fields, cells_, cell);
  if (speed_) speed_->add(date, speeds);
  power_->add(date, speeds);
  const std::vector<double> pressure = pressure_ ? pressure_->values(fields, cells_) : std::vector<double>{};
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

TrajectorySummary OneTrajectory::finish() {
  TrajectorySummary summary;
  for (OfVariable& gathered : variables_) {
    gathered.field.finish(summary);
    gathered.daily.finish(summary);
    if (gathered.indices) gathered.indices->finish(summary);
    if (gathered.precipitation) gathered.precipitation->finish(summary);
  }
  if (speed_) speed_->finish(summary);
  if (power_) power_->finish(summary);
  if (components_) {
    components_->divergence.finish(summary);
    components_->curl.finish(summary);
  }
  if (geostrophic_) geostrophic_->finish(summary);
  if (storms_) storms_->finish(summary);
  return summary;
}

std::vector<double> OneTrajectory::distributions() const {
  if (!projections_) return {};
  std::vector<const QuantileSketch*> sketches;
  for (const OfVariable& gathered : variables_) sketches.push_back(&gathered.field.values());
  if (speed_) sketches.push_back(&speed_->values());
  return DistributionDistances::pack(sketches, *projections_);
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
