"""The shell scripts in user data that create the file systems of the control node's volumes, one per version.

A server keeps the version that it was created with: see user_data.py. Never change a script here; add a new one
instead.
"""

#: Timeout of the boot for the volumes, which are attached after the server has started.
ATTACH_LIMIT_SECONDS = 300

#: Number of bytes read at each end of a volume: signatures of file systems, partition tables, LVM and RAID are there.
_READ_BYTES = 64 * 1024**2

#: Ends with 0 only for a device that was read without an error, has only zeros at both ends, and nothing that blkid
#: knows. blkid alone does not tell: it ends with 2 where it finds nothing, and also where it cannot read. The guard in
#: the image (ansible/roles/state_volume/files/mkfs.ext4) has the same lines.
BLANK = f"""\
blank() {{
  size=$(blockdev --getsize64 "$1") &&
    cmp -n {_READ_BYTES} "$1" /dev/zero >&2 &&
    cmp -n {_READ_BYTES} -i $((size - {_READ_BYTES})):0 "$1" /dev/zero >&2 || return 1
  blkid -p "$1" >&2
  [ $? -eq 2 ]
}}
"""

#: Formats if blkid exits with 2. The guard protects servers with this version.
FIRST = f"""\
while [ $# -ge 2 ]; do
  n=0
  until dev=$(ls -d /dev/disk/by-id/*"$1"* 2>/dev/null | head -n 1); [ -b "$dev" ]; do
    n=$((n + 1))
    [ $n -le {ATTACH_LIMIT_SECONDS} ] || {{ echo "volume $1 ($2) was not attached" >&2; exit 1; }}
    sleep 1
  done
  blkid -p "$dev" >/dev/null
  [ $? -ne 2 ] || mkfs.ext4 -q -L "$2" "$dev" || exit 1
  shift 2
done
"""

#: Formats only blank volumes. A skipped volume does not prevent the preparation of the next one.
BLANK_ONLY = f"""\
{BLANK}\
prepare() {{
  n=0
  until dev=$(ls -d /dev/disk/by-id/*"$1"* 2>/dev/null | head -n 1); [ -b "$dev" ]; do
    n=$((n + 1))
    [ $n -le {ATTACH_LIMIT_SECONDS} ] || {{ echo "volume $1 ($2) was not attached" >&2; return 1; }}
    sleep 1
  done
  blkid -p "$dev" >/dev/null && return
  if blank "$dev"; then
    mkfs.ext4 -q -L "$2" "$dev"
  else
    echo "volume $1 ($2) was NOT formatted: $dev cannot be read, or is not blank. If nothing on it is needed:" \\
      "mkfs.ext4 -L $2 $dev, then reboot" >&2
    return 1
  fi
}}
status=0
while [ $# -ge 2 ]; do
  prepare "$1" "$2" || status=1
  shift 2
done
exit $status
"""
