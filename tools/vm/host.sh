# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For scripts of guests that were given the root of the host ("tools/vm/run -H"): what it
# has installed, below an overlay at $new, so that nothing that is done there changes
# the host, and there over it what is in usr/, beside the script.
new=/over/root

mount_host()
{
	modprobe -a virtio_pci 9pnet_virtio 9p overlay 2>/dev/null
	mkdir -p /host /over
	mount -t 9p host /host 2>/dev/null -o \
		trans=virtio,version=9p2000.L,msize=262144,cache=loose,ro
}

mount_overlay()
{
	mount -t tmpfs over /over
	mkdir -p /over/upper /over/work $new
	mount -t overlay over $new 2>/dev/null -o \
		lowerdir=/host,upperdir=/over/upper,workdir=/over/work
}

fill()
{
	for dir in dev proc sys; do
		mount -o rbind /$dir $new/$dir
	done
	mount -t tmpfs tmp $new/tmp
	mount -t tmpfs run $new/run
	cp -a usr/. $new/usr/
}
