#pragma once

#include "io/event_loop.hpp"
#include "mcp/agents/scripted_model.hpp"

#include <memory>

namespace mcp::providers {

/// The scripted model on a loop of the caller's; null: the process's, asked for by the first delay.
[[nodiscard]] std::shared_ptr<chat_model> make_scripted_model(scripted_options options,
                                                              io::event_loop* loop);

}  // namespace mcp::providers
