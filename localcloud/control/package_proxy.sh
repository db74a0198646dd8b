#!/bin/sh
# Becomes the package proxy: sh package_proxy.sh CONFIGURATION PACKAGES LOGS
#
# Started as root in a mount namespace of its own. The three folders lie in root's home, which the proxy's user cannot
# enter: here they appear where the Debian package has them. Then root's rights are given up for good.
set -eu
mount --bind "$1" /etc/apt-cacher-ng
mount --bind "$2" /var/cache/apt-cacher-ng
mount --bind "$3" /var/log/apt-cacher-ng
cd /
exec setpriv --reuid=apt-cacher-ng --regid=apt-cacher-ng --clear-groups --inh-caps=-all --ambient-caps=-all \
    --bounding-set=-all --no-new-privs apt-cacher-ng -c /etc/apt-cacher-ng
