#!/usr/bin/env bash
# Finds etcd, kube-apiserver, kube-proxy and kubectl for the lab, and builds the ones that are nowhere to be found.
# Order: $KUBEBUILDER_ASSETS, $PATH, the cache, else Go builds them into the cache from test/lab/go.mod.
# Progress goes to standard error, one line "<name> <path>" a program to standard output.
# A shell script because it runs before the Node dependencies are there.
set -euo pipefail

readonly PROGRAMS="etcd kube-apiserver kube-proxy kubectl"
readonly KUBERNETES_VERSION=v1.36.3
readonly HEARTBEAT_SECONDS=15

module=$(cd "$(dirname "${BASH_SOURCE[0]}")/../test/lab" && pwd)
sums=$(sha256sum "$module/go.sum")
cache=${XDG_CACHE_HOME:-$HOME/.cache}/herald-lab/${sums:0:16}

say() { printf '%s\n' "$*" >&2; }

fail() {
  say "Cannot build ${missing# }: $1"
  say "Or set KUBEBUILDER_ASSETS to a folder that holds: $PROGRAMS"
  exit 1
}

package_of() {
  case $1 in
    etcd) echo go.etcd.io/etcd/server/v3 ;;
    *) echo "k8s.io/kubernetes/cmd/$1" ;;
  esac
}

expected_time_of() {
  case $1 in
    etcd) echo "25 s" ;;
    kube-apiserver) echo "5 min" ;;
    kube-proxy) echo "2 min" ;;
    kubectl) echo "40 s" ;;
  esac
}

find_program() {
  local assets=${KUBEBUILDER_ASSETS:-}
  if [[ -n $assets && -x $assets/$1 ]]; then
    found=$assets/$1
  elif ! found=$(type -P "$1"); then
    found=$cache/$1
    [[ -x $found ]]
  fi
}

find_missing() {
  local name
  missing=
  for name in $PROGRAMS; do
    find_program "$name" || missing+=" $name"
  done
}

check_go() {
  command -v go >/dev/null || fail "Go is not installed: install Go 1.21 or newer from https://go.dev/dl/"
  local version major minor
  version=$(GOTOOLCHAIN=local go env GOVERSION)
  IFS=. read -r major minor _ <<<"${version#go}"
  minor=${minor%%[!0-9]*}
  if ((major == 1 && minor < 21)); then
    fail "$version is too old to fetch the toolchain that test/lab/go.mod asks for: install Go 1.21 or newer from https://go.dev/dl/"
  fi
}

# Waits by a read that never gets anything: a child "sleep" would outlive its parent and hold the caller's pipe open.
heartbeat() {
  local never
  exec {never}<> <(:)
  while ! read -rt "$HEARTBEAT_SECONDS" -u "$never"; do
    say "  … still building $1, $((SECONDS - $2)) s so far"
  done
}

# GOTOOLCHAIN=auto lets an older Go fetch the one that go.mod names, whatever the machine's default is.
build() {
  local name=$1 began=$SECONDS
  say "building $name, about $(expected_time_of "$name") on 2 cores, once on this machine"
  heartbeat "$name" "$began" &
  beat=$!
  CGO_ENABLED=0 GOTOOLCHAIN=auto GOWORK=off go build -C "$module" \
    -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$KUBERNETES_VERSION" \
    -o "$workshop/$name" "$(package_of "$name")" ||
    fail "go build failed, its output stands above"
  stop_heartbeat
  mv "$workshop/$name" "$cache/$name"
  say "built $name in $((SECONDS - began)) s: $cache/$name"
}

stop_heartbeat() {
  if [[ -n $beat ]]; then
    kill "$beat" 2>/dev/null || true
    wait "$beat" 2>/dev/null || true
    beat=
  fi
}

clean_up() {
  stop_heartbeat
  rm -rf "$workshop"
}

find_missing
if [[ -n $missing ]]; then
  check_go
  mkdir -p "$cache"
  exec 9>"$cache/.lock"
  if ! flock --nonblock 9; then
    say "another run is building${missing}: waiting for it"
    flock 9
  fi
  beat=
  workshop=$(mktemp -d "$cache/.building.XXXXXX")
  trap clean_up EXIT
  trap 'exit 130' INT TERM
  find_missing
  for name in $missing; do
    build "$name"
  done
fi

for name in $PROGRAMS; do
  find_program "$name"
  printf '%s %s\n' "$name" "$found"
done
