#include "runtime/simulation/server.hpp"

#include <utility>

namespace mcp::simulation {
namespace {

constexpr instant connect_every = milliseconds{100};
constexpr instant restart_after = milliseconds{500};  ///< by a supervisor
constexpr instant task_again_after = milliseconds{200};
constexpr std::size_t most_runs = 60;

store::lease_rules::instant lease_time(instant time) {
  return std::chrono::duration_cast<store::lease_rules::instant>(time);
}

}  // namespace

void server::started() {
  id_ = 0;
  rules_ = std::make_unique<store::lease_rules>(lease);
  enter();
}

void server::killed() {
  if (desk_) {
    most_behind_ = std::max(most_behind_, desk_->most_behind());
    desk_->close();
  }
  desk_.reset();
  runs_.clear();
  next_ = now_ = {};
  number_ = 0;
  writing_ = looking_ = false;
  // The sockets of a dead process are closed; the database hears of it if it hears anything.
  if (world_.reaches(on(), store_.on())) store_.end_session(id_);
}

void server::lose() {
  ++lost_;
  // Not from within what is being done.
  later(instant{0}, [this] {
    kill();
    world_.after(restart_after, [this] {
      if (!alive()) start();
    });
  });
}

void server::leave() {
  const auto id = id_;
  kill();
  store_.leave(id);
  store_.tell();
}

// The lease --------------------------------------------------------------------------------------

void server::enter() {
  const auto id = std::make_shared<database::server_id>(0);
  store_.ask(
      *this, [this, id] { *id = store_.enter(); },
      [this, id](bool good) {
        if (!good) return later(connect_every, [this] { enter(); });
        id_ = *id;
        const auto incarnation = static_cast<std::uint64_t>((clock() + std::chrono::hours{1}) /
                                                            std::chrono::microseconds{1});
        desk_ = std::make_unique<desk>(
            *this, cluster::member_identity{"c", name_, incarnation}, version_,
            desk::ports{
                .ended = [this](const task_call& call,
                                std::optional<std::int64_t> value) { task_ended(call, value); },
                .find_effect = [this](const task_call& call) -> std::optional<std::string> {
                  const auto& known = runs_.at(call.run).effects;
                  const auto found = known.find(call.key());
                  if (found == known.end()) return std::nullopt;
                  return found->second;
                },
                .keep_effect =
                    [this](const task_call& call, const std::string& result,
                           std::function<void()> then) {
                      write(database::put_effect{call.run, call.key(), result},
                            [this, call, result, then = std::move(then)] {
                              const auto run = runs_.find(call.run);
                              if (run != runs_.end()) run->second.effects[call.key()] = result;
                              then();
                            });
                    },
                .violated = [this](const std::string& what) { store_.note(name_ + ": " + what); }});
        store_.listen(*this, [this] { look(); });
        round();
      });
}

void server::round() {
  const auto there = std::make_shared<bool>(false);
  const auto again = [this] { later(rules_->renew_every(), [this] { round(); }); };
  store_.ask(
      *this, [this, there] { *there = store_.renew(id_); },
      [this, there, again](bool good) {
        if (!good) {
          rules_->failed();
          return again();
        }
        if (!*there) return lose();
        rules_->renewed(lease_time(clock()));
        judge([this, again] {
          look();
          again();
        });
      });
}

void server::judge(std::function<void()> then) {
  if (!rules_->may_judge(lease_time(clock()))) return then();
  const auto dead = std::make_shared<std::vector<database::server_id>>();
  store_.ask(
      *this, [this, dead] { *dead = store_.expired(id_); },
      [this, dead, then = std::move(then)](bool good) {
        if (!good) rules_->failed();
        if (!good || dead->empty() || !rules_->may_judge(lease_time(clock()))) return then();
        bury(*dead, false, then);
      });
}

void server::bury(std::vector<database::server_id> dead, bool any, std::function<void()> then) {
  if (dead.empty()) {
    if (!any) return then();
    return store_.ask(
        *this, [this] { store_.tell(); }, [then](bool /*good*/) { then(); });
  }
  const auto one = dead.back();
  dead.pop_back();
  store_.ask(
      *this, [this, one] { store_.end_session(one); },
      [this, one, dead = std::move(dead), any, then = std::move(then)](bool good) {
        const auto removed = std::make_shared<bool>(false);
        if (!good) return then();
        store_.ask(
            *this, [this, one, removed] { *removed = store_.remove(one); },
            [this, removed, dead, any, then](bool done) {
              if (!done) return then();
              bury(dead, any || *removed, then);
            });
      });
}

// Runs that nobody has ---------------------------------------------------------------------------

void server::look() {
  if (std::exchange(looking_, true)) return;
  const auto found = std::make_shared<std::vector<int>>();
  store_.ask(
      *this, [this, found] { *found = store_.free_runs(); },
      [this, found](bool /*good*/) { take(*found); });
}

void server::take(std::vector<int> free) {
  if (free.empty() || runs_.size() >= most_runs) {
    looking_ = false;
    return;
  }
  const int run = free.back();
  free.pop_back();
  claim(run, [this, run, free = std::move(free)](bool mine) {
    if (mine && !runs_.contains(run)) load(run);
    take(free);
  });
}

void server::claim(int run, std::function<void(bool)> then) {
  const auto mine = std::make_shared<std::optional<bool>>();
  store_.ask(
      *this, [this, run, mine] { *mine = store_.claim(run, id_); },
      [this, run, mine, then = std::move(then)](bool good) {
        if (!good) return later(connect_every, [this, run, then] { claim(run, then); });
        if (!*mine) return lose();
        then(**mine);
      });
}

void server::load(int run) {
  const auto made = std::make_shared<open_run>();
  const auto done = std::make_shared<bool>(false);
  store_.ask(
      *this,
      [this, run, made, done] {
        const auto& row = store_.runs().at(run);
        made->step = row.step;
        made->value = row.value;
        *done = row.done;
        const auto prefix = std::to_string(run) + '/' + std::to_string(row.step) + '/';
        for (auto at = store_.effects().lower_bound(prefix);
             at != store_.effects().end() && at->first.starts_with(prefix); ++at) {
          made->effects.insert(*at);
        }
      },
      [this, run, made, done](bool good) {
        if (!good) return later(connect_every, [this, run] { load(run); });
        if (*done) return release(run);  // while it was claimed
        runs_[run] = *made;
        if (made->step == plan::steps) return finish(run);
        begin_step(run);
      });
}

// Runs -------------------------------------------------------------------------------------------

bool server::submit(int run, std::function<void()> accepted) {
  if (!serves() || frozen() || runs_.size() >= most_runs) return false;
  runs_[run];
  claim(run, [this, run, accepted = std::move(accepted)](bool mine) {
    if (!mine) return store_.note(name_ + ": a new run is somebody else's");
    write(database::put_run{run}, [this, run, accepted] {
      accepted();
      begin_step(run);
    });
  });
  return true;
}

void server::accept(const std::shared_ptr<connection>& from) {
  if (desk_) return desk_->accept(from);
  from->bind(1, {.owner = this, .life = life()});
  from->close(1);
}

void server::begin_step(int run) {
  auto& one = runs_.at(run);
  one.tasks = plan::tasks(run, one.step);
  one.sum = 0;
  const auto state = std::make_shared<const int>(one.step);
  for (int i = 0; i < plan::tasks(run, one.step); ++i) submit_task(run, one.step, i, state);
}

void server::submit_task(int run, int step, int index, std::shared_ptr<const int> state) {
  desk_->submit({run, step, index, std::move(state)});
}

void server::task_ended(const task_call& call, std::optional<std::int64_t> value) {
  if (!value) {  // the node's retry
    return later(task_again_after, [this, call] {
      if (runs_.contains(call.run)) submit_task(call.run, call.step, call.index, call.state);
    });
  }
  auto& run = runs_.at(call.run);
  run.sum += *value;
  if (--run.tasks == 0) end_step(call.run);
}

void server::end_step(int id) {
  auto& run = runs_.at(id);
  run.value += run.sum;
  ++run.step;
  run.effects.clear();
  write(database::put_step{id, run.step, run.value}, [this, id] {
    if (runs_.at(id).step < plan::steps) return begin_step(id);
    finish(id);
  });
}

void server::finish(int run) {
  write(database::end_run{run}, [this, run] {
    runs_.erase(run);
    release(run);
  });
}

void server::release(int run) {
  store_.ask(
      *this, [this, run, me = id_] { store_.release(run, me); }, [](bool /*good*/) {});
}

}  // namespace mcp::simulation
