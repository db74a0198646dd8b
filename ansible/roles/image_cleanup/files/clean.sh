#!/bin/sh
# Remove from a build server what must not be in an image: what identifies it, what lets somebody in, what it did.
set -eu

say() { printf 'clean: %s\n' "$*"; }

say "package caches, and the build's settings of the package manager"
if command -v apt-get >/dev/null; then
    apt-get clean
    rm -rf /var/lib/apt/lists/* /var/lib/dpkg/*-old /var/cache/debconf/*-old
    rm -f /var/cache/apt/*.bin /usr/sbin/policy-rc.d /etc/apt/apt.conf.d/99image-build
fi
if command -v dnf >/dev/null; then
    dnf --quiet clean all
    sed -i '/^# BEGIN image build/,/^# END image build/d' /etc/dnf/dnf.conf
    rm -rf /var/cache/dnf /var/lib/dnf/history* /var/log/dnf*
fi

say "what lets somebody in: host keys, authorized keys, keys that packages made"
rm -f /etc/ssh/ssh_host_* /etc/munge/munge.key /etc/ssl/private/ssl-cert-snakeoil.key
for home in /root /home/*; do
    [ -d "$home" ] || continue
    # .ansible holds this very script: the shell has it open.
    rm -rf "$home/.ssh" "$home/.ansible" "$home/.cache" "$home/.local/share" "$home/.gnupg"
    rm -f "$home"/.*_history "$home"/.*history "$home/.lesshst" "$home/.viminfo" "$home/.wget-hsts" \
        "$home/.sudo_as_admin_successful"
done

say "what identifies it"
: > /etc/machine-id
rm -f /var/lib/dbus/machine-id /var/lib/systemd/random-seed /var/lib/systemd/credential.secret
rm -rf /var/lib/ansible-init /var/lib/dhcp/* /var/lib/NetworkManager/* /var/lib/systemd/network/*
rm -f /etc/netplan/50-cloud-init.yaml /etc/network/interfaces.d/50-cloud-init \
    /etc/systemd/network/*-cloud-init-*.network /etc/NetworkManager/system-connections/cloud-init-* \
    /etc/udev/rules.d/70-persistent-net.rules
cloud-init clean --logs
[ -L /etc/resolv.conf ] || : > /etc/resolv.conf

say "what it did: logs, temporary files"
# From here to the end the journal stays in memory.
journalctl --relinquish-var || say "no journal to clean"
rm -rf /var/log/journal/*
find /var/log -type f -exec truncate --size 0 {} +
find /var/log -type f \( -name '*.gz' -o -name '*.[0-9]' -o -name '*.old' -o -name '*.xz' \) -delete
find /tmp /var/tmp -mindepth 1 -maxdepth 1 ! -name '.*-unix' ! -name 'systemd-private-*' ! -name 'snap-private-*' \
    -exec rm -rf {} +

say "free blocks"
fstrim / 2>/dev/null || say "this disk does not take that"
sync

# A moment later, so that Ansible hears that all went well.
say "shut down"
systemd-run --quiet --on-active=2 systemctl poweroff
