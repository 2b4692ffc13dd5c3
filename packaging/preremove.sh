#!/bin/sh
# Before the files go. An upgrade restarts the service afterwards instead.
set -e

if [ "$1" = remove ] && [ -d /run/systemd/system ]; then
	systemctl disable --now implantrace.service
fi
