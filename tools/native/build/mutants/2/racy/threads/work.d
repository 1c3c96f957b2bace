/work/wt/promote/tools/native/build/mutants/2/racy/threads/work.o: \
  threads/work.c shim/linux/ktime.h shim/linux/types.h \
  shim/linux/sched.h shim/linux/wait_bit.h shim/linux/bitops.h \
  shim/linux/compiler.h shim/linux/workqueue.h shim/linux/kernel.h \
  shim/linux/limits.h shim/linux/rcupdate.h

shim/linux/ktime.h:

shim/linux/types.h:

shim/linux/sched.h:

shim/linux/wait_bit.h:

shim/linux/bitops.h:

shim/linux/compiler.h:

shim/linux/workqueue.h:

shim/linux/kernel.h:

shim/linux/limits.h:

shim/linux/rcupdate.h:
