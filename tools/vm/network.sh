# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh
# For scripts of guests that have a network ("tools/vm/run -N"): the address that QEMU
# would give, and this machine as 10.0.2.2.
join_network()
{
	modprobe -a virtio_pci virtio_net 2>/dev/null
	ip link set lo up
	ip link set eth0 up && ip address add 10.0.2.15/24 dev eth0 &&
		ip route add default via 10.0.2.2
}
