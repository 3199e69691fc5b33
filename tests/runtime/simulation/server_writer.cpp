#include "runtime/simulation/server.hpp"

namespace mcp::simulation {
namespace {

constexpr instant writer_connects_every = milliseconds{100};
constexpr unsigned halved_batches = 8;  ///< one of so many is sent in two halves

}  // namespace

// The rules of docs/postgres.md, section 2.

void server::write(database::write what, std::function<void()> then) {
  next_.writes.push_back(std::move(what));
  next_.then.push_back(std::move(then));
  flush();
}

void server::flush() {
  if (writing_ || next_.writes.empty()) return;
  writing_ = true;
  now_ = std::exchange(next_, {});
  ++number_;
  attempt(false);
}

void server::attempt(bool again) {
  const auto done = std::make_shared<database::outcome>();
  const auto commit = [this, done, again] {
    store_.ask(
        *this,
        [this, done, me = id_, number = number_, writes = now_.writes] {
          *done = store_.commit(me, number, writes);
        },
        [this, done, again](bool good) {
          if (good) return settle(*done, again);
          connect_again();
        });
  };
  if (!world_.one_in(halved_batches)) return commit();
  store_.ask(
      *this, [this, done, me = id_, number = number_] { *done = store_.begin(me, number); },
      [this, done, commit, again](bool good) {
        if (!good) return connect_again();
        if (*done != database::outcome::committed) return settle(*done, again);
        commit();
      });
}

void server::settle(database::outcome what, bool again) {
  if (what == database::outcome::fenced) return lose();
  if (what == database::outcome::waits) {
    return later(writer_connects_every, [this] { attempt(true); });
  }
  if (what == database::outcome::there && !again) store_.note(name_ + ": a batch was there before");
  for (auto& one : std::exchange(now_, {}).then) one();
  writing_ = false;
  flush();
}

/// Whether the batch is there cannot be known from a lost connection.
void server::connect_again() {
  later(writer_connects_every, [this] {
    const auto last = std::make_shared<std::optional<std::uint64_t>>();
    store_.ask(
        *this, [this, last] { *last = store_.batch_of(id_); },
        [this, last](bool good) {
          if (!good) return connect_again();
          if (!*last) return lose();
          if (**last == number_) return settle(database::outcome::there, true);
          attempt(true);
        });
  });
}

}  // namespace mcp::simulation
