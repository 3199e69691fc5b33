#include "members/agent_task.hpp"

#include "cluster/raw_cbor.hpp"
#include "cluster/task_codec.hpp"
#include "mcp/cbor.hpp"

#include <utility>

namespace mcp::cluster {
namespace {

agent_end failed_end(const error& why, bool rejected = false) {
  return {.failure = encode_failure({.error = why}), .rejected = rejected};
}

}  // namespace

/// What a step calls back; forgetting to is an answer too.
class agent_task::answer_to_step {
 public:
  explicit answer_to_step(std::weak_ptr<agent_task> task) : task_(std::move(task)) {}
  ~answer_to_step() { give(error{errc::reply_dropped, "a step of a message never called back"}); }
  answer_to_step(const answer_to_step&) = delete;
  answer_to_step& operator=(const answer_to_step&) = delete;
  void give(std::optional<error> failed) {
    if (given_.exchange(true)) return;
    if (const auto task = task_.lock()) task->stepped(std::move(failed));
  }

 private:
  std::weak_ptr<agent_task> task_;
  std::atomic<bool> given_{false};
};

agent_task::agent_task(agent_task_message message, kept_agent_state known,
                       agent_task_surroundings around)
    : message_(std::move(message)), around_(std::move(around)), before_(std::move(known)) {}

void agent_task::run(const agent_spec& type, std::shared_ptr<const void> owner) {
  type_ = {std::move(owner), &type};
  take_turns({});
}

void agent_task::decode_state() {
  if (before_.content) return;
  value made;
  if (message_.bytes) {
    made = decode_value(*type_->state, *message_.bytes);
    before_.bytes = message_.bytes->size();
  } else {
    const std::string_view address{message_.address};
    made = type_->initial ? type_->initial(address.substr(address.find('/') + 1))
                          : value{*type_->state};
  }
  before_.content = std::make_shared<const value>(std::move(made));
}

// Turns ------------------------------------------------------------------------------------------

void agent_task::take_turns(agent_continuation then) {
  for (;;) {
    if (auto why = call(then)) return end(std::move(*why), before_);
    std::unique_lock lock{mutex_};
    if (ended_) return;
    if (!ready_.empty()) {
      then = std::move(ready_.front());
      ready_.pop_front();
      continue;
    }
    if (open_ == 0) break;
    turning_ = false;
    if (actions_.empty()) return;
    // Under the lock: who has the next turn sends after this one.
    return around_.say({.task = message_.task, .actions = std::exchange(actions_, {})}, {});
  }
  next_step();
}

std::optional<agent_end> agent_task::call(const agent_continuation& then) {
  agent_context ctx{*this};
  std::string cause = "threw something that is no std::exception";
  try {
    if (then) {
      if (!state_.has_value()) state_ = *before_.content;
      then(state_.get(), ctx);
    } else {
      handle(ctx);
    }
    if (handler_->reply == nullptr || !answer_.has_value() ||
        answer_.type()->same(*handler_->reply)) {
      return std::nullopt;
    }
    return failed_end(
        {errc::invalid_argument, "the reply is not of the type that the message declares"});
  } catch (const agent_rejection& what) {
    return failed_end(what.reason, true);
  } catch (const error& what) {
    return failed_end(what);
  } catch (const std::exception& what) {
    cause = what.what();
  } catch (...) {  // named below
  }
  return failed_end({errc::agent_failed, "message \"" + message_.name + "\": " + cause});
}

void agent_task::handle(agent_context& ctx) {
  handler_ = type_->find(message_.name);
  if (handler_ == nullptr) {
    std::vector<std::string_view> known;
    for (const auto& one : type_->handlers) known.push_back(one.name);
    throw agent_rejection{{errc::unknown_message,
                           "agents of type \"" + message_.type + "\" have no handler for \"" +
                               message_.name + "\"" + detail::suggestion(message_.name, known)}};
  }
  decode_state();
  try {
    content_ = decode_value(*handler_->message, message_.content);
  } catch (const error& wrong) {
    throw agent_rejection{wrong};
  }
  if (!handler_->reads_only) state_ = *before_.content;
  // A handler that only reads does not touch what it is lent.
  auto* state =
      handler_->reads_only ? const_cast<void*>(before_.content->get()) : state_.get();  // NOLINT
  auto made = handler_->run(state, content_.get(), ctx);
  if (made.has_value()) answer_ = std::move(made);
}

void agent_task::resumed(std::uint64_t beginning, agent_continuation then) {
  {
    const std::lock_guard lock{mutex_};
    if (ended_ || beginning != beginning_ || open_ == 0) return;
    --open_;
    if (turning_) {
      ready_.push_back(std::move(then));
      return;
    }
    turning_ = true;
    // Under the lock: after `lose_server` there may be no threads any more.
    around_.post([self = shared_from_this(), then = std::move(then)]() mutable {
      self->take_turns(std::move(then));
    });
  }
}

void agent_task::told(agent_answer_message answer) {
  asked then;
  std::uint64_t beginning = 0;
  {
    const std::lock_guard lock{mutex_};
    auto found = questions_.extract(answer.number);
    if (found.empty()) return;
    then = std::move(found.mapped());
    beginning = beginning_;
  }
  agent_outcome outcome;
  if (answer.failure) {
    outcome.error = decode_failure(*answer.failure).error;
  } else if (answer.bytes) {
    outcome.reply = value{raw_cbor{std::make_shared<const std::string>(std::move(*answer.bytes))}};
  }
  resumed(beginning, [then = std::move(then), outcome = std::move(outcome)](
                         void* state, agent_context& ctx) { then(state, outcome, ctx); });
}

// The end ----------------------------------------------------------------------------------------

void agent_task::next_step() {
  if (steps_.empty()) return finish();
  const auto step = std::move(steps_.front());
  steps_.pop_front();
  const auto answer = std::make_shared<answer_to_step>(weak_from_this());
  try {
    step([answer](std::optional<error> failed) { answer->give(std::move(failed)); });
  } catch (const error& wrong) {
    answer->give(wrong);
  } catch (const std::exception& wrong) {
    answer->give(error{errc::agent_failed, wrong.what()});
  } catch (...) {
    answer->give(error{errc::agent_failed, "threw something that is no std::exception"});
  }
}

void agent_task::stepped(std::optional<error> failed_with) {
  const std::lock_guard lock{mutex_};
  if (ended_) return;
  around_.post([self = shared_from_this(), failed_with = std::move(failed_with)]() mutable {
    self->step_done(std::move(failed_with));
  });
}

void agent_task::step_done(std::optional<error> failed_with) {
  if (failed_with) return end(failed_end(*failed_with), before_);
  next_step();
}

void agent_task::finish() {
  agent_end how;
  auto state = before_;
  try {
    if (state_.has_value() && !type_->state->equal(before_.content->get(), state_.get())) {
      how.state = encode_value(state_);
      state = {std::make_shared<const value>(std::move(state_)), how.state->size()};
    }
    if (answer_.has_value()) how.reply = encode_value(answer_);
  } catch (const error& wrong) {
    return end(failed_end(wrong), before_);
  } catch (const std::exception& wrong) {
    return end(failed_end({errc::agent_failed, wrong.what()}), before_);
  }
  end(std::move(how), std::move(state));
}

void agent_task::end(agent_end how, kept_agent_state state) {
  std::unordered_map<std::uint64_t, asked> questions;
  std::deque<agent_continuation> ready;
  {
    const std::lock_guard lock{mutex_};
    if (std::exchange(ended_, true)) return;
    questions.swap(questions_);
    ready.swap(ready_);
  }
  agent_turn_message last{.task = message_.task, .end = std::move(how)};
  if (!last.end->failure) last.actions = std::exchange(actions_, {});
  around_.say(std::move(last), std::move(state));
}

void agent_task::fail(const error& why) {
  end(failed_end(why), before_);
}

void agent_task::miss_state() {
  end({.state_unknown = true}, {});
}

void agent_task::lose_server() {
  cancel();
  const std::lock_guard lock{mutex_};
  ended_ = true;
}

}  // namespace mcp::cluster
