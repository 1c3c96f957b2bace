/work/wt/promote/tools/native/build/mutants/1/explore/explore/schedule.o: \
  explore/schedule.c explore/explore.h shim/linux/kernel.h \
  shim/linux/compiler.h shim/linux/types.h shim/linux/limits.h

explore/explore.h:

shim/linux/kernel.h:

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/limits.h:
