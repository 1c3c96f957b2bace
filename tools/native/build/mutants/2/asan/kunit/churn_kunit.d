/work/wt/promote/tools/native/build/mutants/2/asan/kunit/churn_kunit.o: \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/churn_kunit.c \
  shim/linux/irq_work.h shim/linux/workqueue.h shim/linux/kernel.h \
  shim/linux/compiler.h shim/linux/types.h shim/linux/limits.h \
  shim/linux/rcupdate.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/crew.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/common.h \
  shim/kunit/test.h shim/linux/sched.h shim/linux/wait_bit.h \
  shim/linux/bitops.h shim/linux/slab.h shim/linux/string.h \
  shim/linux/atomic.h shim/linux/prandom.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h \
  shim/linux/bug.h shim/linux/build_bug.h shim/linux/cache.h \
  shim/linux/err.h shim/linux/gfp.h shim/linux/refcount.h \
  shim/linux/siphash.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h \
  shim/linux/llist.h shim/linux/math64.h shim/linux/percpu.h

shim/linux/irq_work.h:

shim/linux/workqueue.h:

shim/linux/kernel.h:

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/limits.h:

shim/linux/rcupdate.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/crew.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/common.h:

shim/kunit/test.h:

shim/linux/sched.h:

shim/linux/wait_bit.h:

shim/linux/bitops.h:

shim/linux/slab.h:

shim/linux/string.h:

shim/linux/atomic.h:

shim/linux/prandom.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h:

shim/linux/bug.h:

shim/linux/build_bug.h:

shim/linux/cache.h:

shim/linux/err.h:

shim/linux/gfp.h:

shim/linux/refcount.h:

shim/linux/siphash.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h:

shim/linux/llist.h:

shim/linux/math64.h:

shim/linux/percpu.h:
