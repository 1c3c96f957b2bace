/work/wt/promote/tools/native/build/mutants/1/explore/explore/shared.o: \
  explore/shared.c explore/explore.h shim/linux/kernel.h \
  shim/linux/compiler.h shim/linux/types.h shim/linux/limits.h

explore/explore.h:

shim/linux/kernel.h:

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/limits.h:
