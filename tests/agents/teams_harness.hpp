#pragma once

#include "mcp/agents/scripted_model.hpp"
#include "mcp/agents/teams_member.hpp"
#include "mcp/executor.hpp"
#include "support/catch.hpp"

#include <algorithm>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace mcp::test {

inline scripted_answer text_answer(std::string text) {
  return {.text = std::move(text)};
}
/// A message with calls of tools, without arguments; ids are "c1", "c2", ...
inline scripted_answer calling(const std::vector<std::string>& tools, std::string text = {}) {
  scripted_answer answer{.text = std::move(text)};
  for (const auto& name : tools) {
    const auto id = "c" + std::to_string(answer.tool_calls.size() + 1);
    answer.tool_calls.push_back({.id = id, .name = name, .arguments = "{}"});
  }
  return answer;
}

/// A model that gives these answers one after the other, and the last one for ever.
inline std::shared_ptr<chat_model> in_turn(std::vector<scripted_answer> answers) {
  return scripted_model({.rules = {{.answers = std::move(answers)}}});
}
inline std::shared_ptr<chat_model> says(const std::vector<std::string>& texts) {
  std::vector<scripted_answer> answers;
  for (const auto& text : texts) answers.push_back(text_answer(text));
  return in_turn(std::move(answers));
}

/// A model that keeps what it was asked, and answers as another one.
class noting_model final : public chat_model {
 public:
  explicit noting_model(std::shared_ptr<chat_model> inner) : inner_(std::move(inner)) {}
  [[nodiscard]] const std::string& name() const noexcept override { return inner_->name(); }
  std::shared_ptr<chat_call> start(chat_request request, chat_handler handler) override {
    {
      const std::lock_guard lock{mutex_};
      asked_.push_back(request);
    }
    return inner_->start(std::move(request), std::move(handler));
  }
  [[nodiscard]] std::vector<chat_request> asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }

 private:
  const std::shared_ptr<chat_model> inner_;
  mutable std::mutex mutex_;
  std::vector<chat_request> asked_;
};

inline std::shared_ptr<noting_model> noting(std::shared_ptr<chat_model> inner) {
  return std::make_shared<noting_model>(std::move(inner));
}

/// A model whose call ends only by being cancelled; for one call.
class waiting_model final : public chat_model {
 public:
  [[nodiscard]] const std::string& name() const noexcept override { return name_; }
  std::shared_ptr<chat_call> start(chat_request, chat_handler handler) override {
    auto made = std::make_shared<call>(*this, std::move(handler));
    started.set_value();
    return made;
  }
  std::promise<void> started{};
  std::promise<void> stopped{};

 private:
  struct call final : chat_call {
    call(waiting_model& owner, chat_handler what) : model(owner), handler(std::move(what)) {}
    void cancel() override {
      const auto ended = std::exchange(handler, {});
      if (!ended.on_end) return;
      ended.on_end({.failure = model_failure{.error = {errc::cancelled, "stopped"}}});
      model.stopped.set_value();
    }
    waiting_model& model;
    chat_handler handler;
  };
  std::string name_ = "waiting";
};

/// Starts a run, waits until `model` is asked, cancels, and expects the call itself to stop.
template <class State>
void check_cancel(const graph<State>& team, const State& input, waiting_model& model) {
  executor<State> runs{team};
  const auto run = runs.start(input);
  model.started.get_future().wait();
  run.cancel();
  CHECK(run.join().status() == run_status::cancelled);
  model.stopped.get_future().wait();
}

inline team_state asking(std::string text) {
  return {.messages = {user_message(std::move(text))}};
}

/// Who said what: "role name: text", with the tools that were called.
inline std::vector<std::string> lines(const std::vector<message>& messages) {
  std::vector<std::string> all;
  for (const auto& one : messages) {
    auto line = one.role + (one.name.empty() ? "" : " " + one.name) + ": " + one.content;
    for (const auto& call : one.tool_calls) line += " [" + call.name + "]";
    all.push_back(std::move(line));
  }
  return all;
}

/// No provider takes a conversation with calls that have no answer, or answers without a call.
inline void check_calls_are_answered(const std::vector<message>& messages) {
  std::vector<std::string> open;
  for (const auto& one : messages) {
    if (one.role == "tool") {
      const auto found = std::find(open.begin(), open.end(), one.tool_call_id);
      REQUIRE(found != open.end());
      open.erase(found);
      continue;
    }
    CHECK(open.empty());
    for (const auto& call : one.tool_calls) open.push_back(call.id);
  }
  CHECK(open.empty());
}

template <class State>
void check_drawn(const graph<State>& team, const std::vector<std::string>& nodes) {
  CHECK(team.check().empty());
  const auto drawn = team.draw(drawing::mermaid);
  for (const auto& node : nodes) {
    INFO(node << " in\n" << drawn);
    CHECK(drawn.find(node) != std::string::npos);
  }
}

}  // namespace mcp::test
