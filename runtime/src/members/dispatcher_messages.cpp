#include "cluster/memory_wire.hpp"
#include "members/about_member.hpp"
#include "members/dispatcher.hpp"
#include "net/steady_time.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <spdlog/spdlog.h>

// The dispatcher's part for what workers say.

namespace mcp::cluster {
namespace {

constexpr std::uint64_t most_slots = 10'000;
constexpr std::size_t most_labels = 100;
constexpr std::size_t most_plugins = 1'000;
constexpr std::size_t longest_version = 64;
constexpr std::size_t bytes_around_answer = 1'000;  ///< at most, in its message

template <class... Fs>
struct overloaded : Fs... {
  using Fs::operator()...;
};
template <class... Fs>
overloaded(Fs...) -> overloaded<Fs...>;  // clang 14 does not find it by itself

void check(const offer_message& offer) {
  const auto refuse = [](const std::string& what) {
    throw error{errc::malformed_answer, "a worker offers " + what};
  };
  if (offer.slots == 0 || offer.slots > most_slots) {
    refuse(std::to_string(offer.slots) + " slots; 1 to " + std::to_string(most_slots) + " may be");
  }
  if (offer.labels.size() > most_labels) refuse("more than 100 labels");
  if (offer.plugins.size() > most_plugins) refuse("more than 1,000 plugins");
}

}  // namespace

void dispatcher::take(member& from, const std::string& bytes) {
  auto message = read_worker_message(bytes);
  std::visit([&](auto& what) { take(from, std::move(what)); }, message);
}

void dispatcher::take(member& from, offer_message offer) {
  if (from.offered) throw error{errc::malformed_answer, "a worker offers twice"};
  check(offer);
  from.offered = true;
  from.program = std::move(offer.program);
  const about_member subject{from.name};
  const log_scope about{subject};
  spdlog::info("cluster: member \"{}\" at {} joins with {} slots", from.name, from.address,
               offer.slots);
  placement_.join(
      from.id, from.name,
      {std::move(offer.plugins), std::move(offer.labels), static_cast<std::size_t>(offer.slots),
       from.link.version() >= wire_version_of_agents, std::move(from.versions)},
      steady_time());
}

void dispatcher::take(member& from, plugins_message plugins) {
  const auto is_one = [](const auto& version) {
    return !version.second.empty() && version.second.size() <= longest_version;
  };
  if (from.offered || plugins.versions.size() > most_plugins ||
      !std::all_of(plugins.versions.begin(), plugins.versions.end(), is_one)) {
    throw error{errc::malformed_answer,
                "a worker says of what versions its plugins are, too late, "
                "too many, or none that can be"};
  }
  from.versions = std::move(plugins.versions);
}

dispatcher::open_call* dispatcher::call_of(const member& from, std::uint64_t number) {
  const auto task = from.at_work.find(number);
  if (task == from.at_work.end()) return nullptr;
  auto& open = calls_.at(task->second);
  return open.call ? &open : nullptr;
}

void dispatcher::take(member& from, result_message result) {
  if (!call_of(from, result.task)) return;  // late: it was withdrawn
  const auto call = close_call(from.at_work.at(result.task)).call;
  try {
    if (result.failure) {
      static_cast<void>(call->reply->fail(decode_failure(*result.failure)));
    } else if (!result.questions.empty()) {
      auto& port = call->reply->context().port();
      for (auto& one : result.questions) {
        port.ask(static_cast<std::size_t>(one.index), std::move(one.bytes), std::move(one.schema));
      }
      static_cast<void>(call->reply->interrupt());
    } else {
      static_cast<void>(
          call->reply->done(decode_result(result, call->input.state.type(), *call->inputs)));
    }
  } catch (const error& wrong) {
    static_cast<void>(call->reply->fail({.error = wrong}));
  }
}

void dispatcher::take(member& from, wish_message wish) {
  auto* const open = call_of(from, wish.task);
  if (open == nullptr) return;
  const auto call = open->call;
  told_message told{.task = wish.task, .number = wish.number};
  const auto to = from.id;
  auto& port = call->reply->context().port();
  const auto in_errand = [&](auto work) {
    boost::asio::post(open->errands, [this, call, told, to, work,
                                      self = caf::actor_cast<caf::actor>(this)]() mutable {
      try {
        told.bytes = work(call->reply->context().port());
      } catch (const error& wrong) {
        told.failure = encode_failure({.error = wrong});
      } catch (const std::exception& wrong) {
        told.failure = encode_failure({.error = error{errc::store_failed, wrong.what()}});
      }
      box()->post(self, [this, told, to] { answer_later(to, told); });
    });
  };
  try {
    std::visit(
        overloaded{[&](const answer_wanted& one) {
                     told.bytes = port.answer(static_cast<std::size_t>(one.index));
                     answer(from, std::move(told));
                   },
                   [&](const charge_wanted& one) {
                     port.charge(one.counter, one.amount);
                     answer(from, std::move(told));
                   },
                   [&](const hold_wanted& one) {
                     port.hold(one.counter, one.amount);
                     open->held[one.counter] += one.amount;
                     answer(from, std::move(told));
                   },
                   [&](const durability_wanted&) {
                     port.when_durable([this, told, to, self = caf::actor_cast<caf::actor>(this)] {
                       box()->post(self, [this, told, to] { answer_later(to, told); });
                     });
                   },
                   [&](effect_wanted& one) {
                     in_errand([key = std::move(one.key)](context_port& run) {
                       return run.find_effect(key);
                     });
                   },
                   [&](effect_kept& one) {
                     in_errand(
                         [kept = std::move(one)](context_port& run) -> std::optional<std::string> {
                           run.keep_effect(kept.key, kept.result);
                           return std::nullopt;
                         });
                   },
                   [&](memory_wanted& one) {
                     in_errand([request = std::move(one.request)](
                                   context_port& run) -> std::optional<std::string> {
                       auto* store = run.memory();
                       if (store == nullptr) {
                         throw error{errc::no_store, "the task's run has no memory store"};
                       }
                       return serve_memory(*store, request);
                     });
                   }},
        wish.what);
  } catch (const error& wrong) {
    told.failure = encode_failure({.error = wrong});
    answer(from, std::move(told));
  }
}

void dispatcher::take(member& from, note_message note) {
  auto* const open = call_of(from, note.task);
  if (open == nullptr) return;
  auto& port = open->call->reply->context().port();
  std::visit(
      overloaded{[&](const sign_of_life&) { port.heartbeat(); },
                 [&](const refunded& one) { port.refund(one.counter, one.amount); },
                 [&](event_told& one) { port.emit(std::move(one.name), std::move(one.payload)); },
                 [&](const words_told& one) { port.emit_message(one.content); },
                 [&](const released& one) {
                   auto& held = open->held[one.counter];
                   const auto known = std::clamp<std::int64_t>(one.held, 0, held);
                   held -= known;
                   port.release(one.counter, known, std::clamp<std::int64_t>(one.used, 0, known));
                 }},
      note.what);
}

void dispatcher::take(member& from, const leaving_message& leaving) {
  const about_member subject{from.name};
  const log_scope about{subject};
  spdlog::info("cluster: member \"{}\" leaves: {}", from.name, leaving.reason);
  from.leaves = true;
  placement_.drain(from.id, steady_time());
}

void dispatcher::answer(member& to, told_message told) {
  fit(told.bytes, told.failure);
  say(to, std::move(told));
}

void dispatcher::fit(std::optional<std::string>& bytes,
                     std::optional<failure_item>& failure) const {
  const auto most = limits_.link.message_bytes;
  if (!bytes || bytes->size() + bytes_around_answer <= most) return;
  failure = encode_failure(
      {.error = error{errc::too_large, "what a task asks for has " + std::to_string(bytes->size()) +
                                           " bytes; a message to a worker has at most " +
                                           std::to_string(most)}});
  bytes.reset();
}

void dispatcher::answer_later(member_id to, told_message told) {
  const auto found = members_.find(to);
  if (found == members_.end()) return;
  answer(*found->second, std::move(told));
}

void dispatcher::say(member& to, const server_message& what) {
  if (version_of(what) > to.link.version()) return;  // it could not read it
  auto bytes = to_cbor(what);
  stirred_.insert(to.id);
  if (!to.outbox.empty() || !to.link.send(bytes)) to.outbox.push_back(std::move(bytes));
}

}  // namespace mcp::cluster
