#!/bin/sh
# Makes sure that a Chromium is there for the browser tests.
set -eu
for name in chromium chromium-browser google-chrome; do
  command -v "$name" >/dev/null && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  echo "Installing Debian's chromium"
  apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
else
  echo "Getint: the browser tests need Chromium. Install it: sudo apt-get install chromium" >&2
  exit 1
fi
