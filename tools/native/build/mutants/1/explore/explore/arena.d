/work/wt/promote/tools/native/build/mutants/1/explore/explore/arena.o: \
  explore/arena.c shim/linux/slab.h shim/linux/kernel.h \
  shim/linux/compiler.h shim/linux/types.h shim/linux/limits.h \
  shim/linux/string.h explore/explore.h

shim/linux/slab.h:

shim/linux/kernel.h:

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/limits.h:

shim/linux/string.h:

explore/explore.h:
