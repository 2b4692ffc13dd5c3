#!/bin/sh
# After the files are gone. What was recorded, and the keys to it, are never removed by a package manager, not even by
# purge: hospitals keep them for decades.
set -e

if [ -d /run/systemd/system ]; then
	systemctl daemon-reload
fi
if [ "$1" = purge ]; then
	rmdir /etc/implantrace/tls /etc/implantrace 2>/dev/null || true
	if [ -e /var/lib/implantrace ]; then
		echo "implantrace: the record and its keys stay in /var/lib/implantrace, and its account with them." >&2
		echo "implantrace: whoever is sure that nobody needs them removes that folder, and then the account: deluser implantrace" >&2
	fi
fi
