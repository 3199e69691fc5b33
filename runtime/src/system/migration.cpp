#include "system/migration.hpp"

#include "mcp/json.hpp"
#include "script/sandbox.hpp"

namespace mcp::cluster {

std::string migration::moved(const std::string& from, const std::string& state) const {
  using nlohmann::json;
  try {
    sandbox box{limits};
    box.set("state", json::parse(state));
    box.set("from", from);
    auto fields = box.call(script);
    if (fields.is_array() && fields.empty()) fields = json::object();
    if (!fields.is_object()) {
      throw error{errc::script_failed, "it returned " + shown(fields).substr(0, 100) +
                                           "; return the table of the state's fields"};
    }
    static_cast<void>(json_state{type, fields});  // as what comes from outside is checked
    return fields.dump();
  } catch (const error& wrong) {
    throw error{wrong.code(), "`migrate`, from version " + (from.empty() ? "none" : from) + ": " +
                                  wrong.message()};
  }
}

}  // namespace mcp::cluster
