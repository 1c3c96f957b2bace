/work/wt/promote/tools/native/build/mutants/2/tsan/threads/kunit.o: \
  threads/kunit.c shim/kunit/test.h shim/linux/kernel.h \
  shim/linux/compiler.h shim/linux/types.h shim/linux/limits.h \
  shim/linux/sched.h shim/linux/wait_bit.h shim/linux/bitops.h \
  shim/linux/slab.h shim/linux/string.h shim/linux/ktime.h

shim/kunit/test.h:

shim/linux/kernel.h:

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/limits.h:

shim/linux/sched.h:

shim/linux/wait_bit.h:

shim/linux/bitops.h:

shim/linux/slab.h:

shim/linux/string.h:

shim/linux/ktime.h:
