#include <ATen/ATen.h>
#include <fmt/format.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "app/subcommands.hpp"
#include "foehn/bench/model.hpp"
#include "foehn/bench/subject.hpp"
#include "foehn/bench/timing.hpp"
#include "foehn/config/option_table.hpp"
#include "foehn/core/error.hpp"
#include "foehn/core/version.hpp"
#include "foehn/io/durable.hpp"
#include "foehn/job/settings.hpp"
#include "foehn/job/shared_prior.hpp"
#include "foehn/model/prior_bundle.hpp"
#include "foehn/process/device.hpp"
#include "foehn/process/stop.hpp"
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
  bool has_model = false;
  std::int64_t batch = job::Settings().batch;
  process::HardwareChoice hardware = {};
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
  table.add(
      "model", &options.has_model,
      {.doc = "Instead, measure what steps of `foehn sample` are made of, and print what they take on 1 to "
              "1024 ranks as fast as these for 1 to 100 years, and from how many ranks on exchanges cost "
              "5 %; checked against steps on these ranks, of which there must be two or more."});
  table.add("sampler.batch", &options.batch,
            {.doc = "Evaluate the prior on this many windows at a time in these steps.",
             .unit = "1",
             .minimum = 1,
             .maximum = 4096});
  add_hardware_options(table, options.hardware);
  table.add(
      "run.precision", &options.precision,
      {.doc = "Compute the network's convolutions and products in this arithmetic: fp32, tf32 (GPUs only) "
              "or bf16; the machine's peaks as well."});
  add_threads_option(table, options.threads);
}

/// One line of the table.
struct Case {
  std::int64_t batch = 0;
  std::string pass;
  bench::Timing timing;              ///< of one call, with `batch` windows
  std::optional<double> operations;  ///< per window

  double seconds_per_window() const { return timing.seconds / static_cast<double>(batch); }
  /// Floating-point operations per second.
  std::optional<double> rate() const {
    return operations ? std::optional(*operations / seconds_per_window()) : std::nullopt;
  }
};

std::vector<Case> time_subject(const bench::Subject& subject, const BenchOptions& options,
                               const at::TensorOptions& tensors) {
  const diffusion::NoiseLevel level = subject.schedule.at(0.5);
  // The gradient in the fields, without the weights', takes about the operations of the forward pass again.
  const auto both = subject.operations ? std::optional(2 * *subject.operations) : std::nullopt;
  std::vector<Case> cases;
  for (const std::int64_t batch : options.batches) {
    std::vector<std::int64_t> shape = subject.window();
    shape.insert(shape.begin(), batch);
    const diffusion::Windows noisy{at::randn(shape, tensors),
                                   std::vector<std::int64_t>(static_cast<std::size_t>(batch))};
    const at::Tensor cotangent = at::randn(shape, tensors);
    cases.push_back(
        {shape[0], "forward",
         bench::time_calls(options.repeats, [&] { return subject.denoiser->noise_estimate(noisy, level); }),
         subject.operations});
    cases.push_back({shape[0], "forward + gradient",
                     bench::time_calls(options.repeats,
                                       [&] { return subject.denoiser->noise_vjp(noisy, level, cotangent); }),
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

std::string table_text(const std::vector<Case>& cases, const bench::Peaks& peaks) {
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

nlohmann::json record(const std::vector<Case>& cases, const bench::Peaks& peaks) {
  nlohmann::json lines = nlohmann::json::array();
  for (const Case& one : cases)
    lines.push_back({{"batch", one.batch},
                     {"pass", one.pass},
                     {"repeats", one.timing.repeats},
                     {"seconds_per_window", one.seconds_per_window()},
                     {"gflop_per_second", json_of(ratio(one.rate(), kGiga))},
                     {"of_matrix_product", json_of(ratio(one.rate(), peaks.matrix_product))},
                     {"of_convolution", json_of(ratio(one.rate(), peaks.convolution))}});
  return {{"peaks_gflop_per_second",
           {{"matrix_product", peaks.matrix_product / kGiga}, {"convolution", peaks.convolution / kGiga}}},
          {"cases", lines}};
}

void check(const BenchOptions& options, int ranks) {
  const bool is_full = options.network == TimedNetwork::full;
  if (is_full != options.prior.empty())
    throw core::UsageError(is_full ? "prior.path: expected none beside bench.network full"
                                   : "prior.path: required, unless bench.network is full");
  if (options.has_model && ranks == 1)
    throw core::UsageError(
        "model: expected two ranks or more, to time what travels between them, found one; start it by mpirun "
        "or srun");
}

std::string describe(const bench::Subject& subject, const BenchOptions& options, const c10::Device& device) {
  const std::vector<std::int64_t> window = subject.window();
  return fmt::format("{}\nwindow of {} channels on {} x {} cells, {} GFLOP; {}, {}, {} threads\n",
                     subject.name, window[0], window[1], window[2], text(ratio(subject.operations, kGiga), 1),
                     process::name_of(device), core::name_of(options.precision), options.threads);
}

void write_record(const Call& call, const BenchOptions& options, const bench::Subject& subject,
                  nlohmann::json found) {
  if (options.output.empty()) return;
  found.update({{"program", "foehn"},
                {"command", "bench"},
                {"version", core::version()},
                {"options", call.table.values()},
                {"subject", subject.name},
                {"gflop_per_window", json_of(ratio(subject.operations, kGiga))}});
  io::write_file_atomically(options.output, found.dump(2) + "\n");
}

/// Times calls of the denoiser, on the root.
void run_alone(const Call& call, const BenchOptions& options) {
  const at::TensorOptions tensors =
      at::TensorOptions(at::kFloat).device(process::choose_device(options.hardware.device));
  model::check_precision(options.precision, tensors.device());
  const bench::Subject subject =
      options.network == TimedNetwork::full
          ? bench::full_network(tensors, options.precision)
          : bench::subject_of(options.prior, model::load_prior(options.prior, tensors, options.precision));
  if (call.validate_only) return say_valid("nothing was timed");
  std::cout << describe(subject, options, tensors.device()) << std::flush;
  const bench::Peaks peaks = bench::measure_peaks(tensors, options.precision, options.repeats);
  const std::vector<Case> cases = time_subject(subject, options, tensors);
  std::cout << table_text(cases, peaks);
  write_record(call, options, subject, record(cases, peaks));
}

/// Models a step of `foehn sample`, on all ranks.
void run_model(const Call& call, const comm::Communicator& world, const BenchOptions& options) {
  const process::Hardware hardware = process::choose_hardware(world, options.hardware);
  const at::TensorOptions tensors = at::TensorOptions(at::kFloat).device(hardware.device);
  world.agree([&] { model::check_precision(options.precision, hardware.device); });
  const bench::Subject subject =
      options.network == TimedNetwork::full
          ? bench::full_network(tensors, options.precision)
          : bench::subject_of(options.prior, job::load_prior(world, job::open_prior(world, options.prior),
                                                             tensors, options.precision));
  if (call.validate_only) {
    if (world.is_root()) say_valid("nothing was timed");
    return;
  }
  if (world.is_root()) std::cout << describe(subject, options, hardware.device) << std::flush;
  process::log_transport(world, hardware);
  const bench::Model model = bench::make_model(world, subject, options.batch, hardware);
  world.agree_on_root([&] {
    std::cout << bench::describe(model);
    write_record(call, options, subject, {{"model", bench::record(model)}});
  });
}

int run(const Call& call, const Context& context, const BenchOptions& options) {
  const comm::Communicator& world = context.world;
  process::stop_listening();
  world.agree([&] { check(options, world.size()); });
  process::set_threads(options.threads);
  if (options.has_model)
    run_model(call, world, options);
  else
    world.agree_on_root([&] { run_alone(call, options); });
  return 0;
}

}  // namespace

Subcommand bench() {
  return {.name = "bench",
          .summary =
              "Time a denoiser beside the machine's measured peaks, or model steps on any number of ranks.",
          .example = "foehn bench --bench.network full --run.threads 2",
          .declare = parallel(&declare, &run)};
}

}  // namespace foehn::app
