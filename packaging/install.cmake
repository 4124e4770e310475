# What `cmake --install` places. packaging/run.sh stages it with DESTDIR and puts it in its place
# as root; the web UI must have been built (npm run build in web/).
if(TARGET karkas)
  install(TARGETS karkas karkas-sheet RUNTIME DESTINATION lib/karkas/bin)
endif()
file(MAKE_DIRECTORY ${CMAKE_BINARY_DIR}/modules)
install(DIRECTORY ${CMAKE_BINARY_DIR}/modules/ DESTINATION lib/karkas/modules)
install(DIRECTORY ${CMAKE_SOURCE_DIR}/web/dist/ DESTINATION share/karkas/web)

# What authors of modules need, and nothing else: also `cmake --install <build> --component sdk`.
install(DIRECTORY ${CMAKE_SOURCE_DIR}/sdk/include ${CMAKE_SOURCE_DIR}/sdk/cmake
  ${CMAKE_SOURCE_DIR}/sdk/hello ${CMAKE_SOURCE_DIR}/sdk/visits ${CMAKE_SOURCE_DIR}/sdk/loans
  ${CMAKE_SOURCE_DIR}/sdk/discounts ${CMAKE_SOURCE_DIR}/sdk/frame DESTINATION share/karkas/sdk COMPONENT sdk)
install(PROGRAMS ${CMAKE_SOURCE_DIR}/sdk/sign.sh DESTINATION share/karkas/sdk COMPONENT sdk)
install(FILES ${CMAKE_SOURCE_DIR}/sdk/README.md ${CMAKE_SOURCE_DIR}/sdk/README.ru.md ${CMAKE_SOURCE_DIR}/sdk/MANIFEST.md
  ${CMAKE_SOURCE_DIR}/sdk/UI.md ${CMAKE_SOURCE_DIR}/sdk/GUIDE.md ${CMAKE_SOURCE_DIR}/sdk/GUIDE.ru.md ${CMAKE_SOURCE_DIR}/sdk/REFERENCE.md
  DESTINATION share/karkas/sdk COMPONENT sdk)
install(FILES ${CMAKE_SOURCE_DIR}/web/sdk/1.d.ts DESTINATION share/karkas/sdk/ui COMPONENT sdk)
install(FILES ${CMAKE_SOURCE_DIR}/sdk/abi/ACCEPTED.md DESTINATION share/karkas/sdk/abi COMPONENT sdk)
