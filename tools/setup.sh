#!/usr/bin/env bash
# Installs what this checkout needs on a Debian or Ubuntu machine: system packages, Node 24, npm packages, and the
# Kubernetes programs of the test lab. Safe to run any number of times: each step looks first and works only if it must.
set -euo pipefail
cd "$(dirname "$0")/.."

# raw-socket is compiled (g++, python3); the rest is what the lab and the demo run. Without a configuration keepalived,
# with which `make faults` compares, does nothing.
DEBIAN_PACKAGES=(
  ca-certificates curl g++ make python3
  iproute2 iputils-arping keepalived ndisc6 nftables procps tcpdump util-linux
)
# The version that is taken when PATH offers no Node that serves.
NODE_VERSION=24.21.0
NODE_AT_LEAST=24.12.0

say() { printf 'setup: %s\n' "$*"; }
fail() {
  printf 'setup: %s\n' "$*" >&2
  exit 1
}
at_least() { [ "$(printf '%s\n%s\n' "$1" "$2" | sort -V | head -n 1)" = "$1" ]; }

[ "$(uname -s)" = Linux ] || fail "Linux is needed: the lab is made of network namespaces"
[ "$(id -u)" = 0 ] || fail "root is needed for network namespaces and packet sockets: run it with sudo"
command -v node >/dev/null && at_least 20.0.0 "$(node --version | tr -d v)" ||
  fail "Node 20 or newer with npm is needed to fetch the rest: apt-get install nodejs npm, or https://nodejs.org"
command -v npm >/dev/null || fail "npm is needed: it comes with Node, or apt-get install npm"

debian_packages() {
  local missing=() package
  for package in "${DEBIAN_PACKAGES[@]}"; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "installing ${missing[*]} (under a minute)"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Leaves .toolchain/bin pointing at the node to use. The headers must lie beside it, for raw-socket is built against them.
node_24() {
  local found
  found=$(command -v node)
  found=$(dirname "$(dirname "$(readlink -f "$found")")")
  mkdir -p .toolchain
  if ! at_least "$NODE_AT_LEAST" "$(node --version | tr -d v)" || [ ! -f "$found/include/node/node.h" ]; then
    found=$PWD/.toolchain/node
    if [ "$("$found/bin/node" --version 2>/dev/null)" != "v$NODE_VERSION" ]; then
      local arch
      case $(uname -m) in
        x86_64) arch=x64 ;;
        aarch64) arch=arm64 ;;
        *) fail "no Node $NODE_VERSION package for $(uname -m): put Node $NODE_AT_LEAST or newer, with its headers, on PATH" ;;
      esac
      say "fetching Node $NODE_VERSION (about 10 s)"
      rm -rf .toolchain/fetch && mkdir -p .toolchain/fetch
      npm install --prefix .toolchain/fetch --no-audit --no-fund --loglevel error "node-linux-$arch@$NODE_VERSION" >/dev/null
      rm -rf .toolchain/node
      mv ".toolchain/fetch/node_modules/node-linux-$arch" .toolchain/node
      rm -rf .toolchain/fetch
    fi
  fi
  ln -sfn "$found/bin" .toolchain/bin
  export PATH="$PWD/.toolchain/bin:$PATH"
  # A user's npm configuration may name the headers of another Node, and the addon would then not load.
  export npm_config_nodedir=$found
}

npm_packages() {
  local stamp
  stamp="$(sha256sum package.json package-lock.json | sha256sum | cut -c1-64) $(node --version)"
  [ "$(cat node_modules/.herald-stamp 2>/dev/null)" != "$stamp" ] || return 0
  say "installing npm packages and building raw-socket (about 30 s)"
  npm ci --no-audit --no-fund --loglevel error
  node --eval 'require("raw-socket")'
  printf '%s\n' "$stamp" >node_modules/.herald-stamp
}

debian_packages
node_24
npm_packages
# It prints where each program is, which only the lab wants to know.
tools/build-kubernetes.sh >/dev/null
