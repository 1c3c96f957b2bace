/work/wt/promote/tools/native/build/mutants/1/fuzz/rt/mem.o: rt/mem.c \
  shim/linux/random.h shim/linux/types.h shim/linux/sched.h \
  shim/linux/wait_bit.h shim/linux/bitops.h shim/linux/compiler.h \
  shim/linux/slab.h shim/linux/kernel.h shim/linux/limits.h \
  shim/linux/string.h

shim/linux/random.h:

shim/linux/types.h:

shim/linux/sched.h:

shim/linux/wait_bit.h:

shim/linux/bitops.h:

shim/linux/compiler.h:

shim/linux/slab.h:

shim/linux/kernel.h:

shim/linux/limits.h:

shim/linux/string.h:
