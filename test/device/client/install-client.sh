#!/usr/bin/env bash
# Builds the real client that the device suite drives: snapd 2.57.6 as Debian 12 packages its source, with the one build
# tag that makes it trust snapd's public test root as well. Nothing is built where the result is there already, so a
# client that somebody else put into SNAPD_CLIENT_HOME (another version of snapd, say) is used as it is.
#
#   SNAPD_CLIENT_HOME (default ~/.cache/snapd-client)
#     bin/snap bin/snapd     client and daemon
#     bin/fakestore          snapd's own small test store; here it signs what the suite pushes
#     bin/snap-repair        what runs repairs; of a client that somebody else made it may be missing
#     testkeys/              the test root: its account, its account-keys, and the public secret keys that sign for it
#
# Needs root and Debian's package archive; the compiler's cache is kept only while it builds.
set -euo pipefail

client=${SNAPD_CLIENT_HOME:-$HOME/.cache/snapd-client}
source_tree=/usr/share/gocode/src/github.com/snapcore/snapd

say() { printf 'install-client: %s\n' "$*" >&2; }

tools_missing() {
  local tool
  for tool in mksquashfs unsquashfs xdelta3 unshare mount curl ip; do
    command -v "$tool" >/dev/null || return 0
  done
  return 1
}

client_missing() {
  local file
  for file in bin/snap bin/snapd bin/fakestore; do [ -x "$client/$file" ] || return 0; done
  for file in root-account root-account-key store-account-key; do [ -s "$client/testkeys/$file.assert" ] || return 0; done
  for file in root store; do [ -s "$client/testkeys/$file.asc" ] || return 0; done
  return 1
}

repair_missing() {
  local file
  # Whoever brings a client of their own has decided what is in it.
  [ -z "${SNAPD_CLIENT_HOME:-}" ] || return 1
  for file in bin/snap-repair testkeys/repair-root-account-key.assert testkeys/repair-root.asc; do
    [ -s "$client/$file" ] || return 0
  done
  return 1
}

install_packages() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -o DPkg::Lock::Timeout=300 update -qq
  apt-get -o DPkg::Lock::Timeout=300 install -y -qq --no-install-recommends "$@" >/dev/null
}

# What snapd's source imports and its Debian package of source does not pull in by itself.
build_packages() {
  local github="coreos-go-systemd godbus-dbus gorilla-mux jessevdk-go-flags juju-ratelimit mvo5-goconfigparser boltdb-bolt"
  local gopkg="macaroon.v1 mgo.v2 retry.v1 tomb.v2 tylerb-graceful.v1 yaml.v2 yaml.v3"
  local x="crypto net sys term xerrors"
  echo gcc golang-go libc6-dev pkg-config golang-github-snapcore-snapd-dev golang-dbus-dev golang-yaml.v2-dev
  printf 'golang-github-%s-dev\n' $github
  printf 'golang-gopkg-%s-dev\n' $gopkg
  printf 'golang-golang-x-%s-dev\n' $x
}

# Both builds share the compiler's cache, which is gone when this script ends.
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
# Debian's Go sources lie in a GOPATH tree, not in modules.
export GOPATH=/usr/share/gocode GO111MODULE=off GOFLAGS= GOTOOLCHAIN=local GOCACHE=$scratch/cache

build_client() {
  mkdir -p "$scratch/bin" "$scratch/testkeys"
  # `nosecboot` leaves out full disk encryption, which would ask for libraries that no store needs.
  (cd "$source_tree" && go build -tags 'withtestkeys nosecboot' -o "$scratch/bin/" \
    ./cmd/snap ./cmd/snapd ./tests/lib/fakestore/cmd/fakestore)
  cat >"$scratch/testkeys.go" <<'GO'
package main

import (
	"log"
	"os"

	"github.com/snapcore/snapd/asserts"
	"github.com/snapcore/snapd/asserts/systestkeys"
)

func main() {
	for name, content := range map[string]string{
		"root-account.assert":      string(asserts.Encode(systestkeys.TestRootAccount)),
		"root-account-key.assert":  string(asserts.Encode(systestkeys.TestRootAccountKey)),
		"store-account-key.assert": string(asserts.Encode(systestkeys.TestStoreAccountKey)),
		"root.asc":                 systestkeys.TestRootPrivKey,
		"store.asc":                systestkeys.TestStorePrivKey,
	} {
		if err := os.WriteFile(os.Args[1]+"/"+name, []byte(content), 0o600); err != nil {
			log.Fatal(err)
		}
	}
}
GO
  go run "$scratch/testkeys.go" "$scratch/testkeys"
  # Renamed into place last, so that a build that was cut off is never taken for a client.
  mkdir -p "$client"
  rm -rf "$client/bin" "$client/testkeys"
  cp -r "$scratch/testkeys" "$client/testkeys"
  cp -r "$scratch/bin" "$client/bin.new" && mv "$client/bin.new" "$client/bin"
}

# snap-repair, and the root of trust for repairs that it has when it is built with this tag.
build_repair() {
  (cd "$source_tree" && go build -tags 'withtestkeys nosecboot' -o "$scratch/snap-repair" ./cmd/snap-repair)
  cat >"$scratch/repairkeys.go" <<'GO'
package main

import (
	"log"
	"os"

	"github.com/snapcore/snapd/asserts"
	"github.com/snapcore/snapd/asserts/systestkeys"
)

func main() {
	for name, content := range map[string]string{
		"repair-root-account-key.assert": string(asserts.Encode(systestkeys.TestRepairRootAccountKey)),
		"repair-root.asc":                systestkeys.TestRepairRootPrivKey,
	} {
		if err := os.WriteFile(os.Args[1]+"/"+name, []byte(content), 0o600); err != nil {
			log.Fatal(err)
		}
	}
}
GO
  go run "$scratch/repairkeys.go" "$client/testkeys"
  cp "$scratch/snap-repair" "$client/bin/snap-repair.new" && mv "$client/bin/snap-repair.new" "$client/bin/snap-repair"
}

if tools_missing; then
  say 'installing the tools that a throw-away device needs'
  install_packages squashfs-tools xdelta3 util-linux mount curl iproute2
fi
if client_missing; then
  say 'building snapd from Debian’s source packages (two minutes, once)'
  # shellcheck disable=SC2046
  install_packages $(build_packages)
  build_client
fi
if repair_missing; then
  say 'building snap-repair beside it'
  # shellcheck disable=SC2046
  install_packages $(build_packages)
  build_repair
fi
say "the client is in $client"
