#include "mcp_client/remote_call.hpp"

#include "mcp_client/remote_tool.hpp"

namespace mcp::protocol {

void remote_call::show(const rpc_progressed& how_far, io::steady_time now) {
  const std::lock_guard lock{mutex_};
  if (!reply_) return;
  auto& ctx = reply_->context();
  if (!events_.take(now)) return ctx.heartbeat();
  try {
    ctx.emit("tool_progress", tool_progress{.tool = tool_,
                                            .call_id = reply_->call_id(),
                                            .progress = how_far.progress,
                                            .total = how_far.total.value_or(0),
                                            .message = how_far.message});
  } catch (const error&) {
    // What cannot be shown was a sign of life all the same.
  }
}

void remote_call::end(outcome how) {
  std::optional<tool_reply> reply;
  {
    const std::lock_guard lock{mutex_};
    reply.swap(reply_);
  }
  if (!reply) return;
  try {
    if (auto* failure = std::get_if<error>(&how)) return reply->fail(std::move(*failure));
    reply->done(result_of(std::get<json>(how), *output_));
  } catch (const error& why) {
    reply->fail(why);
  }
}

}  // namespace mcp::protocol
