// IPv6 between a pod and its node, in a network namespace: policies cover only IPv4.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { PolicyTable } from './policy-table.ts'
import { renderTable } from './render-policy.ts'

const run = (script: string, input = '') => spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8', input, timeout: 20_000 })
const missing = () =>
  run('nft list ruleset').status === 0 ? run('busybox true').status !== 0 && 'busybox is not installed' : 'nft is not installed'
const skip = process.getuid?.() !== 0 ? 'needs root' : missing()

/** Prints at which end of the link IPv6 packets arrive, before and after the rules on stdin. */
const script = `
set -e
ip link add link0 type veth peer name eth0
unshare -n tail -f /dev/null & pod=$!
trap 'kill $pod' EXIT
until [ "$(readlink /proc/$pod/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
ip link set eth0 netns $pod
in_pod() { nsenter -t $pod -n "$@"; }
ip link set link0 up && ip -6 address add fe80::1/64 dev link0 nodad
in_pod ip link set eth0 up && in_pod ip -6 address add fe80::2/64 dev eth0 nodad
count() {
  $1 nft "table inet count; delete table inet count; table inet count { chain seen { type filter hook prerouting priority 0; meta nfproto ipv6 iifname { link0, eth0 } counter; }; }"
}
seen() { $1 nft list chain inet count seen | grep -q 'packets [1-9]' && echo "$2" || true; }
attempt() {
  count && count in_pod
  in_pod busybox ping -6 -c 1 -W 1 fe80::1%eth0 >&2 || true
  busybox ping -6 -c 1 -W 1 fe80::2%link0 >&2 || true
  seen '' "$1 the node hears the pod" && seen in_pod "$1 the pod hears the node"
}
attempt before
nft -f -
attempt after
`

test("a pod's link carries no IPv6, so that a pod cannot act as a router to others (CVE-2020-10749)", { skip }, () => {
  const table = new PolicyTable({ nodeName: 'n1', dnsAddress: '10.96.0.10' })
  table.open({ uid: 'u', namespace: 'red', name: 'p', labels: {}, ports: [], version: 1, address: '10.244.0.2', link: 'link0' })
  const network = { table: 'bulkhead_test_ipv6', localPods: '10.244.0.0/24', dns: { address: '10.96.0.10', port: 10053 } }
  const { stdout, stderr } = run(script, renderTable(network, table.change()))
  assert.equal(stdout, 'before the node hears the pod\nbefore the pod hears the node\n', stderr)
})
