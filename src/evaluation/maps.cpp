#include <fmt/format.h>
#include <openssl/evp.h>
#include <png.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>

#include "evaluation/plots.hpp"
#include "foehn/core/error.hpp"

namespace foehn::evaluation {
namespace {

using Colour = std::array<std::uint8_t, 3>;
constexpr Colour kMissing = {190, 190, 190};

using Anchors = std::array<std::array<double, 3>, 7>;

/// Dark blue over green to yellow: lightness rises evenly, so that it reads without colour vision and in
/// print too.
constexpr Anchors kSequential = {{{68, 1, 84},
                                  {68, 57, 130},
                                  {49, 104, 142},
                                  {33, 145, 140},
                                  {53, 183, 121},
                                  {144, 215, 67},
                                  {253, 231, 37}}};
/// Blue over white to red, which the colour-blind tell apart.
constexpr Anchors kDiverging = {{{5, 48, 97},
                                 {67, 147, 195},
                                 {171, 209, 229},
                                 {247, 247, 247},
                                 {250, 186, 155},
                                 {214, 96, 77},
                                 {103, 0, 31}}};

Colour colour_at(double fraction, ColourScale scale) {
  const Anchors& anchors = scale == ColourScale::sequential ? kSequential : kDiverging;
  const double position = std::clamp(fraction, 0.0, 1.0) * (static_cast<double>(anchors.size()) - 1);
  const auto lower = std::min(static_cast<std::size_t>(position), anchors.size() - 2);
  Colour colour;
  for (std::size_t channel = 0; channel < 3; ++channel)
    colour[channel] = static_cast<std::uint8_t>(std::lround(std::lerp(
        anchors[lower][channel], anchors[lower + 1][channel], position - static_cast<double>(lower))));
  return colour;
}

double fraction_in(double value, const ColourRange& range) {
  return range.high > range.low ? (value - range.low) / (range.high - range.low) : 0.5;
}

std::vector<std::uint8_t> encode_png(const std::vector<std::uint8_t>& pixels, std::int64_t width,
                                     std::int64_t height) {
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(width);
  image.height = static_cast<png_uint_32>(height);
  image.format = PNG_FORMAT_RGB;
  std::vector<std::uint8_t> bytes(PNG_IMAGE_PNG_SIZE_MAX(image));
  png_alloc_size_t size = bytes.size();
  if (png_image_write_to_memory(&image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    throw core::Error(fmt::format("drawing a map of {} x {} cells: {}", height, width, image.message));
  }
  bytes.resize(size);
  return bytes;
}

std::string base64(const std::vector<std::uint8_t>& bytes) {
  // One byte more than the text: the encoder ends it with a zero.
  std::string text((bytes.size() + 2) / 3 * 4 + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(),
                                     static_cast<int>(bytes.size()));
  text.resize(static_cast<std::size_t>(length));
  return text;
}

/// Width over height of a domain, with the convergence of meridians at its middle.
double aspect_ratio(const grid::Grid& grid) {
  if (grid.ny() < 2 || grid.nx() < 2) return static_cast<double>(grid.nx()) / static_cast<double>(grid.ny());
  const double step_y = std::abs(grid.y.values[1] - grid.y.values[0]);
  // Across the date line the step jumps by a turn.
  const double step_x = std::abs(std::remainder(grid.x.values[1] - grid.x.values[0], 360.0));
  const double middle = (grid.y.values.front() + grid.y.values.back()) / 2 * std::numbers::pi / 180;
  return static_cast<double>(grid.nx()) * step_x * std::max(0.2, std::cos(middle)) /
         (static_cast<double>(grid.ny()) * step_y);
}

}  // namespace

std::string map_figure(const std::string& caption, std::span<const double> field, const grid::Grid& grid,
                       const ColourRange& range, ColourScale scale) {
  const bool south_first = grid.ny() > 1 && grid.y.values[1] > grid.y.values[0];
  std::vector<std::uint8_t> pixels;
  for (std::int64_t row = 0; row < grid.ny(); ++row) {
    const std::int64_t y = south_first ? grid.ny() - 1 - row : row;
    for (std::int64_t x = 0; x < grid.nx(); ++x) {
      const double value = field[static_cast<std::size_t>(y * grid.nx() + x)];
      const Colour colour = std::isnan(value) ? kMissing : colour_at(fraction_in(value, range), scale);
      pixels.insert(pixels.end(), colour.begin(), colour.end());
    }
  }
  constexpr double kWidth = 220, kCaption = 18;
  const double height = kWidth / aspect_ratio(grid);
  return fmt::format(
      R"(<figure class="map"><svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {1:.1f}" role="img" )"
      R"(aria-label="{2}"><text x="0" y="13">{2}</text><svg x="0" y="{3}" width="{0}" height="{4:.1f}">)"
      R"(<image width="{0}" height="{4:.1f}" preserveAspectRatio="none" href="data:image/png;base64,{5}"/>)"
      R"(<path d="{6}" class="coast under"/><path d="{6}" class="coast"/></svg></svg></figure>)",
      kWidth, height + kCaption, escape_html(caption), kCaption, height,
      base64(encode_png(pixels, grid.nx(), grid.ny())), coastline_path(grid, kWidth, height));
}

std::string colour_bar(const ColourRange& range, const std::string& units, ColourScale scale) {
  constexpr int kSteps = 256;
  std::vector<std::uint8_t> pixels;
  for (int i = 0; i < kSteps; ++i) {
    const auto colour = colour_at(i / static_cast<double>(kSteps - 1), scale);
    pixels.insert(pixels.end(), colour.begin(), colour.end());
  }
  return fmt::format(
      R"(<p class="bar">{:.4g} <img alt="colour scale" width="260" height="12" src="data:image/png;base64,{}"> )"
      R"({:.4g} {}</p>)",
      range.low, base64(encode_png(pixels, kSteps, 1)), range.high, escape_html(units));
}

}  // namespace foehn::evaluation
