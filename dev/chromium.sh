#!/bin/sh
# Makes sure that a Chromium is there for the browser tests: its headless shell, where it can be had.
set -eu
command -v chromium-headless-shell >/dev/null && exit 0
may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }
install() {
  echo "Installing Debian's $1"
  timeout 60 apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null
}
# Without a network this comes to nothing soon, and the whole browser does as well, but slowly.
may_install && install chromium-headless-shell 2>/dev/null && exit 0
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
may_install && install chromium && exit 0
echo "Getint: the browser tests need Chromium. Install it: sudo apt-get install chromium" >&2
exit 1
