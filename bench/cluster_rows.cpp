#include "child_process.hpp"
#include "cli/logging.hpp"
#include "floors.hpp"
#include "members/cluster_server.hpp"
#include "members/cluster_worker.hpp"
#include "net/pki.hpp"
#include "plugins/loaded_plugin.hpp"
#include "rows.hpp"
#include "system/cluster_system.hpp"

#include <cstdio>
#include <fstream>
#include <thread>

namespace bench {
namespace {

using mcp::cluster::tls_files;
using nlohmann::json;

// What a task and its result take on the wire here; the floor's messages are as long.
constexpr std::size_t task_bytes = 330;
constexpr std::size_t result_bytes = 90;

constexpr const char* file = R"(
name: bench
state: {n: integer, limit: integer, sum: {type: integer, reducer: sum}}
nodes:
  begin: {type: bench.begin, destinations: [step, plan]}
  step: {type: bench.step, placement: workers, destinations: [step, END]}
  plan: {type: bench.plan, destinations: [work]}
  work: {type: bench.work, placement: workers}
edges: [start -> begin]
store: none
limits: {recursion_limit: 1000000}
)";

void offer(mcp::plugin& to) {
  to.node("begin", "", [](const mcp::plugin_request&) {
    return [](const mcp::json_state& s) {
      return mcp::command<mcp::json_state>{mcp::update<mcp::json_state>{s}}.go_to(
          s.at("n") == 0 ? "step" : "plan");
    };
  });
  // One after another.
  to.node("step", "", [](const mcp::plugin_request&) {
    return [](const mcp::json_state& s) {
      const auto sum = s.at("sum").get<std::int64_t>() + 1;
      return mcp::command<mcp::json_state>{mcp::update<mcp::json_state>{s}.set("sum", 1)}.go_to(
          sum < s.at("limit").get<std::int64_t>() ? "step" : mcp::end);
    };
  });
  // `n` at once.
  to.node("plan", "", [](const mcp::plugin_request&) {
    return [](const mcp::json_state& s) {
      std::vector<mcp::send> all;
      for (std::int64_t i = 0; i < s.at("n").get<std::int64_t>(); ++i) {
        all.emplace_back("work", json(i));
      }
      return mcp::command<mcp::json_state>{mcp::update<mcp::json_state>{s}}.go_to(std::move(all));
    };
  });
  to.node("work", "", [](const mcp::plugin_request& request) {
    return [type = request.state](const json&) {
      return mcp::update<mcp::json_state>{type}.set("sum", 1);
    };
  });
}

constexpr mcp::plugin_manifest manifest{"FASTMCP", mcp::plugin_abi, "bench", "1.0.0", "", offer};

mcp::cluster::load_options with_plugin() {
  mcp::cluster::load_options made;
  made.plugins.built_in.push_back(mcp::cluster::load_plugin(manifest));
  return made;
}

/// A server here, and a worker in a process of its own.
class remote_team {
 public:
  explicit remote_team(bool encrypted) {
    mcp::cluster::route_log(nullptr);  // warnings only
    tls_files own, others;
    if (encrypted) {
      const auto pki = folder_.path().string();
      mcp::cluster::make_authority(pki, "bench", std::chrono::days{1});
      const auto issue = [&](const std::string& name, mcp::cluster::certificate_use use) {
        mcp::cluster::issue_certificate(pki, name, use, std::chrono::days{1});
        return tls_files{pki + '/' + name + ".crt", pki + '/' + name + ".key",
                         pki + "/authority.crt"};
      };
      own = issue("server", mcp::cluster::certificate_use::server);
      others = issue("worker", mcp::cluster::certificate_use::worker);
    }
    server_ = mcp::cluster::cluster_server::start({.tls = own});
    worker_ = std::make_unique<child_process>(
        std::vector<std::string>{worker_argument, server_->address().text(), others.certificate,
                                 others.key, others.authority});
    const auto path = (folder_.path() / "bench.yaml").string();
    std::ofstream{path} << file;
    auto options = with_plugin();
    options.workers = server_;
    system_ = mcp::cluster::cluster_system::load(path, options);
    while (server_->members().empty() || server_->members().front().offer.slots < 2) {
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
  }

  void one_after_another(std::uint64_t count) { run(0, count); }
  void at_once(std::uint64_t width, std::uint64_t times) {
    for (std::uint64_t i = 0; i < times; ++i) run(width, width);
  }

 private:
  void run(std::uint64_t width, std::uint64_t expected) {
    const auto ended = system_->executor().run(
        mcp::json_state{system_->type(), {{"n", width}, {"limit", expected}}},
        system_->default_run_options());
    if (ended.at("sum") != expected) throw std::runtime_error("tasks were lost");
  }

  temporary_folder folder_;
  std::shared_ptr<mcp::cluster::cluster_server> server_;
  std::unique_ptr<child_process> worker_;
  std::shared_ptr<mcp::cluster::cluster_system> system_;
};

/// At least `count` steps, in whole rounds of `in_flight`.
sampler steps(std::shared_ptr<remote_team> team, std::uint64_t in_flight, const settings& how) {
  if (in_flight == 1) {
    return microseconds_per_call([team](std::uint64_t count) { team->one_after_another(count); },
                                 how);
  }
  const auto rounds = microseconds_per_call(
      [team, in_flight](std::uint64_t count) { team->at_once(in_flight, count); }, how);
  return [rounds, in_flight] { return rounds() / static_cast<double>(in_flight); };
}

spec remote_row(std::uint64_t in_flight) {
  return {"remote step, " + std::to_string(in_flight) + " in flight",
          "us",
          "a bare CAF remote message and its answer, of the same bytes",
          {{bound_kind::ratio_at_most, 1.5}},
          [in_flight](const settings& how) {
            const auto team = std::make_shared<remote_team>(false);
            const auto floor = std::make_shared<remote_floor>(task_bytes, result_bytes);
            return probes{steps(team, in_flight, how), microseconds_per_call(
                                                           [floor, in_flight](std::uint64_t count) {
                                                             floor->round_trips(count, in_flight);
                                                           },
                                                           how)};
          }};
}

spec encrypted_row(std::uint64_t in_flight) {
  return {"remote step with TLS, " + std::to_string(in_flight) + " in flight",
          "us",
          "the same without",
          {},
          [in_flight](const settings& how) {
            return probes{steps(std::make_shared<remote_team>(true), in_flight, how),
                          steps(std::make_shared<remote_team>(false), in_flight, how)};
          }};
}

}  // namespace

std::vector<spec> cluster_rows() {
  return {remote_row(1),    remote_row(100),    remote_row(1000),
          encrypted_row(1), encrypted_row(100), encrypted_row(1000)};
}

void be_worker(const std::vector<std::string>& arguments) {
  mcp::cluster::route_log(nullptr);
  constexpr std::size_t slots = 2'000;
  mcp::cluster::worker_options options;
  options.name = "worker";
  options.server = mcp::cluster::socket_address::parse(arguments.at(0));
  options.tls = {arguments.at(1), arguments.at(2), arguments.at(3)};
  options.slots = slots;
  options.load = with_plugin();
  const mcp::cluster::cluster_worker worker{std::move(options)};
  wait_for_end_of_input();
}

}  // namespace bench
