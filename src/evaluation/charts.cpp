#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "evaluation/plots.hpp"

namespace foehn::evaluation {
namespace {

// In units of the figure, which the page scales.
constexpr double kWidth = 480, kHeight = 290;
constexpr double kLeft = 66, kRight = 12, kBottom = 42;
constexpr double kTitleHeight = 20, kLegendLine = 16;

std::string colour_of(Role role) {
  switch (role) {
    case Role::members:
      return "var(--members)";
    case Role::truth:
      return "var(--truth)";
    case Role::interpolation:
      return "var(--interpolation)";
    case Role::anomaly_interpolation:
      return "var(--anomaly)";
    case Role::observation:
      return "var(--observation)";
    case Role::ideal:
      break;
  }
  return "var(--ideal)";
}

/// Dashes, so that curves differ without colour.
std::string dashes_of(Role role) {
  switch (role) {
    case Role::interpolation:
      return R"( stroke-dasharray="7 3")";
    case Role::anomaly_interpolation:
      return R"( stroke-dasharray="2 3")";
    case Role::observation:
      return R"( stroke-dasharray="9 3 2 3")";
    case Role::ideal:
      return R"( stroke-dasharray="4 4")";
    case Role::members:
    case Role::truth:
      break;
  }
  return "";
}

/// One direction of a chart: what it spans in numbers and in the figure, and where its ticks are.
class Axis {
 public:
  Axis(double low, double high, bool is_logarithmic, double from, double to, bool is_in_hours = false,
       bool is_in_whole_numbers = false)
      : is_logarithmic_(is_logarithmic),
        low_(scaled(low)),
        high_(scaled(high)),
        from_(from),
        to_(to),
        is_in_hours_(is_in_hours),
        is_in_whole_numbers_(is_in_whole_numbers) {}

  double place(double value) const {
    return high_ > low_ ? from_ + (scaled(value) - low_) / (high_ - low_) * (to_ - from_) : (from_ + to_) / 2;
  }
  double low() const { return is_logarithmic_ ? std::exp(low_) : low_; }
  bool can_show(double value) const { return std::isfinite(value) && (!is_logarithmic_ || value > 0); }

  std::vector<double> ticks(std::size_t most) const { return is_logarithmic_ ? powers(most) : steps(most); }

 private:
  double scaled(double value) const { return is_logarithmic_ ? std::log(value) : value; }

  /// Multiples of 1, 2 or 5 times a power of ten, or of a whole part of a day.
  std::vector<double> steps(std::size_t most) const {
    const double span = high_ > low_ ? high_ - low_ : 1;
    const double raw = span / static_cast<double>(most);
    const double power = std::pow(10.0, std::floor(std::log10(raw)));
    const double mantissa = raw / power;
    double step = power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
    if (is_in_whole_numbers_) step = std::max(1.0, step);
    for (const double hours : {24.0, 12.0, 6.0, 3.0})
      if (is_in_hours_ && raw <= hours && raw > 1) step = hours;
    std::vector<double> values;
    for (double i = std::ceil(low_ / step - 1e-9); i * step <= high_ + 1e-9 * span; ++i)
      values.push_back(i == 0 ? 0 : i * step);
    return values;
  }
  /// 1, 2 and 5 times powers of ten, or some powers of ten where these are too many.
  std::vector<double> powers(std::size_t most) const {
    const double first = std::floor(low_ / std::log(10.0)), last = std::ceil(high_ / std::log(10.0));
    const auto within = [&](double value) {
      return scaled(value) >= low_ - 1e-9 && scaled(value) <= high_ + 1e-9;
    };
    std::vector<double> fine, coarse;
    for (double power = first; power <= last; ++power)
      for (const double mantissa : {1.0, 2.0, 5.0}) {
        const double value = mantissa * std::pow(10.0, power);
        if (!within(value)) continue;
        fine.push_back(value);
        if (mantissa == 1) coarse.push_back(value);
      }
    if (fine.size() <= most) return fine;
    const std::size_t stride = (coarse.size() + most - 1) / most;
    std::vector<double> some;
    for (std::size_t i = 0; i < coarse.size(); i += std::max<std::size_t>(1, stride))
      some.push_back(coarse[i]);
    return some;
  }

  bool is_logarithmic_;
  double low_, high_;
  double from_, to_;
  bool is_in_hours_, is_in_whole_numbers_;
};

/// Where the legend's entries stand, line by line.
struct Legend {
  struct Entry {
    std::string name;
    Role role;
    bool is_point;
    double x, y;
  };
  std::vector<Entry> entries;
  double bottom = kTitleHeight;

  void add(const std::string& name, Role role, bool is_point) {
    constexpr double kLetter = 7, kMark = 38;
    const double width = kMark + kLetter * static_cast<double>(name.size());
    if (entries.empty() || next_ + width > kWidth - kRight) {
      next_ = kLeft;
      bottom += kLegendLine;
    }
    entries.push_back({name, role, is_point, next_, bottom - 4});
    next_ += width;
  }

  std::string svg() const {
    std::string svg;
    for (const Entry& entry : entries) {
      const std::string colour = colour_of(entry.role);
      svg +=
          entry.is_point
              ? fmt::format(R"(<circle cx="{}" cy="{}" r="3.5" fill="{}"/>)", entry.x + 10, entry.y - 4,
                            colour)
              : fmt::format(R"(<line x1="{}" x2="{}" y1="{}" y2="{}" stroke="{}" stroke-width="2.5"{}/>)",
                            entry.x, entry.x + 20, entry.y - 4, entry.y - 4, colour, dashes_of(entry.role));
      svg += fmt::format(R"(<text x="{}" y="{}">{}</text>)", entry.x + 25, entry.y, escape_html(entry.name));
    }
    return svg;
  }

 private:
  double next_ = kLeft;
};

std::string tick_text(double value) {
  return fmt::format("{:.6g}", value);
}

/// The figure's beginning: title, labels, grid lines and ticks.
std::string frame(const ChartText& text, const Axis& x, const Axis& y, double top) {
  std::string svg = fmt::format(
      R"(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1}" role="img" aria-label="{2}">)"
      R"(<text x="{3}" y="14" class="title">{2}</text>)"
      R"(<text x="{4}" y="{5}" text-anchor="middle">{6}</text>)"
      R"svg(<text x="13" y="{7}" text-anchor="middle" transform="rotate(-90 13 {7})">{8}</text>)svg",
      kWidth, kHeight, escape_html(text.title), kLeft, (kLeft + kWidth - kRight) / 2, kHeight - 6,
      escape_html(text.x_label), (top + kHeight - kBottom) / 2, escape_html(text.y_label));
  for (const double tick : y.ticks(5))
    svg += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" class="grid"/>)"
                       R"(<text x="{}" y="{:.1f}" text-anchor="end">{}</text>)",
                       kLeft, kWidth - kRight, y.place(tick), y.place(tick), kLeft - 6, y.place(tick) + 4,
                       tick_text(tick));
  for (const double tick : x.ticks(8))
    svg += fmt::format(R"(<line x1="{0:.1f}" x2="{0:.1f}" y1="{1}" y2="{2}" class="grid"/>)"
                       R"(<text x="{0:.1f}" y="{3}" text-anchor="middle">{4}</text>)",
                       x.place(tick), top, kHeight - kBottom, kHeight - kBottom + 16, tick_text(tick));
  return svg;
}

/// Lines through runs of numbers, broken where one is missing.
std::string lines(const Curve& curve, std::span<const double> x, const Axis& across, const Axis& up) {
  std::string path;
  bool is_down = false;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const bool is_shown = across.can_show(x[i]) && up.can_show(curve.values[i]);
    if (is_shown)
      path +=
          fmt::format("{}{:.1f} {:.1f}", is_down ? "L" : "M", across.place(x[i]), up.place(curve.values[i]));
    is_down = is_shown;
  }
  return fmt::format(R"(<path d="{}" fill="none" stroke="{}" stroke-width="{}"{}{}/>)", path,
                     colour_of(curve.role), curve.is_thin ? 1 : 2, curve.is_thin ? R"( opacity="0.45")" : "",
                     dashes_of(curve.role));
}

std::string band(const Curve& curve, std::span<const double> x, const Axis& across, const Axis& up) {
  std::string there, back;
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (!across.can_show(x[i]) || !up.can_show(curve.low[i]) || !up.can_show(curve.high[i])) continue;
    there += fmt::format("{}{:.1f} {:.1f}", there.empty() ? "M" : "L", across.place(x[i]),
                         up.place(curve.high[i]));
    back = fmt::format("L{:.1f} {:.1f}", across.place(x[i]), up.place(curve.low[i])) + back;
  }
  return fmt::format(R"(<path d="{}{}Z" fill="{}" opacity="0.18"/>)", there, back, colour_of(curve.role));
}

/// The span of the finite (and, where asked for, positive) numbers.
struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  bool is_positive = false;

  void add(const std::vector<double>& values) {
    for (const double value : values) {
      if (!std::isfinite(value) || (is_positive && value <= 0)) continue;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  }
  bool is_empty() const { return low > high; }
};

}  // namespace

std::string line_chart(const ChartText& text, std::span<const double> x, const std::vector<Curve>& curves) {
  return line_chart(text, x, curves, {});
}

std::string line_chart(const ChartText& text, std::span<const double> x, const std::vector<Curve>& curves,
                       const Points& points) {
  Range across, up;
  across.is_positive = text.has_logarithmic_x;
  up.is_positive = text.has_logarithmic_y;
  across.add({x.begin(), x.end()});
  up.add(points.y);
  Legend legend;
  for (const Curve& curve : curves) {
    for (const auto* values : {&curve.values, &curve.low, &curve.high}) up.add(*values);
    if (!curve.is_thin) legend.add(curve.name, curve.role, false);
  }
  if (!points.x.empty()) legend.add(points.name, points.role, true);
  if (across.is_empty() || up.is_empty()) return "";
  if (text.begins_at_zero && !text.has_logarithmic_y) {
    up.low = std::min(up.low, 0.0);
    up.high = std::max(up.high, 0.0);
  }
  if (!text.has_logarithmic_y) {
    const double margin = 0.05 * (up.high - up.low);
    up.high += margin;
    if (up.low != 0) up.low -= margin;
  }

  const double top = legend.bottom + 8;
  const Axis horizontal(across.low, across.high, text.has_logarithmic_x, kLeft + 8, kWidth - kRight - 8,
                        text.is_x_in_hours, text.is_x_in_whole_numbers);
  const Axis vertical(up.low, up.high, text.has_logarithmic_y, kHeight - kBottom, top);
  std::string svg = frame(text, horizontal, vertical, top) + legend.svg();
  for (const Curve& curve : curves)
    if (!curve.low.empty()) svg += band(curve, x, horizontal, vertical);
  for (const Curve& curve : curves) svg += lines(curve, x, horizontal, vertical);
  for (std::size_t i = 0; i < points.x.size(); ++i)
    if (horizontal.can_show(points.x[i]) && vertical.can_show(points.y[i]))
      svg += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="3.5" fill="{}"/>)",
                         horizontal.place(points.x[i]), vertical.place(points.y[i]), colour_of(points.role));
  return "<figure class=\"chart\">" + svg + "</svg></figure>\n";
}

std::string bar_chart(const ChartText& text, std::span<const double> heights, double first, double last) {
  if (heights.empty()) return "";
  const double level = 1.0 / static_cast<double>(heights.size());
  const double highest = std::max(level, *std::max_element(heights.begin(), heights.end()));
  const double top = kTitleHeight + 8;
  const Axis horizontal(first, last, false, kLeft, kWidth - kRight, text.is_x_in_hours,
                        text.is_x_in_whole_numbers);
  const Axis vertical(0, 1.05 * highest, false, kHeight - kBottom, top);
  std::string svg = frame(text, horizontal, vertical, top);
  const double width = (kWidth - kRight - kLeft) / static_cast<double>(heights.size());
  for (std::size_t i = 0; i < heights.size(); ++i)
    svg +=
        fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>)",
                    kLeft + width * (static_cast<double>(i) + 0.06), vertical.place(heights[i]), 0.88 * width,
                    vertical.place(0) - vertical.place(heights[i]), colour_of(Role::members));
  svg += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="{}" stroke-width="1.5"{}/>)",
                     kLeft, kWidth - kRight, vertical.place(level), vertical.place(level),
                     colour_of(Role::ideal), dashes_of(Role::ideal));
  return "<figure class=\"chart\">" + svg + "</svg></figure>\n";
}

std::string escape_html(const std::string& text) {
  std::string escaped;
  for (const char letter : text) {
    switch (letter) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      default:
        escaped += letter;
    }
  }
  return escaped;
}

}  // namespace foehn::evaluation
