#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Prepare a shell: bash, with what the host has installed, below an overlay, so
# that nothing that is done here changes the host. Where that cannot be had the
# shell is busybox's. Beside the script there are host.sh, and usr/, what make install
# makes.
# shellcheck source=tools/vm/host.sh
. ./host.sh

plain()	# REASON
{
	echo "$1, so this is busybox's shell: no manual pages, no completion."
}

# What the shell reads when it begins
write_rc()
{
	cat <<-'EOF'
	[ ! -e /usr/share/bash-completion/bash_completion ] ||
		. /usr/share/bash-completion/bash_completion
	. /usr/local/share/bash-completion/completions/syncmapctl
	PS1='syncmap\$ '
	EOF
}

write_prompt()
{
	cat <<-EOF
	#!/bin/sh
	size=\$rig_size
	[ -z "\$size" ] || stty rows "\${size%x*}" columns "\${size#*x}"
	unset LD_LIBRARY_PATH
	export HOME=/tmp LANG=C.UTF-8 TERM="\${TERM:-linux}"
	export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
	exec chroot $new /bin/bash --rcfile /tmp/.bashrc "\$@"
	EOF
}

insmod syncmap.ko
if ! mount_host; then
	plain "This kernel cannot show the files of your machine (it has no 9p)"
elif [ ! -x /host/bin/bash ]; then
	plain "Your machine has no bash"
elif ! mount_overlay; then
	plain "This kernel has no overlayfs"
else
	fill
	chroot $new /sbin/ldconfig
	write_rc >$new/tmp/.bashrc
	write_prompt >prompt
	chmod +x prompt
	echo "The programs and files of your machine are here."
	echo "What you change is not kept."
	[ -x $new/usr/bin/man ] ||
		echo "Your machine has no man(1) (Debian: man-db)."
	man=" man syncmap-tutorial;"
fi
echo "/dev/syncmap is ready; try:${man:-} syncmapctl"
echo "Leave with exit, or with Ctrl-A x."
