#include "actors/agent_cell.hpp"
#include "actors/agent_hub.hpp"
#include "mcp/log_fields.hpp"

// The turns of a message: where user code runs, and what it throws is caught.

namespace mcp::actors {

void agent_cell::go_on() {
  agent_continuation then;
  {
    const lock held{mutex_};
    then = std::move(work_->ready.front());
    work_->ready.pop_front();
  }
  start_turn(std::move(then));
}

void agent_cell::start_turn(agent_continuation then) {
  if (!spec_.options.blocking) return run_turn(then);
  const bool taken = submit([then = std::move(then)](agent_cell& self) {
    self.run_turn(then);
    self.after_change();
  });
  if (taken) return;
  const lock held{mutex_};
  machine_.turn_ended(error{errc::overloaded, "too many jobs wait for a blocking thread"}, 0);
}

void agent_cell::run_turn(const agent_continuation& then) {
  auto failed = call_handler(then);
  auto questions = std::exchange(work_->questions, {});
  if (!failed) {
    for (auto& one : questions) hub_->post_question(one.to, std::move(one.mail), one.timeout);
  }
  questions.clear();  // unasked ones say that they were dropped, which takes the lock
  const lock held{mutex_};
  machine_.turn_ended(std::move(failed), work_->steps.size());
}

std::optional<error> agent_cell::call_handler(const agent_continuation& then) {
  auto& work = *work_;
  const auto& handler = *work.mail.handler;
  agent_context ctx{work};
  const thread_watch::hold held{"agent", address_, {}};
  const auto describe = [this](log_fields& to) { to.agent = address_; };
  const log_scope about{describe};
  std::string cause = "threw something that is no std::exception";
  try {
    if (!work.state.has_value() && (then || !handler.reads_only)) work.state = state_;
    if (then) {
      then(work.state.get(), ctx);
    } else {
      auto* state = handler.reads_only ? state_.get() : work.state.get();
      auto answer = handler.run(state, work.mail.content->get(), ctx);
      if (answer.has_value()) work.answer = std::move(answer);
    }
    if (handler.reply == nullptr || !work.answer.has_value() ||
        work.answer.type()->same(*handler.reply)) {
      return std::nullopt;
    }
    return error{errc::invalid_argument, "the reply is not of the type that the message declares"}
        .at({.node = address_});
  } catch (const agent_rejection& what) {
    work.rejected = true;
    return what.reason;
  } catch (const error& what) {
    return what.at({.node = address_});
  } catch (const std::exception& what) {
    cause = what.what();
  } catch (...) {  // named below
  }
  return error{errc::agent_failed, "message \"" + work.mail.title() + "\": " + cause}.at(
      {.node = address_});
}

}  // namespace mcp::actors
