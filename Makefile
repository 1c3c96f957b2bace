# SPDX-License-Identifier: GPL-2.0-only

KDIR   ?= /lib/modules/$(shell uname -r)/build
PREFIX ?= /usr/local

# Installs what a target needs, or says what is missing, before anything starts
DEPS ?= tools/deps

# A module has to be built by the compiler of its kernel.
llvm := $(if $(shell grep -s CONFIG_CC_IS_CLANG=y $(KDIR)/.config),LLVM=1)

# Below /lib/modules. Debian's headers have another one in config/kernel.release
release = $(shell sed -n 's/.*"\(.*\)"/\1/p' \
		$(KDIR)/include/generated/utsrelease.h)

all: $(KDIR) deps-build modules tools

help:
	@echo 'make            modules and tools'
	@echo 'make modules    syncmap.ko for the kernel in KDIR (default: the running one)'
	@echo 'make tools      libsyncmap, syncmapctl and the selftests'
	@echo 'make install    install all of it (PREFIX=$(PREFIX), DESTDIR)'
	@echo 'make deb        packages for Debian, in build/deb'
	@echo 'make uninstall  remove what was installed, with the same PREFIX and DESTDIR'
	@echo 'make demo       show what a map does, in a virtual machine'
	@echo 'make shell      a shell in a virtual machine that has the module, the manual'
	@echo '                pages, and the programs of this machine'
	@echo 'make check      build and run all tests (half an hour or more)'
	@echo 'make check-fast the part of it that boots nothing (3 to 4 minutes)'
	@echo 'make check-all  every kernel, and what takes long (many hours; RESUME=1 goes on'
	@echo '                where it ended, and repeats what failed)'
	@echo 'make bench      measure the map and its rivals: build/bench/report (20 minutes;'
	@echo '                BENCH=-t: the targets, 3; BENCH=-q: up to 1M keys, 7;'
	@echo '                BENCH=-f: all there is, 45)'
	@echo 'make calls      count the instructions of each call of the device (a minute)'
	@echo 'make fuzz       feed the map with operations, and syncmapctl with lines, that'
	@echo '                are found by chance and coverage (FUZZ_SECONDS=600 each)'
	@echo 'make mutants    break the core in many ways, and see that a test notices each'
	@echo 'make clean      remove what was built here'
	@echo
	@echo 'demo and shell take KERNEL=stock-6.1, stock-6.12, stock-6.1-rt, debug-6.1 ...'
	@echo 'Kernels are kept in ~/.cache/syncmap (SYNCMAP_CACHE).'
	@echo 'Missing packages of Debian are installed for root, and named to others, by all'
	@echo 'that is more than the module. DEPS=: does without.'

modules: $(KDIR)
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(llvm) modules

kernelrelease: $(KDIR)
	@echo $(release)

$(KDIR):
	@echo "make: no kernel headers in $@" >&2
	@echo "      (Debian: linux-headers-$(shell uname -r)); make demo needs none" >&2
	@exit 1

tools: deps-build
	$(MAKE) -C tools
	$(MAKE) -C tools/selftest

install: all
	$(MAKE) -C $(KDIR) M=$(CURDIR) $(llvm) INSTALL_MOD_PATH=$(DESTDIR) \
		modules_install
	$(if $(DESTDIR),,depmod $(release))
	$(MAKE) -C tools install

uninstall: $(KDIR)
	rm -f $(wildcard $(DESTDIR)/lib/modules/$(release)/*/syncmap.ko*)
	$(if $(DESTDIR),,depmod $(release))
	$(MAKE) -C tools uninstall

# In a copy: what is built for packages does not lie among the sources
deb: deps-deb
	rm -rf build/deb
	mkdir -p build/deb/syncmap
	git ls-files -zco --exclude-standard | \
		xargs -0 sh -c 'for file; do [ ! -f "$$file" ] || echo "$$file"; done' - | \
		tar -c -T - | tar -x -C build/deb/syncmap
	cd build/deb/syncmap && dpkg-buildpackage -us -uc -b
	lintian --fail-on error build/deb/*.changes

demo:
	tools/vm/try -M "xfs kvm mac80211 sunrpc" tools/demo/demo.sh

shell: deps-build
	$(MAKE) -s -C tools install DESTDIR=$(CURDIR)/build/shell PREFIX=/usr/local
	tools/vm/try -i -H tools/vm/shell.sh tools/vm/host.sh build/shell/usr

check:
	tools/check/run

check-fast:
	tools/check/run fast

check-all:
	tools/check/run all

bench: deps-bench
	$(MAKE) -C tools/bench report

calls:
	tools/bench/calls/run

fuzz: deps-fuzz
	$(MAKE) -C tools/native fuzz
	$(MAKE) -C tools fuzz

mutants: deps-mutants
	$(MAKE) -C tools/native mutants

clean:
	rm -rf build tools/python/build tools/python/*.egg-info
	find . -name '*.o' -o -name '*.ko' -o -name '*.mod' ! -name go.mod -o -name '*.mod.c' \
		-o -name '.*.cmd' -o -name '.*.d' -o -name Module.symvers \
		-o -name modules.order | xargs -r rm -f

deps-%:
	@$(DEPS) $*

.PHONY: all help modules kernelrelease tools install uninstall deb demo shell \
	check check-fast check-all bench calls fuzz mutants clean
