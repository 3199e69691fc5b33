#include "mcp/agents/teams_decision.hpp"

namespace mcp::detail {
namespace {

using reader = std::function<void(const std::string&)>;

/// What is wrong with an answer, if anything.
std::optional<error> problem_of(const model_reply& what, const reader& read) {
  if (what.error) return what.error;
  try {
    read(what.answer->reply.content);
    return std::nullopt;
  } catch (const std::exception& reason) {
    const auto* known = dynamic_cast<const error*>(&reason);
    return error{errc::malformed_answer,
                 "the model's decision was refused: " + (known ? known->message() : reason.what())};
  }
}

}  // namespace

void ask_for_json(const std::shared_ptr<chat_model>& model,
                  const std::shared_ptr<const model_node_options>& options,
                  std::vector<message> messages, context& ctx, reader read,
                  std::function<void(std::optional<error>)> done) {
  auto again = messages;
  ask_model(
      model, options, std::move(messages), ctx,
      [model, options, again = std::move(again), &ctx, read = std::move(read),
       done = std::move(done)](model_reply what) mutable {
        auto problem = problem_of(what, read);
        if (!problem || problem->code() != errc::malformed_answer) return done(problem);
        if (what.answer) again.push_back(assistant_message(what.answer->reply.content));
        again.push_back(
            user_message(problem->message() + ". Answer again, with nothing but JSON that fits."));
        ask_model(model, options, std::move(again), ctx,
                  [read, done](const model_reply& second) { done(problem_of(second, read)); });
      });
}

}  // namespace mcp::detail
