#!/bin/bash
# Starts mongod as a replica set of one, with authentication. The members' shared key is made at the first start.
set -euo pipefail
key=/data/configdb/keyfile
if [ ! -s "$key" ]; then
    umask 077
    head -c 756 /dev/urandom | base64 --wrap=0 >"$key.new"
    mv "$key.new" "$key"
fi
exec docker-entrypoint.sh mongod --replSet rs0 --keyFile "$key" --bind_ip_all
