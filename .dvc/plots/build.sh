#!/bin/sh
# Build offline.html: the page of `dvc plots show`, with vega inside instead of loaded from the network.
# Needs npm. Run it again to change the versions; vega-lite 5 is what DVC's plot templates are written for.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

for package in vega@5.33.1 vega-lite@5.23.0 vega-embed@6.29.0; do
    name=${package%@*}
    mkdir "$name"
    tar xzf "$(npm pack --silent "$package")" -C "$name"
    { printf '<!-- %s -->\n<script>' "$package"; cat "$name/package/build/$name.min.js"; printf '</script>\n'; } >>scripts
done
{
    cat <<'END'
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{refresh_tag}
<title>DVC plots</title>
<style>
body { font-family: system-ui, sans-serif; margin: 1.5rem; display: flex; flex-wrap: wrap; gap: 1.5rem; }
table { border-spacing: 15px; }
</style>
<!--
vega, vega-lite and vega-embed, unchanged from npm, by the University of Washington Interactive Data Lab, under the
licence below. vega holds modules of d3 (Copyright Mike Bostock; ISC licence).

END
    cat vega-lite/package/LICENSE
    printf -- '-->\n'
    cat scripts
    cat <<'END'
</head>
<body>
{plot_divs}
</body>
</html>
END
} >"$here/offline.html"
