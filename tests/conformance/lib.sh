# Shared by the conformance runs: builds, starts, waits, and ends only what it started.
# shellcheck shell=bash

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
started=()

end_started() {
    local id
    for id in "${started[@]}"; do
        kill "$id" 2>/dev/null || true
    done
    for id in "${started[@]}"; do
        wait "$id" 2>/dev/null || true
    done
}
trap end_started EXIT

# start LOG COMMAND...: runs COMMAND in the background until the script ends.
start() {
    local log=$1
    shift
    "$@" >"$log" 2>&1 &
    started+=($!)
}

# A loopback port that is free now.
free_port() {
    python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# await_port PORT LOG: waits until something listens, or shows LOG and fails.
await_port() {
    local attempt
    for attempt in $(seq 600); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
            return 0
        fi
        sleep 0.1
    done
    echo "nothing listens on port $1 after $attempt attempts" >&2
    cat "$2" >&2
    return 1
}

# Sets PORTCULLIS to the program under test, built from the tree unless it names one already.
portcullis() {
    if [ -z "${PORTCULLIS:-}" ]; then
        cargo build --locked --manifest-path "$root/Cargo.toml" --bin portcullis >&2
        PORTCULLIS=$root/target/debug/portcullis
    fi
}

# serve_through FOLDER BACKEND_PORT [OPTION...]: starts portcullis with one Ingress for every host and
# path in front of the backend; sets http_port and https_port.
serve_through() {
    local folder=$1 backend=$2 log=$1/portcullis.log
    shift 2
    portcullis
    http_port=$(free_port)
    https_port=$(free_port)
    mkdir -p "$folder/manifests"
    cat >"$folder/manifests/all.yaml" <<EOF
apiVersion: v1
kind: Service
metadata: {name: backend, namespace: default}
spec:
  ports: [{name: http, port: 80, targetPort: $backend}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: backend-one
  namespace: default
  labels: {kubernetes.io/service-name: backend}
addressType: IPv4
ports: [{name: http, port: $backend, protocol: TCP}]
endpoints:
  - addresses: ["127.0.0.1"]
    conditions: {ready: true}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: all
  namespace: default
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: "false"
    nginx.ingress.kubernetes.io/proxy-body-size: "0"
spec:
  rules:
    - http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: backend, port: {number: 80}}}
EOF
    start "$log" "$PORTCULLIS" run -f "$folder/manifests" --workers 1 --log-level warn \
        --http "127.0.0.1:$http_port" --https "127.0.0.1:$https_port" \
        --status "127.0.0.1:$(free_port)" --admin "127.0.0.1:$(free_port)" \
        --access-log off --shutdown-grace 1s "$@"
    await_port "$http_port" "$log"
    await_port "$https_port" "$log"
}
