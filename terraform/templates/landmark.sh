#!/usr/bin/env bash
# landmark run COMMAND…  start a job in the training container as soon as all nodes are ready, and follow it
# landmark follow        follow the job again
# landmark stop          let it write a checkpoint and stop; it is not resumed
# landmark wait          wait until all nodes are ready
#
# For the node itself: `job` and `ended` are commands of landmark-job.service; `resume`, `serve` and `token` of the
# start-up script.
# shellcheck disable=SC2154 # image, nodes, hours and schedules are in /etc/landmark-node
set -euo pipefail
# shellcheck source=/dev/null
source /etc/landmark-node

readonly run=/run/landmark         # in memory, so a restarted node is not ready
readonly job=/var/lib/landmark-job # the command to resume; containers cannot reach it
readonly hopeless=3                # exit status when waiting longer is useless
readonly container=(
  docker run --gpus all --network host --ipc host --ulimit memlock=-1 --ulimit stack=67108864
  --cap-drop ALL --security-opt no-new-privileges
  --stop-timeout 25 --env LANDMARK_STOP_SECONDS=20 # of the 30 that a preempted machine has
  --volume /var/lib/landmark:/data --env KERAS_HOME=/data/keras
  --volume /run/landmark/ssh:/run/landmark/ssh:ro
)

# What is missing until all nodes are ready; nothing if they are.
missing() {
  if [[ ! -e $run/ready ]]; then
    echo "this node: $(cat "$run/step" 2>/dev/null || echo 'its start-up script')"
    return
  fi
  local node
  for node in $nodes; do
    if [[ $node != "${HOSTNAME%%.*}" ]] && ! timeout 5 bash -c "exec 3<>/dev/tcp/$node/2222" 2>/dev/null; then
      echo "$node: its ssh server"
      return
    fi
  done
}

wait_for_nodes() {
  local awaited reported='' deadline=$((SECONDS + ${LANDMARK_PATIENCE:-1800}))
  while awaited=$(missing) && [[ -n $awaited ]]; do
    if [[ -e $run/failed ]]; then
      echo "landmark: the start of this node failed at: $awaited; see journalctl -u google-startup-scripts" >&2
      exit "$hopeless"
    fi
    if ((SECONDS >= deadline)); then
      echo "landmark: still not ready: $awaited; see journalctl -u google-startup-scripts there" >&2
      exit "$hopeless"
    fi
    [[ $awaited == "$reported" ]] || echo "landmark: waiting for $awaited" >&2
    reported=$awaited
    sleep 5
  done
}

token() {
  curl --silent --fail --retry 5 --retry-all-errors --header 'Metadata-Flavor: Google' \
    http://metadata.google.internal/computeMetadata/v1/instance/service-accounts/default/token |
    python3 -c 'import json, sys; print(json.load(sys.stdin)["access_token"])'
}

# Each spot node has a schedule in the cloud that starts it when it is off. The first node, which has the job, turns
# them on as long as that is to be resumed.
schedule() { # pause | resume
  local node status
  [[ -n $schedules && ${nodes%% *} == "${HOSTNAME%%.*}" ]] || return 0
  for node in $nodes; do
    status=$(curl --silent --retry 5 --retry-all-errors --output /dev/null --write-out '%{http_code}' --data '' \
      --header @<(printf 'Authorization: Bearer %s' "$(token)") \
      "https://cloudscheduler.googleapis.com/v1/$schedules/$node:$1") || true
    # 400: it is in that state already.
    [[ $status == @(200|400) ]] || echo "landmark: cannot $1 the schedule that starts $node ($status)" >&2
  done
}

remember() {
  printf '%s\0' "$@" >"$job.partial"
  mv "$job.partial" "$job"
  schedule resume
}

forget() {
  rm --force "$job"
  schedule pause
}

follow() {
  until docker container inspect landmark-job >/dev/null 2>&1; do
    if [[ $(systemctl show --property ActiveState --value landmark-job) == @(failed|inactive) ]]; then
      echo "landmark: no job runs; see journalctl -u landmark-job" >&2
      exit 1
    fi
    sleep 1
  done
  docker logs --follow landmark-job
  exit "$(docker wait landmark-job)"
}

start_job() {
  if [[ $(systemctl show --property ActiveState --value landmark-job) != @(failed|inactive) ]]; then
    echo "landmark: a job runs or is about to: landmark follow, or landmark stop" >&2
    exit 1
  fi
  docker rm landmark-job >/dev/null 2>&1 || true
  remember "$@"
  systemctl reset-failed landmark-job 2>/dev/null || true
  systemctl start --no-block landmark-job
}

run_job() {
  local command
  mapfile -d '' -t command <"$job"
  docker rm --force landmark-job >/dev/null 2>&1 || true
  exec "${container[@]}" --name landmark-job "$image" "${command[@]}"
}

# A job that the end of the machine interrupted is resumed. So is one that failed on several nodes: one of them may
# be off. Status 2 is a mistake in the command. SERVICE_RESULT and EXIT_STATUS are systemd's.
ended() {
  [[ $(systemctl is-system-running) == stopping ]] ||
    [[ $nodes == *' '* && $SERVICE_RESULT != success && ${EXIT_STATUS:-} != 2 ]] || forget
}

# A command older than `hours` is not resumed, so that no training costs money forever.
resume() {
  if [[ -n $(find "$job" -mmin "-$((hours * 60))" 2>/dev/null) ]]; then
    schedule resume
    systemctl start --no-block landmark-job
  else
    forget
  fi
}

serve() {
  docker rm --force landmark-ssh >/dev/null 2>&1 || true
  "${container[@]}" --detach --name landmark-ssh --restart unless-stopped "$image" /usr/sbin/sshd -D -e >/dev/null
}

usage() {
  grep '^# landmark' "$0" >&2
  exit 2
}

case "${1:-}" in
  run)
    (($# > 1)) || usage
    wait_for_nodes
    start_job "${@:2}"
    follow
    ;;
  follow) follow ;;
  stop)
    forget
    systemctl stop landmark-job
    ;;
  wait) wait_for_nodes ;;
  job) run_job ;;
  ended) ended ;;
  resume) resume ;;
  serve) serve ;;
  token) token ;;
  *) usage ;;
esac
