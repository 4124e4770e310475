# What `cmake --install` places. packaging/run.sh stages it with DESTDIR and puts it in its place
# as root; the web UI must have been built (npm run build in web/).
if(TARGET karkas)
  install(TARGETS karkas karkas-sheet RUNTIME DESTINATION lib/karkas/bin)
endif()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/modules)
install(DIRECTORY ${CMAKE_BINARY_DIR}/modules/ DESTINATION lib/karkas/modules)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/web/dist/ DESTINATION share/karkas/web)
