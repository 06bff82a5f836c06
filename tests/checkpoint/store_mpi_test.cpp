#include <ATen/ATen.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "checkpoint/manifest.hpp"
#include "foehn/checkpoint/store.hpp"
#include "io/test_files.hpp"

namespace foehn::checkpoint::store_mpi_test {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

constexpr std::int64_t kHours = 11;
constexpr const char* kIdentity = "sampler.steps = 16\nseed = 3\n";
const auto kNoCheck = [](const Snapshot&) {};

/// Of hours in rows, and of hours that are lists of cells.
class StoreOnAnyNumberOfRanks : public ::testing::TestWithParam<std::vector<std::int64_t>> {
 protected:
  StoreOnAnyNumberOfRanks() : folder_(folder_of_root()) {}

  std::string folder_of_root() {
    std::string path = temporary_ / "store";
    std::filesystem::create_directory(path);
    world_.broadcast(path);
    return path;
  }
  /// Contiguous shares, of which some may be empty.
  static Hours cut(const comm::Communicator& ranks) {
    const int parts = ranks.size() > 3 ? ranks.size() - 1 : ranks.size();
    const int part = ranks.size() > 3 && ranks.rank() > 0 ? ranks.rank() - 1 : ranks.rank();
    const Hours hours{kHours * part / parts, kHours * (part + 1) / parts};
    if (ranks.size() > 3 && ranks.rank() == 1) return {hours.first, hours.first};  // rank 0 has them
    return hours;
  }
  static at::Tensor hours_of(const at::Tensor& whole, Hours hours) {
    return whole.narrow(0, hours.first, hours.size());
  }
  static Form form() { return {.hours = kHours, .hour_shape = GetParam()}; }
  static at::Tensor whole(std::int64_t step) {
    at::manual_seed(static_cast<std::uint64_t>(step));
    std::vector<std::int64_t> shape = GetParam();
    shape.insert(shape.begin(), kHours);
    return at::randn(shape, at::kFloat);
  }
  Snapshot snapshot(std::int64_t step, Hours hours) const {
    return {step,
            {{"draw", std::to_string(3 * step)}},
            {{"slab", hours_of(whole(step), hours)}, {"previous", hours_of(whole(100 + step), hours)}}};
  }
  void write(const comm::Communicator& ranks, std::int64_t step,
             const std::string& identity = kIdentity) const {
    Store store(ranks, folder_, identity, form(), cut(ranks));
    store.load(kNoCheck);
    store.save(snapshot(step, cut(ranks)));
    EXPECT_TRUE(store.is_writing());
    EXPECT_EQ(store.publish(true), Store::Progress::published) << store.failure();
    EXPECT_FALSE(store.is_writing());
  }
  std::optional<Snapshot> read(const comm::Communicator& ranks) const {
    return Store(ranks, folder_, kIdentity, form(), cut(ranks)).load(kNoCheck);
  }
  void expect_step(std::int64_t step, const comm::Communicator& ranks) const {
    const auto found = read(ranks);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->step, step);
    EXPECT_EQ(found->facts.at("draw"), std::to_string(3 * step));
    EXPECT_TRUE(at::equal(found->fields.at("slab"), hours_of(whole(step), cut(ranks))));
    EXPECT_TRUE(at::equal(found->fields.at("previous"), hours_of(whole(100 + step), cut(ranks))));
  }
  /// Done by the root while the others wait.
  void at_root(const std::function<void()>& change) const {
    world_.agree([&] {
      if (world_.is_root()) change();
    });
  }
  fs::path a_slab_file(std::int64_t step) const {
    for (const auto& entry :
         fs::directory_iterator(fs::path(folder_) / ("step_00000" + std::to_string(step))))
      if (entry.path().extension() == ".nc") return entry.path();
    throw std::runtime_error("no slab file");
  }

  io::TemporaryFolder temporary_;
  const comm::Communicator world_ = comm::Communicator::world();
  std::string folder_;
};

TEST_P(StoreOnAnyNumberOfRanks, IsReadOnAnyOtherNumber) {
  write(world_, 3);
  expect_step(3, world_);
  // Each rank alone reads all of it.
  const comm::Communicator alone = world_.split(world_.rank());
  expect_step(3, alone);
  world_.agree([] {});
  const comm::Communicator halves = world_.split(world_.rank() % 2);
  if (world_.rank() % 2 == 0) write(halves, 4);
  world_.agree([] {});
  expect_step(4, world_);
}

TEST_P(StoreOnAnyNumberOfRanks, IsEmptyAtFirst) {
  EXPECT_FALSE(read(world_));
}

TEST_P(StoreOnAnyNumberOfRanks, KeepsTheLastTwo) {
  for (std::int64_t step = 1; step <= 4; ++step) write(world_, step);
  at_root([&] {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_)) names.push_back(entry.path().filename());
    std::sort(names.begin(), names.end());
    EXPECT_THAT(names, ElementsAre("step_000003", "step_000004"));
  });
  expect_step(4, world_);
}

TEST_P(StoreOnAnyNumberOfRanks, TakesTheOneBeforeOneThatIsNotWhole) {
  const std::vector<std::function<void()>> damages{
      [&] { fs::resize_file(a_slab_file(4), fs::file_size(a_slab_file(4)) / 2); },
      [&] {
        std::fstream file(a_slab_file(4), std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(static_cast<std::streamoff>(fs::file_size(a_slab_file(4)) / 2));
        const int byte = file.peek();
        file.put(static_cast<char>(byte ^ 4));
      },
      [&] { fs::remove(a_slab_file(4)); },
      [&] { fs::remove(a_slab_file(4).parent_path() / kManifestName); },
      [&] {
        const fs::path manifest = a_slab_file(4).parent_path() / kManifestName;
        std::string text = io::content_of(manifest);
        text.replace(text.find("\"draw\": \"12\""), 12, "\"draw\": \"13\"");
        io::write_content(manifest, text);
      },
      [&] { io::write_content(a_slab_file(4).parent_path() / kManifestName, ""); }};
  for (const auto& damage : damages) {
    write(world_, 3);
    write(world_, 4);
    at_root(damage);
    expect_step(3, world_);
  }
  at_root([&] { fs::remove(a_slab_file(3)); });
  EXPECT_FALSE(read(world_));
}

TEST_P(StoreOnAnyNumberOfRanks, KeepsWhatItWritesAfterOnesThatAreNotWhole) {
  const auto names = [&] {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(folder_)) found.push_back(entry.path().filename());
    std::sort(found.begin(), found.end());
    return found;
  };
  write(world_, 7);
  write(world_, 8);
  at_root([&] {
    for (const std::int64_t step : {7, 8}) fs::resize_file(a_slab_file(step), 10);
  });
  EXPECT_FALSE(read(world_));
  write(world_, 2);  // after a run that began anew
  at_root([&] { EXPECT_THAT(names(), ElementsAre("step_000002")); });
  write(world_, 3);
  at_root([&] { fs::resize_file(a_slab_file(3), 10); });
  write(world_, 4);
  at_root([&] { EXPECT_THAT(names(), ElementsAre("step_000002", "step_000004")); });
  expect_step(4, world_);
}

TEST_P(StoreOnAnyNumberOfRanks, PassesOverAnotherStepOrForm) {
  write(world_, 3);
  write(world_, 4);
  at_root([&] { fs::rename(fs::path(folder_) / "step_000004", fs::path(folder_) / "step_000005"); });
  expect_step(3, world_);
  Form longer = form(), wider = form(), in_one = form();
  ++longer.hours;
  ++wider.hour_shape.back();
  in_one.hour_shape = {2 * 3 * 5};  // as many values
  for (const Form& other : {longer, wider, in_one}) {
    Store store(world_, folder_, kIdentity, other, cut(world_));
    EXPECT_FALSE(store.load(kNoCheck));
  }
  Store store(world_, folder_, kIdentity, form(), cut(world_));
  EXPECT_FALSE(store.load([](const Snapshot&) { throw core::Error("of no use"); }));
}

TEST_P(StoreOnAnyNumberOfRanks, RemovesNothingButCheckpoints) {
  write(world_, 3);
  at_root([&] {
    io::write_content(fs::path(folder_) / "step_3.txt", "mine");
    Store::remove_all(folder_);
    EXPECT_FALSE(fs::exists(fs::path(folder_) / "step_000003"));
    EXPECT_TRUE(fs::exists(fs::path(folder_) / "step_3.txt"));
    fs::remove(fs::path(folder_) / "step_3.txt");
    Store::remove_all(folder_);
    EXPECT_FALSE(fs::exists(folder_));
  });
}

TEST_P(StoreOnAnyNumberOfRanks, PassesOverWhatWasNeverFinished) {
  write(world_, 2);
  at_root([&] {
    fs::create_directories(fs::path(folder_) / ".partial");
    io::write_content(fs::path(folder_) / ".partial" / "hours_0000000_0000011.nc", "half");
    fs::create_directories(fs::path(folder_) / "step_7");  // no name of ours
  });
  expect_step(2, world_);
  at_root([&] { EXPECT_FALSE(fs::exists(fs::path(folder_) / ".partial")); });
}

TEST_P(StoreOnAnyNumberOfRanks, RefusesAnotherIdentity) {
  write(world_, 2, "sampler.steps = 32\nseed = 3\n");
  const auto says_why = AllOf(HasSubstr("step_000002"), HasSubstr("sampler.steps: 32 there, 16 here"),
                              HasSubstr("checkpoint.restart"));
  EXPECT_THAT([&] { read(world_); }, ThrowsMessage<core::CollectiveError>(says_why));
  at_root([&] {
    EXPECT_THAT([&] { Store::check_identity(folder_, kIdentity); }, ThrowsMessage<core::Error>(says_why));
    Store::check_identity(folder_, "sampler.steps = 32\nseed = 3\n");
  });
}

TEST_P(StoreOnAnyNumberOfRanks, SaysWhyItCannotBeWrittenAndKeepsTheOneBefore) {
  write(world_, 2);
  {
    Store store(world_, folder_, kIdentity, form(), cut(world_));
    const fs::path away = fs::path(folder_).parent_path() / (fs::path(folder_).filename().string() + "_away");
    at_root([&] {
      fs::rename(folder_, away);
      io::write_content(folder_, "in the way");
    });
    store.save(snapshot(3, cut(world_)));
    EXPECT_EQ(store.publish(true), Store::Progress::failed);
    EXPECT_THAT(store.failure(), HasSubstr("step_000003"));
    EXPECT_FALSE(store.is_writing());
    at_root([&] {
      fs::remove(folder_);
      fs::rename(away, folder_);
    });
  }
  expect_step(2, world_);
}

INSTANTIATE_TEST_SUITE_P(Shapes, StoreOnAnyNumberOfRanks,
                         ::testing::Values(std::vector<std::int64_t>{2, 3, 5},
                                           std::vector<std::int64_t>{2, 15}),
                         [](const auto& tested) { return tested.param.size() == 3 ? "Rows" : "Cells"; });

}  // namespace
}  // namespace foehn::checkpoint::store_mpi_test
