#!/usr/bin/env bash
# Makes the pair that `snap download` writes, NAME_REVISION.snap and NAME_REVISION.assert, by snapd's own code from end to
# end: a throw-away fakestore signs for the public test root, and the real client downloads from it. Half a second each.
#
#   make-pair.sh [OPTION]... OUT_FOLDER NAME REVISION SNAP_ID
#     --yaml FILE        this meta/snap.yaml (default: an app on core22 for amd64; a base for core*; snapd for snapd)
#     --size BYTES       so many bytes of random payload
#     --payload FILE     this as payload instead, which another revision may have too
#     --root FOLDER      with these files besides
#     --compressor NAME  mksquashfs' -comp (default xz)
#     --declaration JSON further headers of the snap-declaration, or others in place of the usual ones
# SNAP_ID is 32 letters and digits; snapd itself insists on PMrrV4ml8uWuEUDBT8dSGnKUYbevVhc4 for the snap named snapd.
#
# The snap-declaration is signed once for a snap-id and kept in OUT_FOLDER/.declarations: further revisions carry the same
# bytes, as they would from a real store. --declaration signs a new one.
set -euo pipefail
client=${SNAPD_CLIENT_HOME:-$HOME/.cache/snapd-client}

yaml='' size=0 payload='' extra='' compressor=xz declaration=''
while [[ "${1:-}" == --* ]]; do
  case "$1" in
    --yaml) yaml=$2 ;;
    --size) size=$2 ;;
    --payload) payload=$2 ;;
    --root) extra=$2 ;;
    --compressor) compressor=$2 ;;
    --declaration) declaration=$2 ;;
    *) echo "make-pair: unknown option $1" >&2; exit 2 ;;
  esac
  shift 2
done
[ $# -eq 4 ] && [[ "$4" =~ ^[A-Za-z0-9]{32}$ ]] || { sed -n '5,14s/^# \{0,1\}//p' "$0" >&2; exit 2; }
out=$1 name=$2 revision=$3 snap_id=$4
pair=${name}_$revision

work=$(mktemp -d)
fakestore_pid=''
cleanup() {
  [ -z "$fakestore_pid" ] || kill "$fakestore_pid" 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
mkdir -p "$work/root/meta" "$work/store/asserts" "$out/.declarations"

usual_yaml() {
  printf 'name: %s\nversion: "%s.0"\nsummary: The %s of the tests\ndescription: |\n  A small snap.\n' "$name" "$revision" "$name"
  printf 'architectures: [amd64]\nconfinement: strict\n'
  case "$name" in
    snapd) echo 'type: snapd' ;;
    core) echo 'type: os' ;;
    core*) echo 'type: base' ;;
    *) printf 'base: core22\napps:\n  %s:\n    command: bin/%s\n' "$name" "$name" ;;
  esac
}

# What a device wants to find inside: a base's mount points, snapd's version file, an app's command.
fill_root() {
  if [ -n "$yaml" ]; then cp "$yaml" "$work/root/meta/snap.yaml"; else usual_yaml >"$work/root/meta/snap.yaml"; fi
  case "$name" in
    snapd | core | core[0-9]*)
      (cd "$work/root" && mkdir -p dev etc home lib/modules media mnt opt proc root run snap sys tmp \
        usr/bin usr/lib/snapd usr/src var/lib var/log var/snap var/tmp)
      echo "VERSION=${SNAPD_CLIENT_VERSION:-2.57.6}" >"$work/root/usr/lib/snapd/info"
      ;;
    *)
      mkdir -p "$work/root/bin"
      printf '#!/bin/sh\necho %s revision %s "$@"\n' "$name" "$revision" >"$work/root/bin/$name"
      chmod +x "$work/root/bin/$name"
      ;;
  esac
  [ "$size" -eq 0 ] || head -c "$size" /dev/urandom >"$work/root/payload"
  [ -z "$payload" ] || cp "$payload" "$work/root/payload"
  [ -z "$extra" ] || cp -r "$extra/." "$work/root/"
}

sign() { # the two assertions of the file, by the test root's store key
  local kept=$out/.declarations/$snap_id blob=$work/store/$pair.snap signed
  if [ -n "$declaration" ] || [ ! -s "$kept" ]; then
    printf '{"type":"snap-declaration","snap-id":"%s","snap-name":"%s"}' "$snap_id" "$name" >"$work/declaration.json"
    if [ -n "$declaration" ]; then
      node -e 'const [a, b] = process.argv.slice(1).map((text) => JSON.parse(text)); console.log(JSON.stringify({ ...a, ...b }))' \
        "$(cat "$work/declaration.json")" "$declaration" >"$work/merged.json" && mv "$work/merged.json" "$work/declaration.json"
    fi
    signed=$("$client/bin/fakestore" new-snap-declaration --dir "$work/store" --snap-decl-json "$work/declaration.json" "$blob")
    cp "$signed" "$work/kept" && mv "$work/kept" "$kept"
  else
    cp "$kept" "$work/store/asserts/$name.snap-declaration"
  fi
  printf '{"type":"snap-revision","snap-id":"%s","snap-revision":"%s"}' "$snap_id" "$revision" >"$work/revision.json"
  "$client/bin/fakestore" new-snap-revision --dir "$work/store" --snap-rev-json "$work/revision.json" "$blob" >/dev/null
}

fetch() { # by the real client, from the fakestore, on whichever port is free
  local port tries
  for tries in 1 2 3; do
    port=$((20000 + RANDOM % 12000))
    "$client/bin/fakestore" run --dir "$work/store" --addr "127.0.0.1:$port" >"$work/fakestore.log" 2>&1 &
    fakestore_pid=$!
    for _ in $(seq 100); do
      kill -0 "$fakestore_pid" 2>/dev/null || continue 2
      if curl -s -o "$work/answer" "http://127.0.0.1:$port/"; then
        (cd "$work" && SNAPPY_TESTING=1 SNAPPY_FORCE_API_URL="http://127.0.0.1:$port" "$client/bin/snap" download "$name") >"$work/log" 2>&1 && return
        cat "$work/log" >&2
        return 1
      fi
      sleep 0.05
    done
    kill "$fakestore_pid"
  done
  cat "$work/fakestore.log" >&2
  return 1
}

fill_root
mksquashfs "$work/root" "$work/store/$pair.snap" -noappend -comp "$compressor" -all-root -no-xattrs -no-progress -quiet >/dev/null
sign
fetch
mv "$work/$pair.snap" "$work/$pair.assert" "$out/"
