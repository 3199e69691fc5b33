#include "floors.hpp"
#include "graphs.hpp"
#include "rows.hpp"

#include <memory>

namespace bench {
namespace {

using counter_executor = mcp::executor<counter_state>;
using sum_executor = mcp::executor<sum_state>;

constexpr std::int64_t loop_steps = 10'000;

sampler loop_sampler(std::shared_ptr<counter_executor> executor, std::string ballast = {}) {
  return [executor, ballast = std::move(ballast)] {
    return microseconds_of([&] {
             finished(executor->run_to_result({.limit = loop_steps, .ballast = ballast},
                                              long_run(loop_steps)));
           }) /
           static_cast<double>(loop_steps);
  };
}

probes chain_probes(const settings& how, void (caf_floor::*floor_work)(std::uint64_t)) {
  const auto executor = std::make_shared<counter_executor>(chain_graph());
  const auto floor = std::make_shared<caf_floor>();
  return {microseconds_per_call(
              [executor](std::uint64_t runs) {
                for (; runs > 0; --runs) finished(executor->run_to_result({}));
              },
              how),
          microseconds_per_call(
              [floor, floor_work](std::uint64_t n) { (floor.get()->*floor_work)(n); }, how)};
}

probes loop_probes(const settings& how) {
  const auto floor = std::make_shared<caf_floor>();
  return {loop_sampler(std::make_shared<counter_executor>(loop_graph(count))),
          microseconds_per_call([floor](std::uint64_t n) { floor->round_trips(n); }, how)};
}

probes ballast_probes(const settings&) {
  const auto executor = std::make_shared<counter_executor>(loop_graph(count));
  constexpr std::size_t megabyte = 1'000'000;
  return {loop_sampler(executor, std::string(megabyte, 'x')), loop_sampler(executor)};
}

/// Takes spans and forgets them: what is left is making them.
class forgetful_sink final : public mcp::span_sink {
 public:
  void ended(mcp::span) noexcept override {}
};

probes span_probes(const settings&) {
  return {
      loop_sampler(std::make_shared<counter_executor>(
          loop_graph(count), mcp::executor_options{.spans = std::make_shared<forgetful_sink>()})),
      loop_sampler(std::make_shared<counter_executor>(loop_graph(count)))};
}

sampler fan_sampler(std::shared_ptr<sum_executor> executor, std::int64_t width) {
  return [executor, width] {
    return microseconds_of([&] {
             if (finished(executor->run_to_result({.width = width})).total != width) {
               throw std::runtime_error("the sum of the sends is wrong");
             }
           }) /
           static_cast<double>(width);
  };
}

}  // namespace

std::vector<spec> engine_rows() {
  using enum bound_kind;
  return {
      {"3-node chain, new thread, nothing stored",
       "us",
       "bare CAF: spawn, three round trips; inside",
       {{ratio_at_most, 1.6}},
       [](const settings& how) { return chain_probes(how, &caf_floor::chains_inside); }},
      {"the same beside a lent thread",
       "us",
       "bare CAF: the same, outside lends its thread",
       {},
       [](const settings& how) {
         return chain_probes(how, &caf_floor::chains_lending_the_thread);
       }},
      {"superstep in a 10,000-step loop, nothing stored",
       "us",
       "bare CAF: round trip",
       {{ratio_at_most, 1.6}},
       loop_probes},
      {"the same, its spans made and forgotten", "us", "the loop without them", {}, span_probes},
      {"the same with 1 MB of untouched state",
       "us",
       "the loop without it",
       {{ratio_at_most, 1.1}},
       ballast_probes},
      {"1,000 sends and reduce, per send",
       "us",
       "",
       {{value_at_most, 5}},
       [](const settings&) -> probes {
         return {fan_sampler(std::make_shared<sum_executor>(fan_graph()), 1000), {}};
       }},
      {"10,000 sends and reduce, per send",
       "us",
       "of 1,000 sends",
       {{value_at_most, 5}, {ratio_at_most, 1.15}},
       [](const settings&) -> probes {
         const auto executor = std::make_shared<sum_executor>(fan_graph());
         return {fan_sampler(executor, 10'000), fan_sampler(executor, 1000)};
       }},
      {"planner team: 8 executors of 3 nodes, 3 rounds",
       "us",
       "",
       {{value_at_most, 500}},
       [](const settings& how) -> probes {
         const auto executor = std::make_shared<sum_executor>(team_graph());
         return {microseconds_per_call(
                     [executor](std::uint64_t runs) {
                       for (; runs > 0; --runs) finished(executor->run_to_result({}));
                     },
                     how),
                 {}};
       }},
  };
}

}  // namespace bench
