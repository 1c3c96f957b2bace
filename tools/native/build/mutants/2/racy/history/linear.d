/work/wt/promote/tools/native/build/mutants/2/racy/history/linear.o: \
  history/linear.c shim/linux/bitops.h shim/linux/compiler.h \
  shim/linux/types.h history/history.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h \
  shim/linux/atomic.h shim/linux/bug.h shim/linux/kernel.h \
  shim/linux/limits.h shim/linux/build_bug.h shim/linux/cache.h \
  shim/linux/err.h shim/linux/gfp.h shim/linux/slab.h \
  shim/linux/irq_work.h shim/linux/workqueue.h shim/linux/rcupdate.h \
  shim/linux/refcount.h shim/linux/siphash.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h \
  shim/linux/llist.h shim/linux/math64.h shim/linux/percpu.h \
  shim/linux/string.h

shim/linux/bitops.h:

shim/linux/compiler.h:

shim/linux/types.h:

history/history.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h:

shim/linux/atomic.h:

shim/linux/bug.h:

shim/linux/kernel.h:

shim/linux/limits.h:

shim/linux/build_bug.h:

shim/linux/cache.h:

shim/linux/err.h:

shim/linux/gfp.h:

shim/linux/slab.h:

shim/linux/irq_work.h:

shim/linux/workqueue.h:

shim/linux/rcupdate.h:

shim/linux/refcount.h:

shim/linux/siphash.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h:

shim/linux/llist.h:

shim/linux/math64.h:

shim/linux/percpu.h:

shim/linux/string.h:
