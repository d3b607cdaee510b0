#!/bin/sh
# Lock requirements/*.in: newest versions, hashes, markers for every platform, no registry's name.
set -eu

cd "$(dirname "$0")/../requirements"
uv=../$1/bin/uv

compile() {
    name=$1
    shift
    "$uv" pip compile --quiet --upgrade --universal --python-version 3.12 --generate-hashes \
        --no-emit-index-url --no-header --no-annotate "$@" "$name.in" -o "$name.txt" >/dev/null
}

compile examples
compile site -c examples.txt
compile dev -c examples.txt -c site.txt
