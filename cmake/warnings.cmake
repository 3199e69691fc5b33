# Target mcp_warnings: the warnings every target of the project is built with.
# Warnings become errors only with the compilers that are tested, so that a new warning of a
# newer compiler does not stop a user's build.
add_library(mcp_warnings INTERFACE)
target_compile_options(mcp_warnings INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion)
if(MCP_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # With sanitizers g++ 12 reports its own <functional> and <regex>.
  target_compile_options(mcp_warnings INTERFACE -Wno-maybe-uninitialized)
endif()

if(MCP_WERROR)
  string(REGEX MATCH "^[0-9]+" mcp_compiler_major ${CMAKE_CXX_COMPILER_VERSION})
  if("${CMAKE_CXX_COMPILER_ID} ${mcp_compiler_major}" MATCHES "^(GNU 12|Clang 14)$")
    target_compile_options(mcp_warnings INTERFACE -Werror)
  else()
    message(STATUS "MCP_WERROR: ${CMAKE_CXX_COMPILER_ID} ${mcp_compiler_major} is not one of the "
      "tested compilers (GNU 12, Clang 14); warnings stay warnings")
  endif()
endif()
