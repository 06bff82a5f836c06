#include "foehn/training/trainer.hpp"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "foehn/core/error.hpp"
#include "foehn/device/waiting.hpp"
#include "foehn/diffusion/noise.hpp"
#include "training/optimiser.hpp"

namespace foehn::training {

namespace {

constexpr std::uint32_t kHeldOutDraw = 0x68656c64;  // in the place of kTrainingDraw
constexpr std::int64_t kScoredLevels = 8;

/// Choices that are spread evenly, however many are made. Source: Roberts 2018, the sequence R2.
CoarseChoice spread(std::int64_t i) {
  constexpr double kPlastic = 1.32471795724474602596;
  const auto part = [&](double step) {
    const double at = 0.5 + static_cast<double>(i) * step;
    return at - std::floor(at);
  };
  return {part(1 / kPlastic), part(1 / (kPlastic * kPlastic))};
}

/// Likewise, but of no relation to those.
TileChoice tile_of_held_out(std::int64_t i) {
  constexpr std::int64_t kApart = 7;
  const CoarseChoice choice = spread(kApart * i + 1);
  return {choice.kind, choice.phase};
}

}  // namespace

std::int64_t TrainingOptions::steps() const {
  std::int64_t steps = 0;
  for (const Stage& stage : stages) steps += stage.steps;
  return steps;
}

std::vector<diffusion::NoiseLevel> scored_levels(const diffusion::Schedule& schedule) {
  const double first = schedule.clearest().t, last = schedule.noisiest().t;
  std::vector<diffusion::NoiseLevel> levels;
  for (std::int64_t level = 0; level < kScoredLevels; ++level) {
    const double part = (static_cast<double>(level) + 0.5) / static_cast<double>(kScoredLevels);
    levels.push_back(schedule.at(first + part * (last - first)));
  }
  return levels;
}

double mean_over_levels(const std::vector<double>& losses) {
  return std::accumulate(losses.begin(), losses.end(), 0.0) / static_cast<double>(losses.size());
}

Trainer::Trainer(const TrainingRanks& ranks, Objective& objective, const FieldCache& fields,
                 const TrainingOptions& options, const DrawnWindows* drawn)
    : ranks_(ranks), objective_(objective), fields_(fields), options_(options) {
  const std::int64_t window = hours_seen();
  const std::int64_t starts = fields.hours() - options.held_out_hours - window + 1;
  if (starts < 1 || options.held_out_hours < window)
    throw core::Error(
        fmt::format("too few steps for windows of {0}: found {1} to train on and {2} held out, expected at "
                    "least {0} of each",
                    window, fields.hours() - options.held_out_hours, options.held_out_hours));
  windows_.emplace(fields, window, starts, options.augmentation, drawn);
  Tensors parts;
  for (const auto& [name, tensor] : objective.network().tensors()) {
    leaves_.push_back(tensor);
    parts[name] = at::zeros_like(tensor, at::MemoryFormat::Contiguous);
  }
  gradient_ = pack(parts, leaves_.front().device());
  if (options.loss_weights.defined())
    loss_weights_ =
        options.loss_weights.repeat({2 * options.markov_order + 1, 1, 1}).to(leaves_.front().device());
  for (const auto& [name, part] : parts) gradient_parts_.push_back(part);
}

TrainingState Trainer::start() const {
  TrainingState state;
  for (const auto& [name, tensor] : objective_.network().tensors()) {
    const at::Tensor value = tensor.detach().to(at::kFloat).contiguous();
    state.parameters[name] = value.clone();
    state.average[name] = value.clone();
    state.best[name] = value.clone();
    state.first[name] = at::zeros_like(value);
    state.second[name] = at::zeros_like(value);
  }
  return state;
}

void Trainer::set(const Tensors& tensors) {
  const at::NoGradGuard no_gradients;
  for (const auto& [name, tensor] : objective_.network().tensors())
    at::Tensor(tensor).copy_(tensors.at(name));
}

std::int64_t Trainer::hours_seen() const {
  return 2 * (options_.markov_order + objective_.reach()) + 1;
}

Lesson Trainer::lesson(std::span<const Task> tasks, std::uint32_t draw) {
  const std::int64_t reach = objective_.reach();
  const at::NoGradGuard no_gradients;
  std::vector<at::Tensor> clean;
  std::vector<std::int64_t> first_hours;
  std::vector<diffusion::NoiseLevel> levels;
  std::vector<CoarseChoice> coarse;
  for (const Task& task : tasks) {
    clean.push_back(windows_->read(task.window).flatten(0, 1));
    first_hours.push_back(task.window.hour + reach);
    levels.push_back(task.level);
    coarse.push_back(task.window.coarse);
  }
  const at::Tensor windows = at::stack(clean).to(leaves_.front().device());
  const std::int64_t variables = windows.size(1) / hours_seen();
  const at::Tensor noise =
      at::empty_like(windows.narrow(1, reach * variables, windows.size(1) - 2 * reach * variables),
                     at::MemoryFormat::Contiguous);
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    at::Tensor of_task = noise.narrow(0, static_cast<std::int64_t>(i), 1);
    diffusion::fill_noise(tasks[i].noise, draw, of_task);
  }
  Lesson whole = objective_.lesson({windows, std::move(first_hours)}, noise, levels, coarse);
  whole.weights = loss_weights_;
  return options_.tile.is_whole() ? whole : cut(whole, tasks);
}

Lesson Trainer::cut(const Lesson& whole, std::span<const Task> tasks) const {
  const model::TileForm& tile = options_.tile;
  const at::Tensor inputs = objective_.network().complete(whole.inputs.to(leaves_.front().scalar_type()));
  const auto first_of = [](double part, std::int64_t count) {
    return std::min(static_cast<std::int64_t>(part * static_cast<double>(count)), count - 1);
  };
  std::vector<at::Tensor> cut_inputs, cut_targets, cut_weights;
  for (std::size_t i = 0; i < tasks.size(); ++i) {
    const TileChoice& choice = tasks[i].window.tile;
    const std::int64_t ny = inputs.size(2), nx = inputs.size(3);
    const std::int64_t row = first_of(choice.row, ny - tile.ny + 1),
                       column = first_of(choice.column, options_.goes_round ? nx : nx - tile.nx + 1);
    const auto place = static_cast<std::int64_t>(i);
    cut_inputs.push_back(model::cut_tile(inputs[place], row, column, tile));
    cut_targets.push_back(model::cut_tile(whole.targets[place], row, column, tile));
    if (whole.weights.defined())
      cut_weights.push_back(model::cut_tile(whole.weights.expand({-1, ny, nx}), row, column, tile));
  }
  return {at::stack(cut_inputs), at::stack(cut_targets), whole.t, whole.labels,
          cut_weights.empty() ? at::Tensor() : at::stack(cut_weights)};
}

at::Tensor Trainer::answer_to(const Lesson& lesson, model::Precision precision,
                              const model::Dropout* dropout) {
  const at::Device device = leaves_.front().device();
  return objective_.network()
      .forward(lesson.inputs.to(leaves_.front().scalar_type()), lesson.t.to(device), lesson.labels, precision,
               dropout)
      .to(lesson.targets.scalar_type());
}

at::Tensor Trainer::loss_of(const at::Tensor& error, const Lesson& lesson) {
  const at::Tensor squares = error.square();
  return lesson.weights.defined() ? (squares * lesson.weights).mean() : squares.mean();
}

void Trainer::cut_gradient() {
  if (options_.most_gradient == 0) return;
  const at::Tensor norm = at::linalg_vector_norm(gradient_, 2, c10::nullopt, false, at::kDouble);
  const double found = device::to_host(norm).item<double>();
  if (found > options_.most_gradient) gradient_.mul_(options_.most_gradient / found);
}

Trainer::Place Trainer::place_of(std::int64_t step) const {
  std::int64_t first = 0;
  for (const Stage& stage : options_.stages) {
    if (step < first + stage.steps) return {&stage, first};
    first += stage.steps;
  }
  throw core::Error(fmt::format("step {}: the training has only {}", step, first));
}

void Trainer::begin_stage(TrainingState& state) {
  const at::NoGradGuard no_gradients;
  for (auto& [name, best] : state.best) {
    state.parameters.at(name).copy_(best);
    state.average.at(name).copy_(best);
    state.first.at(name).zero_();
    state.second.at(name).zero_();
  }
  state.best_loss = std::numeric_limits<double>::infinity();
  state.evaluations_since_best = 0;
}

double Trainer::step(TrainingState& state, Optimiser& optimiser) {
  const Place place = place_of(state.step);
  const auto number = static_cast<std::uint32_t>(state.step);
  const auto seed = static_cast<std::uint64_t>(options_.seed);
  std::vector<Task> tasks;
  for (std::int64_t i = ranks_.windows.rank(); i < options_.batch; i += ranks_.windows.size()) {
    const TrainingWindow window = windows_->draw(seed, number, static_cast<std::uint32_t>(i));
    tasks.push_back({window,
                     place.stage->noise.quantile(options_.schedule, window.noise),
                     {seed, static_cast<std::uint32_t>(i), kTrainingDraw}});
  }

  gradient_.zero_();
  double loss_sum = 0;
  const auto mine = static_cast<std::int64_t>(tasks.size());
  for (std::int64_t first = 0; first < mine; first += options_.micro_batch) {
    const auto count = std::min(options_.micro_batch, mine - first);
    const auto some =
        std::span(tasks).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count));
    const Lesson taught = lesson(some, number);
    model::Dropout dropout{options_.dropout, {}};
    for (const Task& task : some) dropout.seeds.push_back(task.window.dropout);
    const at::AutoGradMode with_gradients(true);
    const model::ConvolutionArithmetic arithmetic(options_.precision);
    for (at::Tensor& leaf : leaves_) leaf.requires_grad_(true);
    const at::Tensor answer = answer_to(taught, options_.precision, &dropout);
    const at::Tensor loss = loss_of(answer - taught.targets, taught) *
                            (static_cast<double>(count) / static_cast<double>(options_.batch));
    const auto found = torch::autograd::grad({loss}, leaves_);
    for (std::size_t i = 0; i < found.size(); ++i) gradient_parts_[i].add_(found[i].detach());
    loss_sum += device::to_host(loss.detach()).item<double>();
  }

  (*sum_)(gradient_);
  const std::vector<double> losses = ranks_.windows.gather_all(loss_sum);
  const double loss = std::accumulate(losses.begin(), losses.end(), 0.0);
  if (!std::isfinite(loss))
    throw core::CollectiveError(
        ranks_.all.scope(),
        fmt::format(
            "step {}: the loss is not finite: the training diverged; take a smaller train.learning_rate",
            state.step + 1));

  ++state.step;
  cut_gradient();
  optimiser.step(gradient_, *place.stage, state.step - place.first_step);
  set(state.parameters);
  return loss;
}

std::vector<double> Trainer::held_out_loss(const TrainingState& state) {
  set(state.average);
  const auto losses = mean_square_on_held_out(
      [&](const Lesson& asked) { return answer_to(asked, model::Precision::fp32, nullptr) - asked.targets; });
  set(state.parameters);
  return losses;
}

std::vector<double> Trainer::held_out_loss_without_network() {
  return mean_square_on_held_out([](const Lesson& asked) { return -asked.targets; });
}

std::vector<double> Trainer::mean_square_on_held_out(const std::function<at::Tensor(const Lesson&)>& error) {
  const std::int64_t window = hours_seen();
  const std::int64_t first_start = fields_.hours() - options_.held_out_hours;
  const std::int64_t starts = options_.held_out_hours - window + 1;
  const std::int64_t windows = std::min(options_.held_out_windows, starts);
  const at::NoGradGuard no_gradients;
  const std::vector<diffusion::NoiseLevel> levels = scored_levels(options_.schedule);
  std::vector<double> losses;
  for (std::size_t level = 0; level < levels.size(); ++level) {
    double mine = 0;
    for (std::int64_t i = ranks_.windows.rank(); i < windows; i += ranks_.windows.size()) {
      const Task asked_of{
          {.hour = first_start + i * starts / windows, .coarse = spread(i), .tile = tile_of_held_out(i)},
          levels[level],
          {static_cast<std::uint64_t>(options_.seed), static_cast<std::uint32_t>(i), kHeldOutDraw}};
      const Lesson asked = lesson({&asked_of, 1}, static_cast<std::uint32_t>(level));
      mine += device::to_host(loss_of(error(asked), asked)).item<double>();
    }
    const std::vector<double> all = ranks_.windows.gather_all(mine);
    losses.push_back(std::accumulate(all.begin(), all.end(), 0.0) / static_cast<double>(windows));
  }
  return losses;
}

void Trainer::evaluate(TrainingState& state, const Events& events) {
  const std::vector<double> losses = held_out_loss(state);
  const double mean = mean_over_levels(losses);
  ++state.evaluations_since_best;
  if (mean < state.best_loss) {
    state.best_loss = mean;
    state.best_step = state.step;
    state.evaluations_since_best = 0;
    for (const auto& [name, tensor] : state.average) state.best.at(name).copy_(tensor);
  }
  events.evaluated(state, losses);
  state.loss_sum = 0;
  state.losses = 0;
}

bool Trainer::run(TrainingState& state, const Events& events) {
  const auto has_no_patience = [&] {
    return options_.patience > 0 && state.evaluations_since_best >= options_.patience;
  };
  set(state.parameters);
  const at::Device device = leaves_.front().device();
  if (!sum_) sum_.emplace(ranks_.windows, device, options_.transport);
  Optimiser optimiser(state, options_, device);
  while (state.step < options_.steps() && !has_no_patience()) {
    const Place place = place_of(state.step);
    // After a checkpoint at the end of the stage before, if there is one.
    if (state.step > 0 && state.step == place.first_step) {
      begin_stage(state);
      set(state.parameters);
    }
    const double loss = step(state, optimiser);
    state.loss_sum += loss;
    ++state.losses;
    events.step_done(state, loss);
    if (state.step % options_.evaluate_every == 0 || state.step == place.first_step + place.stage->steps)
      evaluate(state, events);
    const bool stops = ranks_.all.any(events.must_stop());
    if (ranks_.all.any(events.must_save()) || stops)
      ranks_.all.agree([&] {
        if (ranks_.all.is_root()) events.save(state);
      });
    if (stops) return false;
  }
  return true;
}

}  // namespace foehn::training
