#include "runtime/simulation/database.hpp"

#include <algorithm>

namespace mcp::simulation {
namespace {

constexpr instant give_up_after = milliseconds{10'000};  ///< tcp_user_timeout
constexpr instant carry_again = milliseconds{100};

template <class... Fs>
struct choices : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
choices(Fs...) -> choices<Fs...>;

}  // namespace

std::int64_t plan::result(int run) {
  std::int64_t sum = 0;
  for (int step = 0; step < steps; ++step) {
    for (int task = 0; task < tasks(run, step); ++task) sum += value(run, step, task);
  }
  return sum;
}

void database::note(const std::string& violation) {
  const auto at = std::chrono::duration_cast<milliseconds>(world_.now()).count();
  violations_.push_back(std::to_string(at) + " ms: " + violation);
}

// Statements -------------------------------------------------------------------------------------

database::server_id database::enter() {
  servers_[++last_server_] = world_.now() + lease;
  writers_[last_server_] = 0;
  return last_server_;
}

bool database::renew(server_id server) {
  const auto row = servers_.find(server);
  if (row == servers_.end()) return false;
  row->second = world_.now() + lease;
  return true;
}

std::vector<database::server_id> database::expired(server_id me) const {
  std::vector<server_id> all;
  for (const auto& [id, until] : servers_) {
    if (until < world_.now() && id != me) all.push_back(id);
  }
  return all;
}

void database::end_session(server_id server) {
  open_batches_.erase(server);
}

bool database::locked(server_id server) {
  const auto row = open_batches_.find(server);
  if (row == open_batches_.end()) return false;
  if (world_.now() - row->second.since < give_up_after) return true;
  open_batches_.erase(row);  // its connection is dead
  return false;
}

bool database::remove(server_id server) {
  const auto row = servers_.find(server);
  if (row == servers_.end() || row->second >= world_.now() || locked(server)) return false;
  ++taken_over_;
  forget(server);
  return true;
}

void database::leave(server_id server) {
  if (servers_.contains(server)) forget(server);
}

void database::forget(server_id server) {
  servers_.erase(server);
  writers_.erase(server);
  open_batches_.erase(server);
  std::erase_if(claims_, [&](const auto& one) { return one.second == server; });
}

std::vector<int> database::free_runs() const {
  std::vector<int> all;
  for (const auto& [run, row] : runs_) {
    if (!row.done && !claims_.contains(run)) all.push_back(run);
  }
  return all;
}

std::optional<bool> database::claim(int run, server_id server) {
  if (!servers_.contains(server)) return std::nullopt;
  return claims_.emplace(run, server).first->second == server;
}

void database::release(int run, server_id server) {
  const auto row = claims_.find(run);
  if (row != claims_.end() && row->second == server) claims_.erase(row);
}

std::size_t database::claims_of(server_id server) const {
  return static_cast<std::size_t>(std::count_if(
      claims_.begin(), claims_.end(), [&](const auto& one) { return one.second == server; }));
}

std::optional<std::uint64_t> database::batch_of(server_id server) const {
  const auto row = writers_.find(server);
  if (row == writers_.end()) return std::nullopt;
  return row->second;
}

database::outcome database::begin(server_id server, std::uint64_t batch) {
  const auto row = writers_.find(server);
  if (row == writers_.end()) return outcome::fenced;
  if (locked(server)) return outcome::waits;
  if (row->second >= batch) return outcome::there;
  open_batches_[server] = {batch, world_.now()};
  return outcome::committed;
}

database::outcome database::commit(server_id server, std::uint64_t batch,
                                   const std::vector<write>& writes) {
  if (const auto half = open_batches_.find(server); half != open_batches_.end()) {
    if (half->second.batch == batch) open_batches_.erase(half);
  }
  const auto row = writers_.find(server);
  if (row == writers_.end()) {
    ++fenced_;
    return outcome::fenced;
  }
  if (locked(server)) return outcome::waits;
  if (row->second >= batch) return outcome::there;
  row->second = batch;
  ++batches_;
  for (const auto& one : writes) apply(server, one);
  return outcome::committed;
}

void database::apply(server_id server, const write& what) {
  const int run = std::visit([](const auto& one) { return one.run; }, what);
  const auto name = "server " + std::to_string(server) + ", run " + std::to_string(run) + ": ";
  const auto owner = claims_.find(run);
  if (owner == claims_.end() || owner->second != server) {
    note(name + "it writes what is not its own");
  }
  auto& row = runs_[run];
  if (row.done) note(name + "it has ended, and goes on");
  std::visit(choices{[&](const put_run&) {
                       if (row.step != 0) note(name + "it began twice");
                       ++open_;
                     },
                     [&](const put_effect& one) {
                       if (!effects_.emplace(one.key, one.result).second) {
                         note(name + "the effect " + one.key + " is committed twice");
                       }
                     },
                     [&](const put_step& one) {
                       if (one.step != row.step + 1) note(name + "its steps are out of order");
                       row.step = one.step;
                       row.value = one.value;
                     },
                     [&](const end_run&) {
                       row.done = true;
                       --open_;
                       if (row.value != plan::result(run)) note(name + "its result is wrong");
                     }},
             what);
}

void database::listen(process& who, std::function<void()> told) {
  std::erase_if(listeners_, [](const auto& one) { return one.life != one.who->life(); });
  listeners_.push_back({&who, who.life(), std::move(told)});
}

void database::tell() {
  for (const auto& one : listeners_) {
    const auto until = world_.now() + give_up_after;
    carry(
        on_, one.who->on(), until, [one] { one.who->reach(one.life, one.told); }, [] {});
  }
}

// The way there ----------------------------------------------------------------------------------

void database::carry(host from, host to, instant until, std::function<void()> what,
                     std::function<void()> failed) {
  world_.after(world_.latency(), [this, from, to, until, what = std::move(what),
                                  failed = std::move(failed)]() mutable {
    if (world_.reaches(from, to)) return what();
    if (world_.now() >= until) return failed();
    world_.after(carry_again, [this, from, to, until, what = std::move(what),
                               failed = std::move(failed)]() mutable {
      carry(from, to, until, std::move(what), std::move(failed));
    });
  });
}

void database::ask(process& from, std::function<void()> what, std::function<void(bool)> then) {
  const auto answer = [&from, life = from.life(), then = std::move(then)](bool good) {
    from.reach(life, [then, good] { then(good); });
  };
  const auto until = world_.now() + give_up_after;
  const auto back = [this, to = from.on(), until, answer](bool good) {
    carry(
        on_, to, until, [answer, good] { answer(good); }, [answer] { answer(false); });
  };
  const auto whole = std::make_shared<std::function<void()>>(std::move(what));
  carry(
      from.on(), on_, until, [this, whole, back, epoch = epoch_] { execute(whole, epoch, back); },
      [answer] { answer(false); });
}

/// First it takes its time, then it is done, unless the database has stopped by then.
void database::execute(const std::shared_ptr<std::function<void()>>& what, std::uint64_t epoch,
                       std::function<void(bool)> then, bool worked) {
  if (!up_ || epoch != epoch_) return then(false);
  const auto stalled = stalled_until_ > world_.now();
  if (worked && !stalled) {
    (*what)();
    return then(true);
  }
  const auto takes = world_.between(milliseconds{0}, slowest_);
  world_.after((stalled ? stalled_until_ - world_.now() : instant{0}) + takes,
               [this, what, epoch, then = std::move(then)]() mutable {
                 execute(what, epoch, std::move(then), true);
               });
}

void database::stall(instant time) {
  stalled_until_ = std::max(stalled_until_, world_.now() + time);
}

void database::stop() {
  up_ = false;
  ++epoch_;
  open_batches_.clear();
}

}  // namespace mcp::simulation
