#!/usr/bin/env bash
# Trains an ensemble of teachers and distils the released networks from it, on one accelerator, within minutes.
#
#     bash training/teach.sh data/fer2013.npz results
#
# Needs python with torch, numpy, scipy, opencv-python-headless, msgspec, safetensors and tqdm, this checkout, and the
# data in any form that training.data reads. Checkpoints are in runs/teach; RESULTS gets, as soon as each is there:
# soft-targets.safetensors, ensemble.json, a safetensors file for each network (training.export makes the release),
# metrics.jsonl and log.txt. Stopped or killed, the same command goes on. Environment variables:
#
#   ENSEMBLE_MINUTES=8, DISTIL_MINUTES=5   budgets, counted from each half's beginning, time to plan included
#   ENSEMBLE_ONLY=1                        stop after the first half
#   PRESETS="emotion-net emotion-lite emotion-cnn"   what is distilled, in this order, with equal shares of the time
#   RUNS=runs/teach                        checkpoints
#   TEACHER_OPTIONS, STUDENT_OPTIONS       more options, e.g. --epochs 100 or --teacher-share 0.9
#   TEACHERS                               how many, whatever the plan says
#   PYTHON=python3
#
# Only the teachers are compiled: within the students' few minutes it would not pay. Their epochs take seconds, so that
# only every third one is validated and saved.
set -uo pipefail

data=${1:?the data: an .npz, zip, folder or CSV} results=${2:?the folder of results}
python=${PYTHON:-python3} runs=${RUNS:-runs/teach}
ensemble_s=$(awk "BEGIN { print int(60 * ${ENSEMBLE_MINUTES:-8}) }")
distil_s=$(awk "BEGIN { print int(60 * ${DISTIL_MINUTES:-5}) }")
teacher_options=${TEACHER_OPTIONS:-} student_options="--no-compile --validate-every 3 ${STUDENT_OPTIONS:-}"
mkdir -p "$results" "$runs"
exec > >(tee -a "$results/log.txt") 2>&1
targets=$results/soft-targets.safetensors stopped='' child=''
trap 'stopped=1; [ -z "$child" ] || kill -TERM "$child" 2> /dev/null' INT TERM

# Runs a command that a signal to this script reaches, and waits for the checkpoint that it then leaves.
go() {
    local status
    "$@" &
    child=$!
    wait "$child"
    status=$?
    while kill -0 "$child" 2> /dev/null; do wait "$child"; status=$?; done
    child=''
    return "$status"
}

minutes() { awk "BEGIN { m = ($1) / 60; print (m > 0.02 ? m : 0.02) }"; } # never 0, which is no limit

# What training.plan proposes for each preset, decided once: a run keeps its schedule when it goes on.
plan() { # SECONDS PRESETS OPTIONS
    local said=$runs/plan.txt preset number=0
    local -a presets
    read -ra presets <<< "$2"
    [ -s "$runs/plan-${presets[-1]}.txt" ] && return
    eval "go $python -m training.plan --data \"\$data\" --minutes $(minutes "$1") --preset $2 $3" > "$said"
    cat "$said"
    for preset in "${presets[@]}"; do
        number=$((number + 1))
        grep -e '^python -m training' -e '^not one epoch' "$said" | sed -n "$number s|^python|$python|p" \
            > "$runs/plan-$preset.txt"
    done
}

collect() { # the metrics of all runs so far, in one file
    local run
    for run in "$runs"/*/; do
        [ ! -e "$run/metrics.jsonl" ] || sed "s/^{/{\"run\": \"$(basename "$run")\", /" "$run/metrics.jsonl"
    done > "$results/.part"
    mv "$results/.part" "$results/metrics.jsonl"
}

ensemble() {
    local began=$SECONDS
    plan "$ensemble_s" teacher "--from-now $teacher_options"
    [ -s "$runs/plan-teacher.txt" ] || return 1
    eval "go $(cat "$runs/plan-teacher.txt") --out \"\$runs\" --results \"\$results\" $teacher_options" \
        "${TEACHERS:+--teachers $TEACHERS}" --minutes "$(minutes $((ensemble_s - SECONDS + began)))"
}

distil() { # PRESET SECONDS
    local out=$runs/$1 how
    [ -s "$runs/plan-$1.txt" ] || return 1
    how="$(cat "$runs/plan-$1.txt") --out \"\$out\" $student_options"
    [ ! -e "$out/last.pt" ] || how="$python -m training.train --data \"\$data\" --resume \"\$out/last.pt\" --no-compile"
    eval "go $how --teacher \"\$targets\" --minutes $(minutes "$2")" || return 1
    $python -m training.weights "$out/best.pt" "$results/$1.safetensors" & # beside the next one's training
    writers+=($!)
}

date -u +%FT%TZ
if [ "${data%.npz}" = "$data" ]; then # checked and decoded once
    [ -e "$runs/fer2013.npz" ] || $python -m training.data "$data" --out "$runs" || exit 2
    data=$runs/fer2013.npz
fi
ensemble
status=$?
collect
[ "$status" = 0 ] && [ -e "$targets" ] || { echo "no soft targets yet; the same command goes on"; exit 1; }
[ -z "$stopped${ENSEMBLE_ONLY:-}" ] || exit 0

began=$SECONDS failed=0 writers=() students=${PRESETS:-emotion-net emotion-lite emotion-cnn}
read -ra presets <<< "$students"
# A sixth of the time is for planning and for each command's start.
plan $((distil_s * 5 / 6 / ${#presets[@]})) "$students" "--teacher \"\$targets\" $student_options"
for i in "${!presets[@]}"; do
    left=$((distil_s - SECONDS + began))
    [ -z "$stopped" ] && [ "$left" -gt 0 ] || break
    distil "${presets[i]}" $((left / (${#presets[@]} - i))) || failed=1
    collect
done
[ ${#writers[@]} = 0 ] || wait "${writers[@]}"
ls -l "$results"
exit "$failed"
