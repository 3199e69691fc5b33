#include "cluster/remote_nodes.hpp"

namespace mcp::cluster {

node_spec make_remote_node(node_place place, task_demand demand,
                           std::shared_ptr<const input_types> inputs,
                           std::shared_ptr<remote_nodes> workers) {
  node_spec spec;
  spec.kind = node_kind::async;
  spec.begin = [place = std::move(place), demand = std::move(demand), inputs = std::move(inputs),
                workers = std::move(workers)](const node_input& in,
                                              std::shared_ptr<reply_port> reply) {
    auto& ctx = reply->context();
    const auto info = ctx.info();
    auto call = std::make_shared<remote_call>();
    call->demand = demand;
    call->head = {.system = place.system,
                  .graph = place.graph,
                  .node = place.node,
                  .run_graph = std::string{info.graph},
                  .run_id = std::string{info.run_id},
                  .thread_id = std::string{info.thread_id},
                  .ns = std::string{info.ns},
                  .task_id = ctx.task_id(),
                  .step = info.step,
                  .remaining_steps = info.remaining_steps,
                  .attempt = info.attempt};
    if (const auto* failed = ctx.failure()) {
      call->head.failure = encode_failure({.error = *failed});
    }
    call->traceparent = ctx.traceparent();
    call->input = in;
    call->inputs = inputs;
    call->reply = std::move(reply);
    ctx.on_cancel([workers, weak = std::weak_ptr{call}] {
      if (auto known = weak.lock()) workers->withdraw(std::move(known));
    });
    workers->submit(std::move(call));
  };
  return spec;
}

}  // namespace mcp::cluster
