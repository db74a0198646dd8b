#!/bin/bash
# Keeps one node's systemd-nspawn going, whatever happens to the compute service that started it.
# supervisor.sh FOLDER NAMESPACE PYTHON [GROUP...]
#
# The arguments file is read before each boot: volumes come and go while a node runs. Exit status 133 of systemd-nspawn
# means that the guest asked for a reboot. The time namespace makes the guest's uptime start at 0 at each boot:
# slurmctld tells by it whether a node was rebooted.
folder=$1 namespace=$2 python=$3
shift 3
for group; do
    echo $BASHPID >"$group/cgroup.procs" || exit 1
done
cd "$folder" || exit 1
# From version 256, systemd boots on one cgroup2 tree only, whatever this host has. slurmd of Slurm 22.05 fails on one
# without controllers, so guests with an older systemd get what systemd-nspawn chooses.
needs_cgroup2() {
    local library version
    for library in root/usr/lib/*/systemd/libsystemd-shared-*.so root/usr/lib*/systemd/libsystemd-shared-*.so; do
        version=${library##*-shared-}
        version=${version%%[!0-9]*}
        [ "${version:-0}" -ge 256 ] && return 0
    done
    return 1
}

clocks='import time; print(*(-int(time.clock_gettime(clock)) for clock in (time.CLOCK_BOOTTIME, time.CLOCK_MONOTONIC)))'
while :; do
    mapfile -t arguments <nspawn.arguments
    unset SYSTEMD_NSPAWN_UNIFIED_HIERARCHY
    needs_cgroup2 && export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
    read -r boottime monotonic <<<"$("$python" -I -S -c "$clocks")"
    nsenter --net="/run/netns/$namespace" \
        unshare --time --boottime="$boottime" --monotonic="$monotonic" \
        systemd-nspawn "${arguments[@]}" </dev/null
    status=$?
    printf '%(%T)T systemd-nspawn: exit status %d\n' -1 "$status"
    [ "$status" = 133 ] || break
done
