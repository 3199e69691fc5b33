#include "sim/random_graph.hpp"

namespace sim {
namespace {

mcp::update<state> to_update(const node& one, const change& made) {
  return std::move(mcp::update<state>{}
                       .append(&state::log, made.line)
                       .set(&state::total, made.add)
                       .set(&state::peak, made.add)
                       .set(&state::rounds, made.rounds)
                       .set(&state::marks, {{"last", one.name}}));
}

mcp::update<state> call(const node& one, const state& s, std::optional<int> number,
                        mcp::context& ctx) {
  // A node and its fallback do the same, each for itself.
  if (one.effect || one.broken) {
    const auto key = ctx.once("effect", [](const std::string& made) { return made; });
    if (key != ctx.task_id() + "/effect") throw std::logic_error("the effect of another node");
  }
  if (one.broken) {
    if (one.asks) static_cast<void>(ctx.ask<std::int64_t>(question_of(one, s)));
    throw std::runtime_error("broken");
  }
  if (one.asks) {
    const auto question = question_of(one, s);
    if (ctx.ask<std::int64_t>(question) != answer_to(question)) throw std::logic_error("answer");
  }
  return to_update(one, act(one, s, number));
}

mcp::node_options options_of(const graph& of, const node& one) {
  mcp::node_options options;
  mcp::retry_policy retry{.max_attempts = 3, .initial_interval = mcp::milliseconds{20}};
  retry.jitter = one.flaky;
  options.retry = retry;
  if (one.flaky) options.timeout = mcp::timeout_policy{.run = mcp::milliseconds{500}};
  if (one.broken) options.fallback = of.nodes[*of.fallback].name;
  options.defer = one.deferred;
  return options;
}

void add_node(mcp::graph<state>& built, const graph& of, const node& one) {
  if (one.worker) {
    built.node(
        one.name,
        [&one](const work& w, mcp::context& ctx) { return call(one, state{}, w.number, ctx); },
        options_of(of, one));
  } else {
    built.node(
        one.name,
        [&one](const state& s, mcp::context& ctx) { return call(one, s, std::nullopt, ctx); },
        options_of(of, one));
  }
  for (const auto to : one.edges) built.edge(one.name, of.nodes[to].name);
  if (!routes_itself(one)) return;
  built.router(one.name, [&of, &one](const state& s) {
    mcp::routes result;
    for (const auto& to : decide(of, one, s)) {
      if (const auto* sent = std::get_if<1>(&to)) {
        result.add(mcp::send{of.nodes[sent->first].name, work{sent->second}});
      } else {
        result.add(of.nodes[std::get<0>(to)].name);
      }
    }
    return result;
  });
}

struct planned {
  std::size_t node = 0;
  std::optional<int> number{};
};

class interpreter {
 public:
  explicit interpreter(const graph& of) : of_(of), seen_(of.joins.size()) {}

  expectation run() {
    expectation result;
    next_.push_back({0, {}});
    for (;;) {
      if (next_.empty()) {
        for (const auto one : deferred_) next_.push_back({one, {}});
        deferred_.clear();
      }
      if (next_.empty()) break;
      if (state_.log.size() + next_.size() > max_lines) {
        result.too_long = true;
        break;
      }
      superstep();
      ++result.supersteps;
    }
    result.reached = state_;
    return result;
  }

 private:
  void superstep() {
    const auto tasks = std::move(next_);
    next_.clear();
    sends_.clear();
    std::vector<change> changes;
    for (const auto& task : tasks) {
      const auto& one =
          of_.nodes[task.node].broken ? of_.nodes[*of_.fallback] : of_.nodes[task.node];
      changes.push_back(act(one, task.number ? state{} : state_, task.number));
      changes.back().line += "|" + one.name;
    }
    const auto before = state_;
    for (const auto& made : changes) apply(state_, made);
    bool ask_map = false;
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      const auto& one = of_.nodes[tasks[i].node];
      auto own = before;
      apply(own, changes[i]);
      bool leads = follow(tasks[i].node);
      for (const auto to : one.edges) trigger(to);
      if (routes_itself(one)) {
        for (const auto& to : decide(of_, one, own)) go(to);
      }
      leads = leads || !one.edges.empty() || routes_itself(one);
      ask_map = ask_map || !leads;
    }
    if (ask_map && of_.edge_map) {
      if (const auto to = map_edge(of_, state_)) trigger(*to);
    }
    std::sort(next_.begin(), next_.end(), [this](const planned& a, const planned& b) {
      return of_.nodes[a.node].name < of_.nodes[b.node].name;
    });
    next_.insert(next_.end(), sends_.begin(), sends_.end());
  }

  static void apply(state& s, const change& made) {
    const auto bar = made.line.rfind('|');
    s.log.push_back(made.line.substr(0, bar));
    s.total += made.add;
    s.peak = std::max(s.peak, made.add);
    s.rounds += made.rounds;
    s.marks["last"] = made.line.substr(bar + 1);
  }

  void go(const target& to) {
    if (const auto* sent = std::get_if<1>(&to)) {
      sends_.push_back({sent->first, sent->second});
    } else {
      trigger(std::get<0>(to));
    }
  }

  void trigger(std::size_t to) {
    if (of_.nodes[to].deferred) {
      if (std::find(deferred_.begin(), deferred_.end(), to) == deferred_.end()) {
        deferred_.push_back(to);
        std::sort(deferred_.begin(), deferred_.end());
      }
      return;
    }
    for (const auto& known : next_) {
      if (known.node == to) return;
    }
    next_.push_back({to, {}});
  }

  /// Joins; true when the node is a source of one.
  bool follow(std::size_t from) {
    bool source = false;
    for (std::size_t i = 0; i < of_.joins.size(); ++i) {
      const auto& sources = of_.joins[i].sources;
      if (std::find(sources.begin(), sources.end(), from) == sources.end()) continue;
      source = true;
      auto& seen = seen_[i];
      if (std::find(seen.begin(), seen.end(), from) == seen.end()) seen.push_back(from);
      if (seen.size() < sources.size()) continue;
      seen.clear();
      trigger(of_.joins[i].target);
    }
    return source;
  }

  const graph& of_;
  state state_;
  std::vector<planned> next_;
  std::vector<planned> sends_;
  std::vector<std::size_t> deferred_;
  std::vector<std::vector<std::size_t>> seen_;
};

}  // namespace

std::shared_ptr<const mcp::graph_plan> build(const graph& of) {
  mcp::graph<state> built("seed-" + std::to_string(of.seed));
  for (const auto& one : of.nodes) add_node(built, of, one);
  for (const auto& one : of.joins) {
    std::vector<std::string> sources;
    for (const auto source : one.sources) sources.push_back(of.nodes[source].name);
    built.join(sources, of.nodes[one.target].name);
  }
  if (of.edge_map) {
    built.edges([&of](const state& s) -> mcp::routes {
      const auto to = map_edge(of, s);
      return to ? mcp::routes{of.nodes[*to].name} : mcp::routes{mcp::end};
    });
  }
  return built.entry_point(of.nodes.front().name).compile().plan();
}

expectation interpret(const graph& of) {
  return interpreter{of}.run();
}

}  // namespace sim
