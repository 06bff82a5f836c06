// One world works through a spool, with priors that it keeps.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/io/netcdf.hpp"
#include "foehn/service/journal.hpp"
#include "foehn/service/serve.hpp"
#include "foehn/service/spool.hpp"

namespace foehn::service::serve_mpi_test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ServeTest : public ::testing::Test {
 protected:
  ServeTest() {
    world_.agree_on_root([&] {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directories(folder_);
      foehn::testing::write_gaussian_prior(folder_ / "prior");
      spool_.make();
    });
  }
  ~ServeTest() override {
    world_.agree_on_root([&] { std::filesystem::remove_all(folder_); });
  }

  /// Jobs whose text is the name of their prior's folder; the name is that of their output.
  Reader reader() {
    Reader reader;
    reader.order = [this](const std::string& text, const std::string& name) {
      if (text == "malformed") throw core::UsageError("this is no job");
      Order order;
      order.settings.prior = folder_ / text;
      order.settings.start = "2001-01-01";
      order.settings.hours = 9;
      order.settings.steps = 3;
      order.settings.output = folder_ / name;
      order.settings.result_values = "none\n";
      order.timeout_minutes = 1;
      return order;
    };
    reader.complete = [this](job::Settings&) { ++begun_; };
    return reader;
  }
  void submit(const std::string& name, const std::string& text) {
    world_.agree_on_root([&] { spool_.submit({{name, text}}, kUsualPriority); });
  }
  Ending run(const process::StopToken& stop = {}) {
    ServiceOptions options;
    options.spool = folder_ / "spool";
    options.until_empty = true;
    options.beat_seconds = 0.1;
    comm::Watchdog watchdog(world_, 60);
    return serve(world_, options, reader(), watchdog, stop);
  }
  std::vector<double> values(const std::string& name) const {
    const io::NetcdfFile file = io::NetcdfFile::open(folder_ / name / "member_000.nc");
    return file.read_doubles(file.variable("psl"));
  }

  comm::Communicator world_ = comm::Communicator::world();
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "foehn_serve";
  Spool spool_{disk(), folder_ / "spool"};
  int begun_ = 0;
};

TEST_F(ServeTest, DrawsJobsOneAfterAnotherAndGoesOnAfterARefusal) {
  submit("first", "prior");
  submit("second", "malformed");
  submit("third", "no_prior");
  submit("fourth", "prior");
  EXPECT_EQ(run(), Ending::empty);
  if (!world_.is_root()) return;
  EXPECT_EQ(begun_, 2);  // whose priors could be opened
  EXPECT_EQ(values("first"), values("fourth"));
  EXPECT_EQ(spool_.tickets(State::done).size(), 2U);
  EXPECT_EQ(spool_.message({kUsualPriority, 2, "second", 0}), "this is no job");
  EXPECT_THAT(spool_.message({kUsualPriority, 3, "third", 0}), HasSubstr("no_prior"));
  EXPECT_THAT(disk().list(spool_.services()), IsEmpty());
}

TEST_F(ServeTest, SaysInItsJournalWhatJobsCost) {
  submit("first", "prior");
  EXPECT_EQ(run(), Ending::empty);
  if (!world_.is_root()) return;
  std::vector<std::string> events;
  for (const nlohmann::json& line : read_journals(spool_)) {
    events.push_back(line["event"]);
    if (line["event"] != "done") continue;
    EXPECT_EQ(line["job"], "first");
    EXPECT_EQ(line["members"], 1);
    EXPECT_EQ(line["ranks"], world_.size());
    EXPECT_NEAR(line["years"].get<double>(), 9.0 / 8766, 1e-12);
    EXPECT_GT(line["evaluated"], 0);
    EXPECT_GT(line["seconds"], 0);
  }
  EXPECT_THAT(events, ::testing::ElementsAre("started", "claimed", "done", "ended"));
}

TEST_F(ServeTest, TakesNothingWhereItIsToStop) {
  submit("first", "prior");
  const process::StopSource stop;
  stop.request();
  EXPECT_EQ(run(stop.token()), Ending::drained);
  EXPECT_EQ(begun_, 0);
}

TEST_F(ServeTest, WaitsWhereAnotherRunWritesToTheFolder) {
  submit("first", "prior");
  std::unique_ptr<Lock> lock;
  world_.agree_on_root([&] {
    std::filesystem::create_directories(folder_ / "first");
    lock = disk().try_lock(folder_ / "first");
  });
  const process::StopSource stop;
  const auto stop_once_begun = [&] {
    Reader watched = reader();
    watched.order = [&stop, order = watched.order](const std::string& text, const std::string& name) {
      stop.request();
      return order(text, name);
    };
    return watched;
  };
  ServiceOptions options;
  options.spool = folder_ / "spool";
  comm::Watchdog watchdog(world_, 60);
  EXPECT_EQ(serve(world_, options, stop_once_begun(), watchdog, stop.token()), Ending::drained);
  if (!world_.is_root()) return;
  EXPECT_EQ(spool_.tickets(State::queued).size(), 1U);
}

}  // namespace
}  // namespace foehn::service::serve_mpi_test
