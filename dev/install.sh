#!/bin/sh
# Installs what the lock files name, into .venv, node_modules and var. Run by make.
set -eu
cd "$(dirname "$0")/.."

fail() { echo "Getint: $1" >&2; exit 1; }

command -v python3 >/dev/null || fail "python3 is missing: install Python 3.11 or newer."
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
  || fail "Python 3.11 or newer is needed; python3 is $(python3 -V)."
command -v node >/dev/null || fail "node is missing: install Node.js 20 or newer."
node -e 'process.exit(Number(process.versions.node.split(".")[0]) < 20 ? 1 : 0)' \
  || fail "Node.js 20 or newer is needed; node is $(node -v)."
command -v npm >/dev/null || fail "npm is missing: it comes with Node.js (Debian: apt-get install npm)."

UV_VERSION=0.13.9
UV=var/uv/bin/uv
mkdir -p var
if ! [ -x "$UV" ] || ! "$UV" --version | grep -q " $UV_VERSION "; then
  echo "Installing uv $UV_VERSION"
  # --target works without the venv module and where the system's Python is externally managed.
  python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore \
    --upgrade --target var/uv "uv==$UV_VERSION" \
    || fail "pip could not install uv (Debian: apt-get install python3-pip)."
fi

echo "Installing Python packages"
UV_PYTHON_DOWNLOADS=never "$UV" sync --locked --quiet --all-groups --python python3
echo "Installing browser packages"
npm ci --no-audit --no-fund --loglevel=error
node app/web/build_static.mjs
