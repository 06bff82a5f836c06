#include "evaluation/trajectory_summary.hpp"

namespace foehn::evaluation {

void TrajectorySummary::add(const std::string& variable, const std::string& name, const std::string& units,
                            const std::string& meaning, double value) {
  add_curve(variable, name, units, meaning, "", {}, {value});
}

void TrajectorySummary::add_curve(const std::string& variable, const std::string& name,
                                  const std::string& units, const std::string& meaning,
                                  const std::string& abscissa, const std::vector<double>& at,
                                  const std::vector<double>& values) {
  TrajectoryStatistic& kind = kinds_.emplace_back();
  kind.variable = variable;
  kind.name = name;
  kind.units = units;
  kind.meaning = meaning;
  kind.abscissa = abscissa;
  kind.at = at;
  values_.insert(values_.end(), values.begin(), values.end());
}

}  // namespace foehn::evaluation
