#!/bin/sh
# Turns a tree of Debian with dnf and rpm into the stand-in, and its packages into repositories. Runs with namespaces of its
# own for mounts and processes: nothing of it is left but the tree's files.
#
#   furnish.sh TREE REPOSITORY...
#
# TREE/stand-in has convert.py, plan.json, the Debian packages in debs, and gets the repositories in repositories.
set -eu
tree=$1
shift
mount --bind "$tree" "$tree"
cd "$tree"
mount -t proc proc proc
mount --rbind /dev dev
mkdir -p stand-in/machine
pivot_root . stand-in/machine
# Every other mount is let go: as long as a copy of it is here, the machine cannot give its volume back.
umount --lazy /stand-in/machine
rmdir /stand-in/machine
cd /
# shellcheck disable=SC2016 # the inner shell is to expand it
exec chroot . env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/stand-in LC_ALL=C.UTF-8 GNUPGHOME=/stand-in/gpg sh -eu -c '
cd /stand-in
mkdir -m 0700 gpg
for name; do mkdir -p repositories/$name; done
python3 -I convert.py plan.json debs repositories
gpg --batch --quiet --pinentry-mode loopback --passphrase "" --quick-generate-key "Stand-in <stand-in@example.org>" rsa2048 sign never
gpg --armor --export > repositories/key.asc
find repositories -name "*.rpm" -exec rpmsign --define "_gpg_name stand-in@example.org" --define "__gpg /usr/bin/gpg" --addsign {} + > sign.log 2>&1 || { cat sign.log >&2; exit 1; }
for name; do createrepo_c --quiet repositories/$name; done
mkdir -p /etc/pki/rpm-gpg /etc/pki/ca-trust/source/anchors /etc/yum.repos.d
cp repositories/key.asc /etc/pki/rpm-gpg/RPM-GPG-KEY-stand-in
rm -f /etc/os-release /etc/debian_version
ln -s ../usr/lib/os-release /etc/os-release
rpm --initdb
rpm --import repositories/key.asc
rpm --install --replacefiles --nodeps repositories/baseos/noarch/rocky-release-*.rpm repositories/baseos/noarch/rocky-repos-9.6-*.rpm \
    repositories/baseos/*/stand-in-system-*.rpm
# EL calls it so; it reads the folder of EL.
ln -sf update-ca-certificates /usr/sbin/update-ca-trust
# Its modules for apt would fail.
sed -i "s/name: debian/name: rocky/; /^ - grub-dpkg/d; /^ - apt-/d; /^ - byobu/d; /^ - package-update/d" /etc/cloud/cloud.cfg
rm -rf /etc/apt /var/lib/apt /var/lib/dpkg /var/cache/apt /usr/bin/apt* /usr/bin/dpkg /usr/bin/dpkg-query
' sh "$@"
