/work/wt/promote/tools/native/build/mutants/1/fuzz/module/core/table.o: \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/table.c \
  shim/linux/compiler.h shim/linux/types.h shim/linux/limits.h \
  shim/linux/math.h shim/linux/kernel.h shim/linux/minmax.h \
  shim/linux/mm.h shim/linux/slab.h shim/linux/vmalloc.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/table.h \
  shim/linux/bitops.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/key.h \
  shim/linux/siphash.h shim/linux/string.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap.h \
  shim/linux/atomic.h shim/linux/bug.h shim/linux/build_bug.h \
  shim/linux/cache.h shim/linux/err.h shim/linux/gfp.h \
  shim/linux/irq_work.h shim/linux/workqueue.h shim/linux/rcupdate.h \
  shim/linux/refcount.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap_inline.h \
  shim/linux/llist.h shim/linux/math64.h shim/linux/percpu.h \
  /work/wt/promote/tools/native/build/mutants/1/tree/module/core/word.h

shim/linux/compiler.h:

shim/linux/types.h:

shim/linux/limits.h:

shim/linux/math.h:

shim/linux/kernel.h:

shim/linux/minmax.h:

shim/linux/mm.h:

shim/linux/slab.h:

shim/linux/vmalloc.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/table.h:

shim/linux/bitops.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/key.h:

shim/linux/siphash.h:

shim/linux/string.h:

/work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap.h:

shim/linux/atomic.h:

shim/linux/bug.h:

shim/linux/build_bug.h:

shim/linux/cache.h:

shim/linux/err.h:

shim/linux/gfp.h:

shim/linux/irq_work.h:

shim/linux/workqueue.h:

shim/linux/rcupdate.h:

shim/linux/refcount.h:

/work/wt/promote/tools/native/build/mutants/1/tree/include/linux/syncmap_inline.h:

shim/linux/llist.h:

shim/linux/math64.h:

shim/linux/percpu.h:

/work/wt/promote/tools/native/build/mutants/1/tree/module/core/word.h:
