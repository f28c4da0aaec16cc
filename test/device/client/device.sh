#!/usr/bin/env bash
# Runs a command on a throw-away device: snapd's real daemon with no state at all, `snap` on PATH, in mount and process
# namespaces of its own. When the command ends, or this script is killed, the device is gone with all that it did.
#
#   device.sh [NAME=VALUE]... COMMAND [ARG]...
#
# NAME=VALUE reaches the daemon and the command; SNAPPY_FORCE_API_URL names the store. Further settings:
#   DEVICE_LOG            where the daemon's output goes (default: discarded)
#   DEVICE_SEED           a folder to start with as /var/lib/snapd/seed (`assertions/model.assert` gives the device a model)
#   SNAPD_CLIENT_HOME     the client, as install-client.sh leaves it
#   SNAPD_CLIENT_VERSION  its version, where it is not 2.57.6
# Needs root. The machine's own network is used, so a store on the loopback address is reachable.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
client=${SNAPD_CLIENT_HOME:-$HOME/.cache/snapd-client}

if [ "${1:-}" != --inside ]; then
  while [[ "${1:-}" =~ ^[A-Za-z_][A-Za-z0-9_]*= ]]; do export "$1"; shift; done
  # Keeps snapd's error reporter and its daily catalog refresh quiet.
  export SNAPPY_TESTING=1
  exec unshare --mount --pid --fork --mount-proc --kill-child -- "$0" --inside "$@"
fi
shift

# An empty device: everything that snapd keeps goes into memory.
mount --make-rprivate /
for folder in /etc/profile.d /etc/systemd/system /root/snap /run /snap /usr/lib/snapd /var/cache/snapd /var/lib/snapd /var/snap; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=0755 tmpfs "$folder"
done
mkdir -p /etc/systemd/system/multi-user.target.wants /run/lock /var/lib/snapd/assertions /var/lib/snapd/seed /var/lib/snapd/snaps
[ -z "${DEVICE_SEED:-}" ] || cp -r "$DEVICE_SEED/." /var/lib/snapd/seed/

# The daemon where it expects itself, with stand-ins for the helpers that confine: confinement is not under test.
cp -L "$client/bin/snapd" /usr/lib/snapd/snapd
echo "VERSION=${SNAPD_CLIENT_VERSION:-2.57.6}" >/usr/lib/snapd/info
for helper in snap-confine snap-device-helper snap-discard-ns snap-update-ns; do
  ln -s "$(command -v true)" "/usr/lib/snapd/$helper"
done
cp "$here/shims/snap-seccomp" /usr/lib/snapd/snap-seccomp
export PATH="$here/shims:$client/bin:/snap/bin:$PATH"

# What drop-ins of its unit add to its environment.
drop_ins() { cat /etc/systemd/system/snapd.service.d/*.conf 2>/dev/null | sed -n 's/^Environment="\(.*\)"$/\1/p'; }

# It ends itself to be restarted by its init when a snapd snap is installed; here this loop is its init.
(while true; do
  mapfile -t environment < <(drop_ins)
  env "${environment[@]}" /usr/lib/snapd/snapd || true
  sleep 0.2
done) >"${DEVICE_LOG:-/dev/null}" 2>&1 </dev/null &
for _ in $(seq 150); do
  if [ -S /run/snapd.socket ] && snap version 2>/dev/null | grep -q '^series *16'; then
    "$@"
    exit
  fi
  sleep 0.1
done
echo 'device.sh: snapd did not come up' >&2
exit 70
