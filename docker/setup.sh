#!/bin/sh
# Once for a workspace: the demo data, a first model, and a key for the administrator, shown here and nowhere else.
set -eu
done="$LIANZHAO_HOME/.set-up"
[ ! -e "$done" ] || exit 0
lianzhao demo --no-serve
echo "The administrator's key, sent as X-API-Key:"
lianzhao keys add --role administrator
touch "$done"
