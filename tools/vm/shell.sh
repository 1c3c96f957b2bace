#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
insmod syncmap.ko
echo "/dev/syncmap is ready; try: syncmapctl --help"
echo "Leave with exit, or with Ctrl-A x."
