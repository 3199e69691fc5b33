# Uses ccache where it is installed. The sloppiness is what ccache asks for with precompiled
# headers. Turn it off with -DCMAKE_CXX_COMPILER_LAUNCHER= .
find_program(MCP_CCACHE ccache)
mark_as_advanced(MCP_CCACHE)
if(MCP_CCACHE AND NOT DEFINED CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    env CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
    ${MCP_CCACHE})
endif()
