# mcp_unity(target...): with MCP_UNITY the sources of these targets are compiled two dozen at a time,
# which takes less than half of the time where headers dominate. The debug preset shows that each
# source stands alone. Call it after the targets are linked with mcp_warnings.
function(mcp_unity)
  if(NOT MCP_UNITY)
    return()
  endif()
  set_target_properties(${ARGV} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 24)
  if(NOT TARGET mcp_unity_warnings)
    # To the compiler all but the first line are included files, and neighbours; and where it inlines
    # more, g++ 12 takes moved variants for uninitialised.
    add_library(mcp_unity_warnings INTERFACE)
    target_compile_options(mcp_unity_warnings INTERFACE -Wno-shadow
      $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>
      $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
  endif()
  foreach(target IN LISTS ARGV)
    target_link_libraries(${target} PRIVATE mcp_unity_warnings)
  endforeach()
endfunction()
