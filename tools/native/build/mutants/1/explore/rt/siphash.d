/work/wt/promote/tools/native/build/mutants/1/explore/rt/siphash.o: \
  rt/siphash.c shim/linux/siphash.h shim/linux/types.h \
  shim/linux/string.h shim/linux/kernel.h shim/linux/compiler.h \
  shim/linux/limits.h

shim/linux/siphash.h:

shim/linux/types.h:

shim/linux/string.h:

shim/linux/kernel.h:

shim/linux/compiler.h:

shim/linux/limits.h:
