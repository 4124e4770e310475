#!/bin/sh
# sign.sh FOLDER KEY: lists the files of a built module and signs the list, so that
# `karkas module install FOLDER` (or a tar archive of it) takes it where the public key is trusted.
# A pair of keys:
#   openssl ecparam -name prime256v1 -genkey -noout -out mine.key
#   openssl ec -in mine.key -pubout -out mine.pem
set -eu
case $2 in /*) key=$2 ;; *) key=$PWD/$2 ;; esac
cd "$1"
find . -type f ! -name module.list ! -name module.sig | LC_ALL=C sort | xargs -d '\n' sha256sum >module.list
openssl dgst -sha256 -sign "$key" -out module.sig module.list
