// A job with a prior whose network sees tiles of a large domain that goes round the globe.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <iostream>
#include <map>
#include <set>

#include "app/toy_prior.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/job/make_plan.hpp"
#include "foehn/job/run.hpp"
#include "foehn/job/shared_prior.hpp"

namespace foehn::job::tiles_mpi_test {
namespace {

constexpr std::int64_t kRows = 128, kColumns = 256, kHours = 4;
const model::TileForm kTile{64, 64, 16};

/// A bundle of small random weights.
void write_prior(const std::filesystem::path& folder) {
  model::Domain domain = foehn::testing::toy_domain();
  domain.grid.y.values.clear();
  domain.grid.x.values.clear();
  for (std::int64_t y = 0; y < kRows; ++y) domain.grid.y.values.push_back(80 - 1.25 * static_cast<double>(y));
  for (std::int64_t x = 0; x < kColumns; ++x)
    domain.grid.x.values.push_back(360.0 / kColumns * static_cast<double>(x));
  model::NetworkPrior prior;
  model::ScoreUnetArchitecture architecture = foehn::testing::toy_architecture();
  architecture.attention = {};
  architecture.tile = kTile;
  prior.architecture = architecture;
  for (const auto& [name, tensor] : model::random_tensors(architecture, 1))
    prior.tensors[name] = tensor * 0.3;
  model::save_network_prior(folder, domain, prior, diffusion::Edm{.sigma_max = 5, .sigma_data = 0.4});
}

class Tiles : public ::testing::Test {
 protected:
  Tiles() {
    world_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      write_prior(folder_ / "prior");
    });
  }
  ~Tiles() override {
    if (world_.is_root()) std::filesystem::remove_all(folder_);
  }
  void run(const comm::Communicator& ranks, const char* name) const {
    Settings settings;
    settings.prior = folder_ / "prior";
    settings.start = "2001-01-01";
    settings.hours = kHours;
    settings.method = diffusion::Method::heun;
    settings.steps = 5;
    settings.batch = 2;
    settings.output = folder_ / name;
    settings.result_values = "toy";
    const model::PriorBundle prior =
        load_prior(ranks, open_prior(ranks, settings.prior), at::TensorOptions(at::kFloat));
    Planned planned =
        make_plan(ranks, settings, ranks.is_root() ? &prior.description : nullptr, at::kCPU, false);
    EXPECT_TRUE(job::run(ranks, planned.plan, planned.root ? &*planned.root : nullptr, prior, {},
                         process::StopToken())
                    .is_done);
  }
  /// [hour, y, x]
  at::Tensor member(const char* name) const {
    const io::NetcdfFile file = io::NetcdfFile::open(folder_ / name / "member_000.nc");
    return at::tensor(file.read_doubles(file.variable("psl")), at::kDouble)
        .reshape({kHours, kRows, kColumns});
  }

  const comm::Communicator world_ = comm::Communicator::world();
  const comm::Communicator alone_ = world_.split(world_.rank());
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_tiles";
};

TEST_F(Tiles, GiveTheSameBitsOnAnyNumberOfRanksAndNoSeam) {
  run(world_, "together");
  if (!world_.is_root()) return;
  run(alone_, "alone");
  const at::Tensor drawn = member("together");
  EXPECT_TRUE(at::equal(drawn, member("alone")));
  // From column to column, the first beside the last: mean square changes where a tile begins or ends, and
  // elsewhere.
  const at::Tensor changes = (drawn.roll(-1, -1) - drawn).square().mean(at::IntArrayRef{0, 1});
  const std::int64_t tiles = 6;
  std::set<std::int64_t> edges;
  for (std::int64_t i = 0; i < tiles; ++i) {
    const std::int64_t first = i * kColumns / tiles;
    edges.insert((first + kColumns - 1) % kColumns);
    edges.insert((first + kTile.nx - 1) % kColumns);
  }
  double at_edges = 0, elsewhere = 0;
  for (std::int64_t x = 0; x < kColumns; ++x)
    (edges.contains(x) ? at_edges : elsewhere) += changes[x].item<double>();
  const double seam = std::sqrt(at_edges / static_cast<double>(edges.size()) /
                                (elsewhere / static_cast<double>(kColumns - edges.size())));
  std::cout << "seam at tiles: " << seam << '\n';
  EXPECT_NEAR(seam, 1, 0.03);
}

}  // namespace
}  // namespace foehn::job::tiles_mpi_test
