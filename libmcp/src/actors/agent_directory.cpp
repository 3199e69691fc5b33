#include "actors/agent_hub.hpp"
#include "core/agent_address.hpp"

#include <spdlog/spdlog.h>

// The hub's directory: types, who is awake, who is asleep, and the end.

namespace mcp::actors {
namespace {

void check_type(const agent_spec& type) {
  core::check_agent_name("an agent type's name", type.type);
  const auto wrong = [&](const std::string& what) {
    throw error{errc::invalid_argument, "agent type \"" + type.type + "\": " + what};
  };
  if (type.state == nullptr) wrong("it has no state type");
  if (type.handlers.empty()) wrong("it handles no message");
  for (const auto& one : type.handlers) {
    if (one.message == nullptr || !one.run)
      wrong("the handler \"" + one.name + "\" is not complete");
    if (type.find(one.name) != &one) wrong("two handlers for \"" + one.name + "\"");
  }
  const auto& options = type.options;
  if (options.mailbox < 1 || options.mailbox > 1'000'000) wrong("mailbox must be 1 to 1,000,000");
  if (options.idle.count() < 0) wrong("idle must not be negative");
  if (options.intensity < 0 || options.period.count() <= 0) {
    wrong("intensity must be at least 0, period positive");
  }
}

core::supervision_type supervision_view(const agent_spec& type) {
  return {type.type, type.options.on_failure == agent_on_failure::escalate};
}

std::shared_ptr<runtime> runtime_of(const agent_system_options& options) {
  return (options.runtime ? *options.runtime : actor_runtime::shared()).get();
}

}  // namespace

agent_hub::agent_hub(agent_system_options options)
    : options_(std::move(options)),
      metrics_(options_.metrics, options_.name),
      runtime_(runtime_of(options_)),
      topics_(options_.max_subscribers) {
  core::check_agent_name("an agent system's name", options_.name);
  // Whoever still holds the hub after its end does not hold the store.
  if (auto store = std::move(options_.store)) {
    const spawn_scope scope;
    log_ = std::make_unique<agent_log>(*runtime_, std::move(store), options_.name);
  }
}

void agent_hub::add(agent_spec type) {
  check_type(type);
  const std::unique_lock lock{types_mutex_};
  if (checked_ && !supervises(type.type)) core::check_supervision({}, {supervision_view(type)});
  const auto made = std::make_shared<const agent_spec>(std::move(type));
  if (!types_.emplace(made->type, made).second) {
    throw error{errc::invalid_argument, "agent type \"" + made->type + "\" is known already"};
  }
}

void agent_hub::supervise(const std::vector<supervisor>& trees) {
  std::vector<core::supervision_type> types;
  for (const auto& [name, type] : types_) types.push_back(supervision_view(*type));
  core::check_supervision(trees, types);
  if (!trees.empty()) supervision_ = std::make_unique<agent_supervision>(*this, trees);
  checked_ = true;
}

void agent_hub::recover(const std::string& type) {
  if (!log_) return;
  std::vector<std::string> waiting;
  for (auto& one : log_->listed(type)) {
    std::vector<std::pair<std::string, bool>> topics;
    for (auto& topic : one.topics) topics.emplace_back(std::move(topic), true);
    static_cast<void>(change_topics(one.address, topics));
    if (one.waiting) waiting.push_back(std::move(one.address));
  }
  for (const auto& address : waiting) wake_if_allowed(address);
}

void agent_hub::wake_if_allowed(const std::string& address) {
  try {
    static_cast<void>(find_or_wake(address));
  } catch (const error& what) {
    if (what.code() != errc::agent_stopped) throw;
  }
}

std::shared_ptr<const agent_spec> agent_hub::find_type(std::string_view name) const {
  const std::shared_lock lock{types_mutex_};
  const auto found = types_.find(name);
  return found == types_.end() ? nullptr : found->second;
}

std::shared_ptr<const agent_spec> agent_hub::type_of(std::string_view address) const {
  const auto name = core::parse_agent_address(address).type;
  const std::shared_lock lock{types_mutex_};
  const auto found = types_.find(name);
  if (found != types_.end()) return found->second;
  std::vector<std::string_view> known;
  for (const auto& [type, spec] : types_) known.emplace_back(type);
  throw error{errc::unknown_agent,
              "no agent type \"" + std::string{name} + "\"" + detail::suggestion(name, known)};
}

std::vector<std::string> agent_hub::types() const {
  const std::shared_lock lock{types_mutex_};
  std::vector<std::string> result;
  for (const auto& [type, spec] : types_) result.push_back(type);
  return result;
}

agent_hub::shard& agent_hub::shard_of(std::string_view address) {
  // Other bits than those that choose the bucket within the shard.
  return shards_[(std::hash<std::string_view>{}(address) >> 32U) % shards_.size()];
}

std::shared_ptr<agent_cell> agent_hub::find(std::string_view address) {
  static_cast<void>(type_of(address));
  auto& here = shard_of(address);
  const std::lock_guard lock{here.mutex};
  const auto found = here.places.find(std::string{address});
  return found == here.places.end() ? nullptr : found->second.cell;
}

std::shared_ptr<agent_cell> agent_hub::find_or_wake(const std::string& address) {
  auto& here = shard_of(address);
  const std::lock_guard lock{here.mutex};
  if (stopping_) throw error{errc::shutting_down, "the agent system is being destroyed"};
  const auto found = here.places.find(address);
  if (found != here.places.end() && found->second.cell) return found->second.cell;
  const auto type = type_of(address);
  if (const auto why = stopped_by_tree(address)) throw why->at({.node = address});
  if (found == here.places.end() && places_ >= options_.max_agents) {
    throw error{errc::overloaded,
                "agent_system_options::max_agents = " + std::to_string(options_.max_agents) +
                    " agents are in memory"};
  }
  const auto cell = put_cell(here, *type, address);
  cell->start();
  return cell;
}

/// The directory is locked, and has no cell of this address.
std::shared_ptr<agent_cell> agent_hub::put_cell(shard& here, const agent_spec& type,
                                                const std::string& address) {
  auto [found, added] = here.places.try_emplace(address);
  if (added) ++places_;
  auto& where = found->second;
  where.cell = std::make_shared<agent_cell>(shared_from_this(), type, address,
                                            std::exchange(where.saved, {}));
  ++awake_;
  metrics_.awake(1);
  ++woken_;
  return where.cell;
}

bool agent_hub::let_sleep(agent_cell& cell, std::string saved) {
  auto& here = shard_of(cell.address());
  const std::lock_guard lock{here.mutex};
  if (!cell.leave()) return false;
  remove(here, cell, std::move(saved));
  return true;
}

void agent_hub::forget(const agent_cell& cell) {
  auto& here = shard_of(cell.address());
  const std::lock_guard lock{here.mutex};
  remove(here, cell, {});
}

void agent_hub::remove(shard& here, const agent_cell& cell, std::string saved) {
  const auto found = here.places.find(cell.address());
  if (found == here.places.end() || found->second.cell.get() != &cell) return;
  --awake_;
  metrics_.awake(-1);
  if (saved.empty()) {
    here.places.erase(found);
    --places_;
    return;
  }
  found->second.cell.reset();
  saved.shrink_to_fit();
  found->second.saved = std::move(saved);
}

void agent_hub::stop(std::string_view address, const std::string& reason) {
  static_cast<void>(type_of(address));
  if (stopped_by_tree(address) && !find(address)) return;  // refuses already
  // Also one that is asleep: it must refuse from now on.
  find_or_wake(std::string{address})->stop({errc::agent_stopped, reason});
}

void agent_hub::stop_all(const error& reason) {
  std::vector<std::shared_ptr<agent_cell>> all;
  for (auto& here : shards_) {
    const std::lock_guard lock{here.mutex};
    for (const auto& [address, one] : here.places) {
      if (one.cell) all.push_back(one.cell);
    }
  }
  for (const auto& cell : all) cell->stop(reason);
}

bool agent_hub::revive(std::string_view address) {
  static_cast<void>(type_of(address));
  if (supervision_ && supervision_->revive_team(address)) return true;
  if (stopped_by_tree(address)) return false;
  auto& here = shard_of(address);
  const std::lock_guard lock{here.mutex};
  const auto found = here.places.find(std::string{address});
  if (found == here.places.end() || !found->second.cell) return false;
  const auto cell = found->second.cell;
  std::string saved;
  if (!cell->revive(saved)) return false;
  remove(here, *cell, std::move(saved));
  return true;
}

agent_status agent_hub::status(std::string_view address) {
  const auto cell = find(address);
  auto result = cell ? cell->status() : agent_status{};
  if (!cell) result.stopped = stopped_by_tree(address);
  if (!cell && result.stopped) result.phase = agent_phase::stopped;
  result.topics = topics_of(address);
  return result;
}

agent_counts agent_hub::counts() const {
  const auto awake = awake_.load();
  const auto all = places_.load();
  return {.awake = awake,
          .asleep = all > awake ? all - awake : 0,
          .woken = woken_,
          .undelivered = undelivered_,
          .replaced = replaced_};
}

void agent_hub::kill_actor(std::string_view address) {
  if (const auto cell = find(address)) cell->kill_actor();
}

void agent_hub::shut_down() {
  stopping_ = true;
  stop_all({errc::shutting_down, "the agent system is being destroyed"});
  runtime_->drive();
  at_work_->wait_empty();
  metrics_.awake(-static_cast<double>(awake_));
  for (auto& here : shards_) {
    std::unordered_map<std::string, place> gone;  // cells hold the hub: not under the lock
    const std::lock_guard lock{here.mutex};
    gone.swap(here.places);
  }
  log_.reset();
}

}  // namespace mcp::actors
