/work/wt/promote/tools/native/build/mutants/1/explore/module/core/promote.o: \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/promote.c \
  shim/linux/bits.h shim/linux/bitops.h shim/linux/compiler.h \
  shim/linux/types.h shim/linux/errno.h shim/linux/export.h \
  shim/linux/kernel.h shim/linux/limits.h shim/linux/ktime.h \
  shim/linux/math64.h shim/linux/minmax.h shim/linux/sched.h \
  shim/linux/wait_bit.h shim/linux/sched/mm.h shim/linux/slab.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/internal.h \
  shim/linux/percpu.h shim/linux/rcupdate.h shim/linux/refcount.h \
  shim/linux/atomic.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap.h \
  shim/linux/bug.h shim/linux/build_bug.h shim/linux/cache.h \
  shim/linux/err.h shim/linux/gfp.h shim/linux/irq_work.h \
  shim/linux/workqueue.h shim/linux/siphash.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap_inline.h \
  shim/linux/llist.h shim/linux/string.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/core.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/dirty.h \
  shim/linux/spinlock.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/key.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/word.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/table.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/trace.h \
  shim/linux/tracepoint.h shim/trace/define_trace.h

shim/linux/bits.h:

shim/linux/bitops.h:

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/errno.h:

shim/linux/export.h:

shim/linux/kernel.h:

shim/linux/limits.h:

shim/linux/ktime.h:

shim/linux/math64.h:

shim/linux/minmax.h:

shim/linux/sched.h:

shim/linux/wait_bit.h:

shim/linux/sched/mm.h:

shim/linux/slab.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/internal.h:

shim/linux/percpu.h:

shim/linux/rcupdate.h:

shim/linux/refcount.h:

shim/linux/atomic.h:

/work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap.h:

shim/linux/bug.h:

shim/linux/build_bug.h:

shim/linux/cache.h:

shim/linux/err.h:

shim/linux/gfp.h:

shim/linux/irq_work.h:

shim/linux/workqueue.h:

shim/linux/siphash.h:

/work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap_inline.h:

shim/linux/llist.h:

shim/linux/string.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/core.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/dirty.h:

shim/linux/spinlock.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/key.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/word.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/table.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/trace.h:

shim/linux/tracepoint.h:

shim/trace/define_trace.h:
