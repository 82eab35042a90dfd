#!/usr/bin/env bash
# Recompiles every lock; keeps the versions already locked unless UPGRADE=1.
set -euo pipefail
cd "$(dirname "$0")/../.."

uv=$(command -v uv || true)
if [[ -z $uv ]]; then
    [[ -x build/uv/bin/uv ]] || { /usr/bin/python3.11 -m venv build/uv && build/uv/bin/pip install -q uv; }
    uv=build/uv/bin/uv
fi

compile() {
    local lock=$1
    shift
    echo "compiling $lock"
    "$uv" pip compile "$@" \
        --override requirements/overrides.txt --constraint requirements/constraints.txt \
        --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet \
        --custom-compile-command "make locks" ${UPGRADE:+--upgrade} --output-file "$lock" >/dev/null
}

# A family's image has its own extra; the universal image, whose server picks a family, has all.
families=(articlequality draftquality editquality topic)
all=("${families[@]/#/--extra=}")
compile revscoring/requirements.lock python/pyproject.toml "${all[@]}"
for family in "${families[@]}"; do
    compile "revscoring/$family/requirements.lock" python/pyproject.toml --extra "$family" \
        --constraint revscoring/requirements.lock
done
# What the other locks have in common, so that images share it as a layer: the families' images what
# all families need, the others what every server needs.
compile revscoring/shared.lock python/pyproject.toml --extra revscoring \
    --constraint revscoring/requirements.lock
compile python/requirements.lock python/pyproject.toml --constraint revscoring/requirements.lock
compile outlink/requirements.lock python/pyproject.toml --extra outlink \
    --constraint revscoring/requirements.lock
compile outlink-transformer/requirements.lock python/pyproject.toml --extra transformer \
    --constraint revscoring/requirements.lock
compile ores/requirements.lock python/pyproject.toml --extra ores \
    --constraint revscoring/requirements.lock
# The checkout tests what the images carry, so the production locks bind it; and as it has one
# version of each package, they bind one another.
bound=(--constraint revscoring/requirements.lock --constraint outlink/requirements.lock)
plain=()
for requirements in */requirements.in; do
    [[ -e $requirements ]] || continue
    lock=${requirements%.in}.lock
    compile "$lock" python/pyproject.toml "$requirements" "${bound[@]}"
    plain+=("$requirements")
    bound+=(--constraint "$lock")
done
compile requirements/dev.lock python/pyproject.toml requirements/dev.in "${plain[@]}" \
    "${all[@]}" --extra outlink --extra cli "${bound[@]}"
