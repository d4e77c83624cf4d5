#!/usr/bin/env bash
# Packages the SDK and the test kit as they are published, builds the kit alone with the packaged SDK, and tests
# a user's program (scripts/package) with both, in a folder outside of the workspace.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo=${CARGO:-cargo}
crates=(openvpn-mgmt openvpn-mgmt-test)

# All that follows is done with what is here.
"$cargo" fetch --locked --quiet
# Work that is not committed can be checked too. Not verified by cargo: it would build the kit with the SDK
# that it unpacked first, whatever has changed since.
"$cargo" package --locked --offline --allow-dirty --no-verify --quiet "${crates[@]/#/--package=}"

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
version=$(sed -nE '1,/^version/s/^version = "(.*)"/\1/p' crates/openvpn-mgmt-test/Cargo.toml)
for crate in "${crates[@]}"; do
    mkdir "$folder/$crate"
    tar -xzf "target/package/$crate-$version.crate" -C "$folder/$crate" --strip-components=1
done
cp -R scripts/package "$folder/user"
# The versions of the workspace, which are all here.
cp Cargo.lock "$folder/user"

export CARGO_TARGET_DIR=$PWD/target/package/build CARGO_INCREMENTAL=0
# Those of other folders are of no use.
rm -rf "$CARGO_TARGET_DIR"/debug/{deps,.fingerprint}/*{openvpn,user}*
cd "$folder/openvpn-mgmt-test"
"$cargo" build --offline --quiet --config 'patch.crates-io.openvpn-mgmt.path="../openvpn-mgmt"'
cd "$folder/user"
"$cargo" test --offline --quiet --lib
printf 'package.sh: %s and %s %s build and serve a user outside of the workspace\n' "${crates[@]}" "$version"
