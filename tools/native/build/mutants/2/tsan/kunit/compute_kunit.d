/work/wt/promote/tools/native/build/mutants/2/tsan/kunit/compute_kunit.o: \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/compute_kunit.c \
  shim/linux/delay.h shim/linux/ktime.h shim/linux/types.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/compute.c \
  shim/linux/completion.h shim/linux/wait_bit.h shim/linux/bitops.h \
  shim/linux/compiler.h shim/linux/err.h shim/linux/kernel.h \
  shim/linux/limits.h shim/linux/export.h shim/linux/kref.h \
  shim/linux/atomic.h shim/linux/list.h shim/linux/mutex.h \
  shim/linux/spinlock.h shim/linux/sched.h shim/linux/slab.h \
  shim/linux/string.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/internal.h \
  shim/linux/percpu.h shim/linux/rcupdate.h shim/linux/refcount.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h \
  shim/linux/bug.h shim/linux/build_bug.h shim/linux/cache.h \
  shim/linux/gfp.h shim/linux/irq_work.h shim/linux/workqueue.h \
  shim/linux/siphash.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h \
  shim/linux/llist.h shim/linux/math64.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/core.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/dirty.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/key.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/word.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/table.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/crew.h \
  /work/wt/promote/tools/native/build/mutants/2/tree/kunit/common.h \
  shim/kunit/test.h shim/linux/prandom.h

shim/linux/delay.h:

shim/linux/ktime.h:

shim/linux/types.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/compute.c:

shim/linux/completion.h:

shim/linux/wait_bit.h:

shim/linux/bitops.h:

shim/linux/compiler.h:

shim/linux/err.h:

shim/linux/kernel.h:

shim/linux/limits.h:

shim/linux/export.h:

shim/linux/kref.h:

shim/linux/atomic.h:

shim/linux/list.h:

shim/linux/mutex.h:

shim/linux/spinlock.h:

shim/linux/sched.h:

shim/linux/slab.h:

shim/linux/string.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/internal.h:

shim/linux/percpu.h:

shim/linux/rcupdate.h:

shim/linux/refcount.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap.h:

shim/linux/bug.h:

shim/linux/build_bug.h:

shim/linux/cache.h:

shim/linux/gfp.h:

shim/linux/irq_work.h:

shim/linux/workqueue.h:

shim/linux/siphash.h:

/work/wt/promote/tools/native/build/mutants/2/tree/include/linux/syncmap_inline.h:

shim/linux/llist.h:

shim/linux/math64.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/core.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/dirty.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/key.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/word.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/../module/core/table.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/crew.h:

/work/wt/promote/tools/native/build/mutants/2/tree/kunit/common.h:

shim/kunit/test.h:

shim/linux/prandom.h:
