#!/usr/bin/env bash
# What docker/Dockerfile does, step by step, where there is no Docker: the same files, the same commands, another user,
# code that cannot be written, one folder that can. Needs root (for the other user) and the network (for pip).
# Usage: docker/try-without-docker.sh FOLDER [PYTHON]
set -euo pipefail
cd "$(dirname "$0")/.."
root=$(realpath -m "$1") python=${2:-python3}
export LIGHTFM_NO_CFLAGS=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# The builder.
mkdir -p "$root/src" "$root/home" "$root/tmp"
tar -c --exclude __pycache__ features models training service requirements/base.txt requirements/store.txt docker/setup.sh docker/alive.py \
    pyproject.toml README.md LICENSE | tar -x -C "$root/src"
"$python" -m venv "$root/venv"
"$root/venv/bin/pip" install --quiet --require-hashes -r "$root/src/requirements/base.txt" \
    -r "$root/src/requirements/store.txt"
"$root/venv/bin/pip" install --quiet --no-deps --no-build-isolation "$root/src"
"$root/venv/bin/pip" uninstall --quiet --yes setuptools pip
du -sh "$root/venv"

# The image: nobody may write the code, and only `home` and `tmp` belong to the user.
rm -rf "$root/src/features" "$root/src/models" "$root/src/training" "$root/src/service"
chmod -R a-w,a+rX "$root/venv" "$root/src"
chown 10001:10001 "$root/home" "$root/tmp"
inside() {
    cd "$root/home"
    exec setpriv --reuid 10001 --regid 10001 --clear-groups --no-new-privs --bounding-set=-all env -i \
        PATH="$root/venv/bin:/usr/bin:/bin" TMPDIR="$root/tmp" PYTHONDONTWRITEBYTECODE=1 OMP_NUM_THREADS=1 \
        HOME="$root/home" LIANZHAO_HOME="$root/home" "$@"
}
(inside lianzhao demo --no-serve)
(inside lianzhao serve --port 8000) &
for _ in $(seq 60); do (inside python "$root/src/docker/alive.py") 2>/dev/null && break || sleep 0.5; done
(inside python "$root/src/docker/alive.py") && echo alive
(inside python -c 'import urllib.request as r; print(r.urlopen("http://127.0.0.1:8000/health/ready").read().decode())')
kill $! && wait $! && echo "ended with 0"
