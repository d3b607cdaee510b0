#!/bin/sh
# Keep one issue on the pages that newer versions break: report_versions.sh FILE; needs gh, GH_TOKEN, RUN.
set -eu

file=$1
title="Pages that do not hold on other versions"
number=$(gh issue list --state open --label versions --json number --jq '.[0].number // empty')

if [ ! -s "$file" ]; then
    if [ -n "$number" ]; then
        gh issue close "$number" --comment "Every page holds on every version again: $RUN"
    fi
    exit 0
fi

printf '\nFound by %s\n' "$RUN" >>"$file"
gh label create versions --force --description "A page does not hold on another version" >/dev/null
if [ -n "$number" ]; then
    gh issue edit "$number" --title "$title" --body-file "$file"
else
    gh issue create --title "$title" --label versions --body-file "$file"
fi
