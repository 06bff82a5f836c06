#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "foehn/io/point_data.hpp"

namespace foehn::io {

/// Brings values together by variable and sampling, and their places to one of each.
class PointCollector {
 public:
  explicit PointCollector(std::filesystem::path file, calendar::Calendar calendar)
      : file_(std::move(file)), calendar_(calendar) {}

  /// @param value  NaN is missing
  /// @throws core::Error naming the place: a position that is none, an infinite value, an error that is not
  ///         positive, or an interval without length
  void add(std::size_t variable, PointSampling sampling, const Place& place, const PointValue& value,
           bool is_flagged = false);
  std::vector<PointData> take();

 private:
  struct Part {
    PointData data;
    std::map<std::tuple<std::string, double, double>, std::size_t> places;
  };
  std::filesystem::path file_;
  calendar::Calendar calendar_;
  std::map<std::pair<std::size_t, PointSampling>, Part> parts_;
};

/// The words of cell_methods and of the column `method`. @throws core::Error naming another word
PointSampling point_sampling(const std::string& word);

std::vector<PointData> read_point_table(const std::filesystem::path& path,
                                        const std::vector<Variable>& wanted);
std::vector<PointData> read_point_netcdf(const std::filesystem::path& path,
                                         const std::vector<Variable>& wanted);

/// "tas, psl": the variables that are wanted, for messages.
std::string names_of(const std::vector<Variable>& variables);

}  // namespace foehn::io
