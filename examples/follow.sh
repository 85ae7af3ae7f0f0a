#!/bin/sh
# Follows a batch with curl: KEY=... follow.sh SERVICE BATCH_ID prints the data of each event once, over any number of cuts.
set -eu

last=0 wait=1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkfifo "$folder/stream"
while :; do
  # A line on which 45 seconds bring nothing is dead: the service sends a comment every 15.
  curl --silent --no-buffer --speed-limit 1 --speed-time 45 --write-out '\nstatus: %{http_code}\n' \
    --header "Authorization: Bearer $KEY" --header "Accept: text/event-stream" --header "Last-Event-ID: $last" \
    "$1/api/batches/$2/events" >"$folder/stream" &
  event='' data='' id=$last status=''
  while IFS= read -r line; do
    case $line in
      "event: "*) event=${line#event: } ;;
      "data: "*) data=${line#data: } ;;
      "id: "*) id=${line#id: } ;;
      "retry: "*) wait=$(((${line#retry: } + 999) / 1000)) ;;
      "status: "*) status=${line#status: } ;;
      "") # only now is the event whole
        case $event in
          "" | bye | snapshot) ;;
          reset) id=0 ;;
          *) printf '%s\n' "$data" ;;
        esac
        last=$id
        case $event in
          batch.completed | batch.partial | batch.failed | batch.cancelled) exit 0 ;;
        esac
        event=''
        ;;
    esac
  done <"$folder/stream"
  case $status in
    204) exit 0 ;;
    429) ;;
    4*) echo "refused: $status" >&2 && exit 1 ;;
  esac
  sleep "$wait"
done
