#include <gmock/gmock.h>

#include "app/toy_prior.hpp"
#include "foehn/core/error.hpp"
#include "foehn/model/transformed_fields.hpp"
#include "foehn/tuning/tune.hpp"

namespace foehn::tuning::space_test {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

Task task() {
  Task task;
  task.settings.observations = {"coarse.nc"};
  return task;
}

TEST(Space, HasAStdOfEachVariableInItsUnit) {
  const model::Domain domain = foehn::testing::toy_domain();
  const std::vector<Dimension> found = dimensions_of(task(), domain);
  ASSERT_EQ(found.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    const double scale = domain.normalisation.scale().data_ptr<double>()[i];
    EXPECT_DOUBLE_EQ(found[i].least, 0.02 * scale);
    EXPECT_EQ(found[i].variable, i);
    EXPECT_EQ(found[i].group, found[0].group);
  }
  EXPECT_EQ(found[0].name, "std of psl (Pa)");
}

TEST(Space, GivesTrialsTheirSettings) {
  Task all = task();
  all.settings.guidance = job::Guidance::sda;
  all.settings.observation_std_normalised = {0.1};
  all.parameters = {Parameter::gamma, Parameter::deviation, Parameter::inflation};
  const job::Settings settings = settings_of(all, foehn::testing::toy_domain(), {0.5, 1, 2, 3});
  EXPECT_EQ(settings.gamma, 0.5);
  EXPECT_EQ(settings.observation_std, (std::vector<double>{1, 2}));
  EXPECT_TRUE(settings.observation_std_normalised.empty());
  EXPECT_EQ(settings.inflation, 3);
  EXPECT_NE(settings.result_values,
            settings_of(all, foehn::testing::toy_domain(), {0.5, 1, 2, 4}).result_values);
}

TEST(Space, IsThatOfWhatMatters) {
  Task sda = task();
  sda.settings.guidance = job::Guidance::sda;
  const model::Domain domain = foehn::testing::toy_domain();
  EXPECT_EQ(choose_parameters(sda.settings, domain), (std::vector{Parameter::deviation, Parameter::gamma}));
  model::Domain transformed = domain;
  transformed.normalisation = model::Normalisation::of_quantiles(
      "minmax", domain.quantiles,
      model::transforms_of({domain.variables[0].name + "=power:0.5"}, domain.variables));
  EXPECT_EQ(choose_parameters(sda.settings, transformed), std::vector{Parameter::deviation});
  Task stations;
  stations.settings.stations = {"stations.csv"};
  EXPECT_EQ(choose_parameters(stations.settings, domain), std::vector{Parameter::inflation});
}

TEST(Space, RefusesWhatChangesNothingAndRangesThatDoNotRise) {
  const auto refused = [](const std::function<void(Task&)>& change, const char* words) {
    Task bad = task();
    change(bad);
    EXPECT_THAT([&] { dimensions_of(bad, foehn::testing::toy_domain()); },
                ThrowsMessage<core::UsageError>(HasSubstr(words)));
  };
  refused([](Task& bad) { bad.parameters = {Parameter::gamma}; }, "tune.parameters: gamma changes nothing");
  refused(
      [](Task& bad) {
        bad.settings.observations.clear();
        bad.parameters = {Parameter::deviation};
      },
      "tune.parameters: std is of input.observations");
  refused([](Task& bad) { bad.std_range = {1, 0.1}; }, "tune.std: expected two rising numbers");
  refused([](Task& bad) { bad.gamma_range = {0, 1}; }, "tune.gamma: expected two rising numbers");
}

TEST(ReservedPeriods, AreNotTunedOn) {
  const auto calendar = calendar::Calendar::standard;
  const std::int64_t first = calendar::to_seconds(calendar::parse_date_time("2019-03-22"), calendar);
  const conditioning::Period period{calendar, first, 3600, 72};  // up to the end of 24 March
  check_reserved({"2019-03-25/2019-03-31", "2019-03-01/2019-03-21"}, period);
  for (const char* text :
       {"2019-03-24/2019-03-31", "2019-03-01/2019-03-22", "2019-03-23T00:00/2019-03-23T01:00"})
    EXPECT_THAT([&] { check_reserved({text}, period); },
                ThrowsMessage<core::Error>(HasSubstr("will be scored")));
  for (const char* text : {"2019-03-25", "2019-03-32/2019-04-01", "2019-03-31/2019-03-25"})
    EXPECT_THAT([&] { check_reserved({text}, period); },
                ThrowsMessage<core::UsageError>(HasSubstr("tune.reserved")));
}

}  // namespace
}  // namespace foehn::tuning::space_test
