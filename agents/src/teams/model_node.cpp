#include "mcp/agents/model_node.hpp"

#include "mcp/agents/model_policies.hpp"
#include "mcp/json_schema.hpp"

#include <map>
#include <mutex>
#include <utility>

#include <nlohmann/json.hpp>

namespace mcp {

namespace {

/// One question of a task under way. The context is used by one thread at a time: the node's until
/// the call starts, then the provider's.
class question : public std::enable_shared_from_this<question> {
 public:
  question(std::shared_ptr<const model_node_options> options, context& ctx,
           std::function<void(model_reply)> done)
      : options_(std::move(options)), ctx_(ctx), done_(std::move(done)) {}

  void begin(chat_model& model, std::vector<message> messages) {
    price_ = model.price();
    if (!price_) price_ = options_->price;
    chat_request request;
    try {
      request = make_request(std::move(messages));
      id_ = ctx_.task_id();
      // A schema that is no use is found out before anything is paid for.
      if (!request.output_schema.empty()) schema_.emplace(checked_json(request.output_schema));
      reserve(request);
    } catch (...) {
      return fail(std::current_exception());
    }
    // Before the start: afterwards the context belongs to the provider's thread.
    ctx_.on_cancel([weak = weak_from_this()] {
      if (const auto self = weak.lock()) self->cancel();
    });
    if (is_cancelled()) {
      return answer({.error = error{errc::cancelled, "the task was cancelled"}});
    }
    chat_handler handler;
    const auto self = shared_from_this();
    if (options_->stream) {
      handler.on_delta = [self](const chat_delta& delta) { self->show(delta); };
    }
    handler.on_end = [self](chat_outcome outcome) { self->end(std::move(outcome)); };
    auto call = model.start(std::move(request), std::move(handler));
    {
      const std::lock_guard lock{mutex_};
      if (over_) return;
      call_ = call;
      if (!cancelled_) return;
    }
    call->cancel();
  }

 private:
  [[nodiscard]] chat_request make_request(std::vector<message> messages) const {
    auto request = options_->request;
    request.messages.clear();
    request.messages.reserve(messages.size() + 1);
    if (!options_->system.empty()) {
      request.messages.push_back({.role = "system", .content = options_->system});
    }
    for (auto& one : messages) request.messages.push_back(std::move(one));
    request.tools = options_->tools_now ? options_->tools_now() : options_->tools;
    if (!request.max_tokens) request.max_tokens = options_->max_tokens;
    request.tag.run = std::string{ctx_.run_id()};
    request.tag.traceparent = ctx_.traceparent();
    if (options_->before) options_->before(request);
    // Whatever a guard did to it: what is taken from the budget is the most that the answer costs.
    if (!request.max_tokens) request.max_tokens = options_->max_tokens;
    return request;
  }

  void reserve(const chat_request& request) {
    input_tokens_ =
        options_->count_tokens ? options_->count_tokens(request) : estimated_tokens(request);
    const token_usage most{.input = input_tokens_, .output = *request.max_tokens};
    tokens_.emplace(ctx_.reserve("tokens", most.total()));
    if (!price_) return;
    auto price = *price_;
    price.cached_input.reset();
    cost_.emplace(ctx_.reserve("cost_micros", cost_of(most, price)));
  }

  void cancel() {
    std::shared_ptr<chat_call> call;
    {
      const std::lock_guard lock{mutex_};
      cancelled_ = true;
      call = call_;
    }
    if (call) call->cancel();
  }

  [[nodiscard]] bool is_cancelled() {
    const std::lock_guard lock{mutex_};
    return cancelled_;
  }

  void show(const chat_delta& delta) {
    try {
      if (delta.what == chat_delta::kind::restart) {
        calls_.clear();
        return ctx_.emit("message_restart", id_);
      }
      message part{.id = id_, .role = "assistant", .name = options_->speaker};
      if (delta.what == chat_delta::kind::text) {
        part.content = delta.text;
      } else {
        auto& known = calls_[delta.index];
        if (!delta.id.empty()) known.id = delta.id;
        if (!delta.name.empty()) known.name = delta.name;
        part.tool_calls.push_back(known);
        part.tool_calls.back().arguments = delta.text;
      }
      ctx_.emit_message(part);
    } catch (const error&) {
      // A piece that cannot be shown, such as half a character: the whole answer still comes.
    }
  }

  void end(chat_outcome outcome) {
    std::shared_ptr<chat_call> call;  // let go of outside the lock
    {
      const std::lock_guard lock{mutex_};
      over_ = true;
      call = std::move(call_);
    }
    if (outcome.failure) return answer({.error = std::move(outcome.failure->error)});
    try {
      take(*outcome.answer);
    } catch (...) {
      return fail(std::current_exception());
    }
    answer({.answer = std::move(outcome.answer)});
  }

  void take(chat_answer& got) {
    settle(got.usage.total() > 0 ? got.usage : estimate(got.reply), got.price ? got.price : price_);
    got.reply.id = id_;
    got.reply.name = options_->speaker;
    if (options_->after) options_->after(got);
    check_output(got);
    if (!options_->stream) ctx_.emit_message(got.reply);
  }

  /// For providers that do not say what they used.
  [[nodiscard]] token_usage estimate(const message& reply) const {
    token_usage used{.input = input_tokens_, .output = estimated_tokens(reply.content)};
    for (const auto& call : reply.tool_calls) {
      used.output += estimated_tokens(call.name) + estimated_tokens(call.arguments);
    }
    return used;
  }

  void settle(const token_usage& usage, const std::optional<model_price>& price) {
    // Both, even when the first is more than the budget allows.
    std::exception_ptr refused;
    try {
      tokens_->settle(usage.total());
    } catch (...) {
      refused = std::current_exception();
    }
    if (cost_) cost_->settle(cost_of(usage, *price));
    if (refused) std::rethrow_exception(refused);
  }

  /// Throws `malformed_json` for what is not JSON or too deep.
  static nlohmann::json checked_json(const std::string& text) {
    static_cast<void>(json_to_cbor(text));
    return nlohmann::json::parse(text);
  }

  void check_output(const chat_answer& got) const {
    if (!schema_ || !got.reply.tool_calls.empty()) return;
    nlohmann::json output;
    try {
      output = checked_json(got.reply.content);
    } catch (const error& reason) {
      throw error{errc::malformed_answer,
                  "the model was asked for JSON and answered something else: " + reason.message()};
    }
    const auto problems = schema_->validate(output);
    if (problems.empty()) return;
    throw error{errc::malformed_answer, "the model's JSON does not fit its schema at \"" +
                                            problems.front().at +
                                            "\": " + problems.front().message};
  }

  void fail(const std::exception_ptr& reason) {
    try {
      std::rethrow_exception(reason);
    } catch (const error& known) {
      answer({.error = known});
    } catch (const std::exception& other) {
      answer({.error = error{errc::node_failed, other.what()}});
    } catch (...) {
      answer({.error = error{errc::node_failed,
                             "the guard of a model threw something that is "
                             "not a std::exception"}});
    }
  }

  void answer(model_reply what) {
    // What is left of the reservations goes back before the task has its answer: the run may end
    // with it, and the context as well.
    cost_.reset();
    tokens_.reset();
    const auto done = std::exchange(done_, {});
    done(std::move(what));
  }

  const std::shared_ptr<const model_node_options> options_;
  context& ctx_;
  std::function<void(model_reply)> done_;  ///< keeps the context alive: before what uses it
  std::optional<reservation> tokens_;
  std::optional<reservation> cost_;
  std::string id_;
  std::optional<model_price> price_;  ///< of what may be asked for
  std::int64_t input_tokens_ = 0;
  std::map<std::size_t, tool_call> calls_;  ///< under way, by index
  std::optional<json_schema> schema_;       ///< of the answer's text
  std::mutex mutex_;
  std::shared_ptr<chat_call> call_;
  bool cancelled_ = false;
  bool over_ = false;
};

}  // namespace

void ask_model(const std::shared_ptr<chat_model>& model,
               const std::shared_ptr<const model_node_options>& options,
               std::vector<message> messages, context& ctx, std::function<void(model_reply)> done) {
  std::make_shared<question>(options, ctx, std::move(done))->begin(*model, std::move(messages));
}

}  // namespace mcp
