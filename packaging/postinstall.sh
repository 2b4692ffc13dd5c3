#!/bin/sh
# After the files are laid down: folders, the scanners' rule, and the service.
set -e

# $1 is "configure", with the version that was there before as $2 when this is an upgrade.
if [ "$1" = configure ]; then
	# The store and its keys. The service makes the data folder itself.
	install -d -o implantrace -g implantrace -m 0700 /var/lib/implantrace
	install -d -o root -g implantrace -m 0750 /etc/implantrace/tls
	# The settings may name a command or an address that is not for everybody.
	chown root:implantrace /etc/implantrace/implantrace.toml

	if [ -d /run/udev ] && command -v udevadm >/dev/null; then
		udevadm control --reload || true
		udevadm trigger --subsystem-match=tty --action=change || true
	fi
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload
		if [ -z "$2" ]; then
			systemctl enable --now implantrace.service
		else
			# It finishes what was accepted before it stops.
			systemctl try-restart implantrace.service
		fi
	fi
fi
