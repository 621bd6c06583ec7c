#!/bin/sh
# Build .venv from requirements.lock (hashes checked), with the project in it as an editable install.
# Does nothing when .venv already is what the lock file and pyproject.toml say.
set -eu
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
OLDEST="import sys; sys.exit(sys.version_info < (3, 11))"
stamp=.venv/.installed
wanted=$({ echo "$UV_VERSION"; cat requirements.lock pyproject.toml; } | sha256sum | cut -d' ' -f1)

if [ -x .venv/bin/python ] && [ "$(cat $stamp 2>/dev/null)" = "$wanted" ]; then
    exit 0
fi

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

apt_install() {
    command -v apt-get >/dev/null || { echo "Install $* with your package manager, then try again." >&2; exit 1; }
    echo "installing $*"
    as_root apt-get -qq update
    as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y install --no-install-recommends "$@" >/dev/null
}

find_python() {
    for name in python3 /usr/bin/python3 python3.11 python3.12 python3.13 python3.14; do
        if "$name" -c "$OLDEST" 2>/dev/null; then echo "$name"; return; fi
    done
}

python=$(find_python)
if [ -z "$python" ]; then
    apt_install python3 python3-venv
    python=$(find_python)
fi
[ -n "$python" ] || { echo "Python 3.11 or newer is needed, and this system has none." >&2; exit 1; }

if ! [ -x .venv/bin/python ]; then
    # Debian keeps ensurepip, which venv needs, in a package of its own.
    "$python" -c "import ensurepip" 2>/dev/null || apt_install python3-venv
    "$python" -m venv .venv
fi

echo "installing Python packages into .venv"
.venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION"
export VIRTUAL_ENV=.venv
# Behind a proxy with a certificate authority of its own, only the system's list of authorities knows it.
[ ! -e /etc/ssl/certs/ca-certificates.crt ] || export UV_SYSTEM_CERTS=true
.venv/bin/uv pip install --quiet --require-hashes -r requirements.lock
.venv/bin/uv pip install --quiet --no-deps -e .
echo "$wanted" >$stamp
