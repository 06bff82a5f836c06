#include <ATen/ATen.h>
#include <fmt/format.h>

#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/bench_timing.hpp"
#include "app/subcommands.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/version.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/model/score_unet.hpp"
#include "foehn/process/device.hpp"
#include "option_names.hpp"
#include "options.hpp"

namespace foehn::app {

namespace {

struct BenchOptions {
  std::string prior;
  TimedNetwork network = TimedNetwork::prior;
  std::vector<std::int64_t> batches{1, 2, 4};
  std::int64_t repeats = 5;
  std::int64_t threads = 1;
  process::DeviceChoice device = process::DeviceChoice::automatic;
  model::Precision precision = model::Precision::fp32;
  std::string output;
};

void declare(config::OptionTable& table, BenchOptions& options) {
  table.add("prior.path", &options.prior,
            {.doc = "Time the denoiser of this prior bundle.", .positional = true});
  table.add("bench.network", &options.network,
            {.doc = "Time the prior of prior.path, or full: a network of Climate2Weather's size (window of "
                    "13 h, 4 variables, 128 x 128 cells) with random weights."});
  table.add("bench.batches", &options.batches,
            {.doc = "Evaluate these numbers of windows per call.",
             .unit = "1",
             .minimum = 1,
             .maximum = 4096,
             .fewest = 1});
  table.add(
      "bench.repeats", &options.repeats,
      {.doc = "Take the median of this many calls after one that warms up; of fewer where calls are long.",
       .unit = "1",
       .minimum = 1,
       .maximum = 1000});
  table.add("output.path", &options.output,
            {.doc = "Also write the results to this JSON file.", .changes_result = false});
  add_device_option(table, options.device);
  table.add(
      "run.precision", &options.precision,
      {.doc = "Compute the network's convolutions and products in this arithmetic: fp32, tf32 (GPUs only) "
              "or bf16; the machine's peaks as well."});
  add_threads_option(table, options.threads);
}

/// What is timed.
struct Subject {
  std::string name;
  std::shared_ptr<diffusion::WindowDenoiser> denoiser;
  diffusion::Schedule schedule;
  std::vector<std::int64_t> window;  ///< shape: channels, ny, nx
  std::optional<double>
      operations;  ///< floating-point, per window's noise estimate; known for score networks alone
};

Subject full_network(const at::TensorOptions& tensors, model::Precision precision) {
  constexpr std::int64_t kSide = 128;
  const model::ScoreUnetArchitecture architecture{.window = 13,
                                                  .variables = 4,
                                                  .hidden = {128, 128, 256, 384, 512},
                                                  .blocks = {3, 3, 3, 3, 3},
                                                  .attention = {4},
                                                  .embedding = 512};
  return {"full-size score network, random weights",
          std::make_unique<model::ScoreUnet>(architecture, model::random_tensors(architecture, 0), tensors,
                                             precision),
          {},
          {architecture.channels(), kSide, kSide},
          static_cast<double>(model::window_flops(architecture, kSide, kSide))};
}

Subject prior_of(const std::string& path, const at::TensorOptions& tensors, model::Precision precision) {
  model::PriorBundle bundle = model::load_prior(path, tensors, precision);
  const model::PriorDescription& prior = bundle.description;
  model::check_precision(precision, prior);
  bundle.set_clock({prior.domain.calendar, 0, prior.domain.step_seconds});
  const auto ny = prior.domain.grid.ny(), nx = prior.domain.grid.nx();
  const auto channels =
      (2 * prior.markov_order + 1) * static_cast<std::int64_t>(prior.domain.variables.size());
  std::optional<double> operations;
  if (prior.network) operations = static_cast<double>(model::window_flops(*prior.network, ny, nx));
  return {fmt::format("{} prior {}", prior.kind, path),
          std::move(bundle.denoiser),
          prior.schedule,
          {channels, ny, nx},
          operations};
}

/// One line of the table.
struct Case {
  std::int64_t batch = 0;
  std::string pass;
  Timing timing;                     ///< of one call, with `batch` windows
  std::optional<double> operations;  ///< per window

  double seconds_per_window() const { return timing.seconds / static_cast<double>(batch); }
  /// Floating-point operations per second.
  std::optional<double> rate() const {
    return operations ? std::optional(*operations / seconds_per_window()) : std::nullopt;
  }
};

std::vector<Case> time_subject(Subject& subject, const BenchOptions& options,
                               const at::TensorOptions& tensors) {
  const diffusion::NoiseLevel level = subject.schedule.at(0.5);
  // The gradient in the fields, without the weights', takes about the operations of the forward pass again.
  const auto both = subject.operations ? std::optional(2 * *subject.operations) : std::nullopt;
  std::vector<Case> cases;
  for (const std::int64_t batch : options.batches) {
    std::vector<std::int64_t> shape = subject.window;
    shape.insert(shape.begin(), batch);
    const diffusion::Windows noisy{at::randn(shape, tensors),
                                   std::vector<std::int64_t>(static_cast<std::size_t>(batch))};
    const at::Tensor cotangent = at::randn(shape, tensors);
    cases.push_back(
        {shape[0], "forward",
         time_calls(options.repeats, [&] { return subject.denoiser->noise_estimate(noisy, level); }),
         subject.operations});
    cases.push_back(
        {shape[0], "forward + gradient",
         time_calls(options.repeats, [&] { return subject.denoiser->noise_vjp(noisy, level, cotangent); }),
         both});
  }
  return cases;
}

constexpr double kGiga = 1e9;

/// "0.79", or "-" for a missing number.
std::string text(const std::optional<double>& number, int decimals) {
  return number ? fmt::format("{:.{}f}", *number, decimals) : "-";
}

std::optional<double> ratio(const std::optional<double>& rate, double to) {
  return rate ? std::optional(*rate / to) : std::nullopt;
}

std::string table_text(const std::vector<Case>& cases, const Peaks& peaks) {
  std::string lines = fmt::format(
      "peaks: matrix product {:.1f} GFLOP/s; 3 x 3 convolution of 128 channels at 128 x 128 {:.1f} "
      "GFLOP/s\n\n"
      "{:>5}  {:<18}  {:>10}  {:>9}  {:>14}  {:>14}\n",
      peaks.matrix_product / kGiga, peaks.convolution / kGiga, "batch", "pass", "s/window", "GFLOP/s",
      "of the product", "of convolution");
  for (const Case& one : cases)
    lines += fmt::format("{:>5}  {:<18}  {:>10.4g}  {:>9}  {:>14}  {:>14}\n", one.batch, one.pass,
                         one.seconds_per_window(), text(ratio(one.rate(), kGiga), 1),
                         text(ratio(one.rate(), peaks.matrix_product), 3),
                         text(ratio(one.rate(), peaks.convolution), 3));
  return lines;
}

nlohmann::json json_of(const std::optional<double>& number) {
  return number ? nlohmann::json(*number) : nlohmann::json();
}

nlohmann::json record(const std::vector<Case>& cases, const Peaks& peaks, const Subject& subject,
                      const nlohmann::json& option_values) {
  nlohmann::json lines = nlohmann::json::array();
  for (const Case& one : cases)
    lines.push_back({{"batch", one.batch},
                     {"pass", one.pass},
                     {"repeats", one.timing.repeats},
                     {"seconds_per_window", one.seconds_per_window()},
                     {"gflop_per_second", json_of(ratio(one.rate(), kGiga))},
                     {"of_matrix_product", json_of(ratio(one.rate(), peaks.matrix_product))},
                     {"of_convolution", json_of(ratio(one.rate(), peaks.convolution))}});
  return {{"program", "foehn"},
          {"command", "bench"},
          {"version", core::version()},
          {"options", option_values},
          {"subject", subject.name},
          {"gflop_per_window", json_of(ratio(subject.operations, kGiga))},
          {"peaks_gflop_per_second",
           {{"matrix_product", peaks.matrix_product / kGiga}, {"convolution", peaks.convolution / kGiga}}},
          {"cases", lines}};
}

int run(const Call& call, const BenchOptions& options) {
  const bool is_full = options.network == TimedNetwork::full;
  if (is_full != options.prior.empty())
    throw core::UsageError(is_full ? "prior.path: expected none beside bench.network full"
                                   : "prior.path: required, unless bench.network is full");
  process::set_threads(options.threads);
  const at::TensorOptions tensors =
      at::TensorOptions(at::kFloat).device(process::choose_device(options.device));

  model::check_precision(options.precision, tensors.device());

  Subject subject = is_full ? full_network(tensors, options.precision)
                            : prior_of(options.prior, tensors, options.precision);
  if (call.validate_only) {
    say_valid("nothing was timed");
    return 0;
  }
  std::cout << fmt::format("{}\nwindow of {} channels on {} x {} cells, {} GFLOP; {}, {}, {} threads\n",
                           subject.name, subject.window[0], subject.window[1], subject.window[2],
                           text(ratio(subject.operations, kGiga), 1), process::name_of(tensors.device()),
                           core::name_of(options.precision), options.threads)
            << std::flush;
  const Peaks peaks = measure_peaks(tensors, options.precision, options.repeats);
  const std::vector<Case> cases = time_subject(subject, options, tensors);
  std::cout << table_text(cases, peaks);
  if (!options.output.empty())
    io::write_file_atomically(options.output,
                              record(cases, peaks, subject, call.table.values()).dump(2) + "\n");
  return 0;
}

}  // namespace

Subcommand bench() {
  return {.name = "bench",
          .summary = "Time a denoiser beside the machine's measured peaks.",
          .example = "foehn bench --bench.network full --run.threads 2",
          .declare = serial(&declare, &run)};
}

}  // namespace foehn::app
