#!/bin/sh
# Before the files are laid down: the account that the service runs as, so that files can belong to it.
set -e

if ! getent passwd implantrace >/dev/null; then
	adduser --system --group --no-create-home --home /var/lib/implantrace --shell /usr/sbin/nologin --quiet implantrace
fi
