#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "evaluation/plots.hpp"

namespace foehn::evaluation {
namespace {

constexpr double kWidth = 600, kHeight = 310;
constexpr double kLeft = 64, kRight = 12, kTop = 48, kBottom = 44;
constexpr std::array kCurveColours = {"#1b6ca8", "#d1495b", "#2a9d5c", "#8e5ea2", "#c98a1b"};

/// Round numbers (1, 2 or 5 times a power of ten apart) from 0 to just above `maximum`.
std::vector<double> ticks(double maximum) {
  if (!(maximum > 0)) maximum = 1;
  const double raw_step = maximum / 5;
  const double power = std::pow(10.0, std::floor(std::log10(raw_step)));
  const double mantissa = raw_step / power;
  const double step = power * (mantissa <= 1 ? 1 : mantissa <= 2 ? 2 : mantissa <= 5 ? 5 : 10);
  std::vector<double> values;
  for (int i = 0; (i - 1) * step < maximum; ++i) values.push_back(i * step);
  return values;
}

double scale(double value, double low, double high, double from, double to) {
  return high > low ? from + (value - low) / (high - low) * (to - from) : (from + to) / 2;
}

double y_position(double value, double maximum) {
  return scale(value, 0, maximum, kHeight - kBottom, kTop);
}

/// Title, axis labels and the ordinate's ticks and grid lines.
std::string frame(const ChartText& text, const std::vector<double>& y_ticks) {
  std::string svg = fmt::format(
      R"(<svg viewBox="0 0 {0} {1}" width="{0}" height="{1}" role="img" aria-label="{2}">)"
      R"(<text x="{3}" y="16" class="title">{2}</text>)"
      R"(<text x="{4}" y="{5}" text-anchor="middle">{6}</text>)"
      R"svg(<text x="14" y="{7}" text-anchor="middle" transform="rotate(-90 14 {7})">{8}</text>)svg",
      kWidth, kHeight, escape_html(text.title), kLeft, (kLeft + kWidth - kRight) / 2, kHeight - 8,
      escape_html(text.x_label), (kTop + kHeight - kBottom) / 2, escape_html(text.y_label));
  for (const double tick : y_ticks) {
    const double y = y_position(tick, y_ticks.back());
    svg += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" class="grid"/>)"
                       R"(<text x="{}" y="{:.1f}" text-anchor="end">{:.4g}</text>)",
                       kLeft, kWidth - kRight, y, y, kLeft - 6, y + 4, tick);
  }
  return svg;
}

std::string x_tick(double position, double value) {
  return fmt::format(R"(<text x="{:.1f}" y="{}" text-anchor="middle">{:.3g}</text>)", position,
                     kHeight - kBottom + 16, value);
}

/// Every n-th of `count` labels, so that at most a dozen are drawn.
std::size_t label_stride(std::size_t count) {
  return (count + 11) / 12;
}

}  // namespace

std::string line_chart(const ChartText& text, std::span<const double> x, const std::vector<Curve>& curves,
                       bool logarithmic_x) {
  if (x.empty()) return "";
  double maximum = 0;
  for (const auto& curve : curves) {
    for (const double value : curve.values) maximum = std::fmax(maximum, value);  // skips NaN
  }
  const auto y_ticks = ticks(maximum);
  const auto abscissa = [&](double value) { return logarithmic_x ? std::log(value) : value; };
  const auto ends = std::minmax_element(x.begin(), x.end());
  const auto x_position = [&](double value) {
    return scale(abscissa(value), abscissa(*ends.first), abscissa(*ends.second), kLeft + 10,
                 kWidth - kRight - 10);
  };

  std::string svg = frame(text, y_ticks);
  double last_label = -kWidth;
  for (const double value : x) {
    // Labels that would overlap are left out.
    const double position = x_position(value);
    if (std::abs(position - last_label) < 34) continue;
    svg += x_tick(position, value);
    last_label = position;
  }
  for (std::size_t i = 0; i < curves.size(); ++i) {
    const char* colour = kCurveColours[i % kCurveColours.size()];
    std::string points, dots;
    for (std::size_t k = 0; k < x.size(); ++k) {
      if (std::isnan(curves[i].values[k])) continue;
      const double px = x_position(x[k]), py = y_position(curves[i].values[k], y_ticks.back());
      points += fmt::format("{:.1f},{:.1f} ", px, py);
      dots += fmt::format(R"(<circle cx="{:.1f}" cy="{:.1f}" r="2.5" fill="{}"/>)", px, py, colour);
    }
    svg +=
        fmt::format(R"(<polyline points="{}" fill="none" stroke="{}" stroke-width="2"/>)", points, colour) +
        dots;
    const double legend_x = kLeft + 165 * static_cast<double>(i);
    svg += fmt::format(
        R"(<line x1="{0}" x2="{1}" y1="30" y2="30" stroke="{2}" stroke-width="3"/><text x="{3}" y="34">{4}</text>)",
        legend_x, legend_x + 18, colour, legend_x + 23, escape_html(curves[i].name));
  }
  return svg + "</svg>\n";
}

std::string bar_chart(const ChartText& text, std::span<const double> heights) {
  if (heights.empty()) return "";
  const double level = 1.0 / static_cast<double>(heights.size());
  const auto y_ticks = ticks(std::max(level, *std::max_element(heights.begin(), heights.end())));
  std::string svg = frame(text, y_ticks);
  const double bottom = y_position(0, y_ticks.back());
  const double width = (kWidth - kRight - kLeft) / static_cast<double>(heights.size());
  for (std::size_t i = 0; i < heights.size(); ++i) {
    const double left = kLeft + width * static_cast<double>(i);
    const double top = y_position(heights[i], y_ticks.back());
    svg += fmt::format(R"(<rect x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" fill="{}"/>)",
                       left + 0.08 * width, top, 0.84 * width, bottom - top, kCurveColours.front());
    if (i % label_stride(heights.size()) == 0) svg += x_tick(left + width / 2, static_cast<double>(i));
  }
  const double y = y_position(level, y_ticks.back());
  svg += fmt::format(R"(<line x1="{}" x2="{}" y1="{:.1f}" y2="{:.1f}" stroke="{}" stroke-dasharray="6 4"/>)",
                     kLeft, kWidth - kRight, y, y, kCurveColours[1]);
  return svg + "</svg>\n";
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
