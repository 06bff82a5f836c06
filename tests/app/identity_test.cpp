// What checkpoints and members know a run by is made of these lines: were one of them to change, no run that
// was begun with an earlier foehn could go on.
#include <gtest/gtest.h>

#include "app/sample_options.hpp"
#include "app/train_options.hpp"

namespace foehn::app::identity_test {
namespace {

TEST(ResultValues, OfSampleAreWhatTheyWere) {
  SampleOptions options;
  config::OptionTable table("sample", "", "");
  declare_sample_options(table, options);
  EXPECT_EQ(table.result_values(),
            "ensemble.seed = 0\n"
            "observation.gamma = null\n"
            "observation.inflation = 1.0\n"
            "observation.std = []\n"
            "observation.std_normalised = []\n"
            "observation.withhold = 0.0\n"
            "output.significant_digits = 0\n"
            "run.device = \"auto\"\n"
            "run.precision = \"fp32\"\n"
            "run.threads = 1\n"
            "sampler.batch = 8\n"
            "sampler.churn = 0.0\n"
            "sampler.churn_max = null\n"
            "sampler.churn_min = 0.0\n"
            "sampler.churn_noise = 1.0\n"
            "sampler.corrections = 0\n"
            "sampler.guidance = \"mmps\"\n"
            "sampler.method = \"dpmpp-2m\"\n"
            "sampler.solver_tolerance = null\n"
            "sampler.steps = 13\n"
            "sampler.stride = \"1\"\n"
            "sampler.tau = 0.5\n");
}

TEST(ResultValues, OfTrainAreWhatTheyWere) {
  TrainOptions options;
  config::OptionTable table("train", "", "");
  declare_train_options(table, options);
  EXPECT_EQ(table.result_values(),
            "data.crop = \"\"\n"
            "data.end = \"\"\n"
            "data.files = []\n"
            "data.held_out_fraction = 0.1\n"
            "data.longest_gap = 6\n"
            "data.start = \"\"\n"
            "data.transforms = []\n"
            "data.variables = []\n"
            "network.attention = [4.0]\n"
            "network.blocks = [3.0,3.0,3.0,3.0,3.0]\n"
            "network.dates = false\n"
            "network.embedding = 512\n"
            "network.form = \"climate2weather\"\n"
            "network.heads = 8\n"
            "network.hidden = [128.0,128.0,256.0,384.0,512.0]\n"
            "network.kind = \"auto\"\n"
            "network.layers = 16\n"
            "network.mesh_level = 6\n"
            "network.positions = false\n"
            "network.static = []\n"
            "network.static_files = []\n"
            "network.tile = []\n"
            "network.tile_overlap = null\n"
            "network.width = 512\n"
            "prior.deviation = \"auto\"\n"
            "prior.gaussian_order = null\n"
            "prior.kind = \"gaussian-preconditioned\"\n"
            "prior.markov_order = 6\n"
            "prior.normalisation = \"quant95\"\n"
            "prior.schedule = \"vp-cosine\"\n"
            "prior.sigma_data = null\n"
            "prior.sigma_max = 80.0\n"
            "prior.sigma_min = 0.002\n"
            "run.device = \"auto\"\n"
            "run.precision = \"fp32\"\n"
            "run.threads = 1\n"
            "train.amplitude = 0.0\n"
            "train.area_weights = false\n"
            "train.average_decay = 0.9999\n"
            "train.batch = 128\n"
            "train.block = []\n"
            "train.coarse_grid = \"\"\n"
            "train.daily_cycle = 0.0\n"
            "train.decay = \"linear\"\n"
            "train.drawn = 0.0\n"
            "train.dropout = 0.0\n"
            "train.evaluate_every = 1000\n"
            "train.every = [6.0]\n"
            "train.held_out_windows = 24\n"
            "train.learning_rate = [0.0001]\n"
            "train.micro_batch = 8\n"
            "train.mixing = 0.0\n"
            "train.most_gradient = 0.0\n"
            "train.noise = []\n"
            "train.noise_mean = -1.2\n"
            "train.noise_std = 1.2\n"
            "train.patience = 0\n"
            "train.seed = 0\n"
            "train.variable_weights = []\n"
            "train.warm_up = 0\n"
            "train.weight_decay = 0.001\n"
            "train.windows = [12800000.0]\n");
}

}  // namespace
}  // namespace foehn::app::identity_test
