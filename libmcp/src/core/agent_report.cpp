#include "mcp/graph_agent.hpp"

namespace mcp::detail {

run_report report_of(const run_result_info& info) {
  run_report report;
  report.status = name(info.status);
  report.thread_id = info.thread_id;
  if (info.error) report.error = info.error->what();
  for (const auto& one : info.interrupts) {
    report.questions.push_back(
        {.id = one.id, .node = one.node, .question = one.question, .schema = one.schema});
  }
  return report;
}

std::string channels_to_json(const state_pointer& state) {
  const auto& type = state.type();
  cbor_writer writer;
  writer.map(type.channel_count());
  for (std::size_t i = 0; i < type.channel_count(); ++i) {
    const auto& channel = type.at(i);
    writer.text(channel.name());
    channel.type().encode(writer, channel.at(state.get()));
  }
  return cbor_to_json(writer.bytes());
}

}  // namespace mcp::detail
