/work/wt/promote/tools/native/build/mutants/2/racy/module/core/ops.o: \
  /work/wt/promote/tools/native/build/mutants/2/tree/module/core/ops.c \
  shim/linux/errno.h shim/linux/export.h shim/linux/kernel.h \
  shim/linux/compiler.h shim/linux/types.h shim/linux/limits.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/module/core/internal.h \
  shim/linux/percpu.h shim/linux/slab.h shim/linux/rcupdate.h \
  shim/linux/refcount.h shim/linux/atomic.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h \
  shim/linux/bug.h shim/linux/build_bug.h shim/linux/cache.h \
  shim/linux/err.h shim/linux/gfp.h shim/linux/irq_work.h \
  shim/linux/workqueue.h shim/linux/siphash.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h \
  shim/linux/bitops.h shim/linux/llist.h shim/linux/math64.h \
  shim/linux/string.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/module/core/core.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/module/core/dirty.h \
  shim/linux/spinlock.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/module/core/key.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/module/core/word.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/module/core/table.h

shim/linux/errno.h:

shim/linux/export.h:

shim/linux/kernel.h:

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/limits.h:

/work/wt/promote/tools/native/build/mutants/2/tree/module/core/internal.h:

shim/linux/percpu.h:

shim/linux/slab.h:

shim/linux/rcupdate.h:

shim/linux/refcount.h:

shim/linux/atomic.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h:

shim/linux/bug.h:

shim/linux/build_bug.h:

shim/linux/cache.h:

shim/linux/err.h:

shim/linux/gfp.h:

shim/linux/irq_work.h:

shim/linux/workqueue.h:

shim/linux/siphash.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h:

shim/linux/bitops.h:

shim/linux/llist.h:

shim/linux/math64.h:

shim/linux/string.h:

/work/wt/promote/tools/native/build/mutants/2/tree/module/core/core.h:

/work/wt/promote/tools/native/build/mutants/2/tree/module/core/dirty.h:

shim/linux/spinlock.h:

/work/wt/promote/tools/native/build/mutants/2/tree/module/core/key.h:

/work/wt/promote/tools/native/build/mutants/2/tree/module/core/word.h:

/work/wt/promote/tools/native/build/mutants/2/tree/module/core/table.h:
