#pragma once

#include "mcp/mcp.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

/// The run that the crash test kills: 50 supersteps with fan-out, a subgraph, an interrupt with a
/// typed answer beside a sibling that retries, and effects whose receiver keeps a file per key.
namespace crash_flight {

struct clearance {
  bool granted = false;
  int level = 0;
};
MCP_STRUCT(clearance, granted, level)

struct scan {
  int bearing = 0;
};
MCP_STRUCT(scan, bearing)

struct flight {
  int leg = 0;
  std::int64_t fuel = 0;
  std::vector<std::string> log{};
  int level = 0;
};
MCP_STATE(flight, leg, (fuel, mcp::sum), (log, mcp::append), level)

struct approach {
  int height = 0;
  std::vector<std::string> calls{};
};
MCP_STATE(approach, height, (calls, mcp::append))

inline constexpr int legs = 46;
inline constexpr std::int64_t supersteps = 50;
inline constexpr std::size_t effect_count = 3 + 2 + 1 + 1 + 1;

/// The world outside: takes each key once. Everything that happens goes into one log, a line each:
/// `call KEY NAME`, and `durable KEY` when the effect's journal is. The files say what happened.
class receiver {
 public:
  explicit receiver(std::string folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_ + "/effects");
  }
  std::string take(const std::string& key, const std::string& name) const {
    note("call " + key + " " + name);
    const int fd = ::open(file_of(key).c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (fd >= 0) ::close(fd);
    return name + " sent";
  }
  void note(const std::string& line) const {
    const int fd =
        ::open((folder_ + "/calls").c_str(), O_CREAT | O_APPEND | O_WRONLY | O_CLOEXEC, 0600);
    const auto text = line + "\n";
    if (fd < 0 || ::write(fd, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
      throw mcp::error{mcp::errc::store_failed, "the test's log cannot be written"};
    }
    ::close(fd);
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> result;
    std::ifstream in(folder_ + "/calls");
    for (std::string line; std::getline(in, line);) result.push_back(line);
    return result;
  }

  /// Whether the effect with this key has happened.
  [[nodiscard]] bool has(const std::string& key) const {
    return std::filesystem::exists(file_of(key));
  }

 private:
  [[nodiscard]] std::string file_of(std::string key) const {
    std::replace(key.begin(), key.end(), '/', '_');
    return folder_ + "/effects/" + key;
  }

  std::string folder_;
};

inline std::string once(mcp::context& ctx, const receiver& world, const std::string& name) {
  return ctx.once("beacon", [&](const std::string& key) { return world.take(key, name); });
}

inline mcp::graph<approach> make_approach(const receiver& world) {
  mcp::graph<approach> graph("approach");
  graph.node("descend", [](const approach& s) {
    return mcp::update<approach>{}
        .set(&approach::height, s.height - 10)
        .append(&approach::calls, "descend");
  });
  graph.node("report",
             [world](const approach&, mcp::context& ctx) {
               return mcp::update<approach>{}.append(&approach::calls, once(ctx, world, "report"));
             },
             {.blocking = true});
  graph.node("land", [](const approach&) {
    return mcp::update<approach>{}.set(&approach::height, 0).append(&approach::calls, "land");
  });
  return graph.entry_point("descend").edge("descend", "report").edge("report", "land");
}

inline mcp::routes after_leg(const flight& s) {
  mcp::routes next;
  if (s.leg == legs) return mcp::end;
  if (s.leg == 10 || s.leg == 40) {
    for (int i = 0; i < (s.leg == 10 ? 3 : 2); ++i) next.add(mcp::send{"radar", scan{s.leg + i}});
    return next;
  }
  if (s.leg == 20) return "sector";
  if (s.leg == 30) return {std::string{"ask_tower"}, std::string{"note"}};
  return "fly";
}

inline void add_tasks(mcp::graph<flight>& graph, const receiver& world) {
  graph.node("radar",
             [world](const scan& s, mcp::context& ctx) {
               const auto name = "radar-" + std::to_string(s.bearing);
               return mcp::update<flight>{}
                   .set(&flight::fuel, 2)
                   .append(&flight::log, once(ctx, world, name));
             },
             {.blocking = true});
  graph.node("ask_tower",
             [world](const flight&, mcp::context& ctx) {
               const auto sent = once(ctx, world, "ask");
               const auto answer = ctx.ask<clearance>("which level?");
               return mcp::update<flight>{}
                   .set(&flight::level, answer.granted ? answer.level : -1)
                   .append(&flight::log, sent);
             },
             {.blocking = true});
  mcp::retry_policy twice{.max_attempts = 2, .initial_interval = mcp::milliseconds{1}};
  twice.jitter = false;
  graph.node("note",
             [world](const flight&, mcp::context& ctx) {
               const auto sent = once(ctx, world, "note");
               if (ctx.attempt() == 1) throw std::runtime_error("the first attempt is lost");
               return mcp::update<flight>{}.append(&flight::log, sent);
             },
             {.retry = twice, .blocking = true});
}

inline mcp::graph<flight> make_flight(const receiver& world) {
  mcp::graph<flight> graph("flight");
  graph.node("fly", [](const flight& s) {
    auto change = mcp::update<flight>{}.set(&flight::leg, s.leg + 1).set(&flight::fuel, s.leg);
    if (s.leg % 5 == 0) change.append(&flight::log, "leg " + std::to_string(s.leg));
    return change;
  });
  add_tasks(graph, world);
  graph.node("sector", mcp::subgraph(
                           make_approach(world),
                           [](const flight& s) { return approach{.height = 100 + s.leg}; },
                           [](const approach& s) {
                             auto change = mcp::update<flight>{}.set(&flight::fuel, s.height + 1);
                             return std::move(change.set(&flight::log, s.calls));
                           }));
  graph.entry_point("fly").router("fly", after_leg,
                                  {"fly", "radar", "sector", "ask_tower", "note", mcp::end});
  graph.edge("radar", "fly").edge("sector", "fly").join({"ask_tower", "note"}, "fly");
  return graph;
}

}  // namespace crash_flight
