/work/wt/promote/tools/native/build/mutants/2/tsan/threads/thread.o: \
  threads/thread.c shim/linux/compiler.h shim/linux/types.h \
  shim/linux/percpu.h shim/linux/slab.h shim/linux/kernel.h \
  shim/linux/limits.h shim/linux/rcupdate.h shim/linux/sched.h \
  shim/linux/wait_bit.h shim/linux/bitops.h shim/linux/spinlock.h

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/percpu.h:

shim/linux/slab.h:

shim/linux/kernel.h:

shim/linux/limits.h:

shim/linux/rcupdate.h:

shim/linux/sched.h:

shim/linux/wait_bit.h:

shim/linux/bitops.h:

shim/linux/spinlock.h:
