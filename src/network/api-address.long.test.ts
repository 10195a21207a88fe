// The address for pods only, in a network namespace: a pod on its link, and a neighbour on another link.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import { apiAddressFor, apiAddressRules } from './api-address.ts'

const run = (script: string, input = '') => spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8', input, timeout: 60_000 })
const missing = () =>
  run('nft list ruleset').status === 0 ? run('busybox true').status !== 0 && 'busybox is not installed' : 'nft is not installed'
const skip = process.getuid?.() !== 0 ? 'needs root' : missing()

test('apiAddressFor() gives each node its own address outside the existing networks', () => {
  assert.equal(apiAddressFor('00000000', []), '10.254.0.1')
  assert.equal(apiAddressFor('ffffffff', []), '10.254.255.16')
  assert.notEqual(apiAddressFor('0123abcd', []), apiAddressFor('0123abce', []))
  assert.equal(apiAddressFor('00000000', ['10.0.0.0/8', 'fd00::/8']), '172.30.0.1')
  assert.equal(apiAddressFor('00000000', ['10.0.0.0/8', '172.16.0.0/12', '192.168.1.0/24']), '192.168.0.1')
  assert.throws(() => apiAddressFor('00000000', ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16']), /UserError: .* --bind-address/)
})

/**
 * Prints which clients reach the address, before and after the rules on stdin. `vethpod` is a pod's link, `lan` leads to a neighbour that
 * has a route.
 */
const neighbours = `
set -e
ip link set lo up
ip address add 10.254.0.1/32 dev lo
peers=''
trap 'kill $peers $server' EXIT
attach() { # link, address of the node on it, address of the peer
  ip link add "$1" type veth peer name eth0
  unshare -n tail -f /dev/null & peer=$!
  peers="$peers $peer"
  until [ "$(readlink /proc/$peer/ns/net)" != "$(readlink /proc/self/ns/net)" ]; do :; done
  ip link set eth0 netns $peer
  ip link set "$1" up && ip address add "$2/32" dev "$1" && ip route add "$3" dev "$1"
  nsenter -t $peer -n sh -e -c "ip link set lo up; ip link set eth0 up; ip address add $3/32 dev eth0; ip route add $2 dev eth0; ip route add default via $2"
}
attach vethpod 10.244.0.1 10.244.0.5; pod=$peer
attach lan 192.0.2.1 192.0.2.9; neighbour=$peer
busybox nc -ll -p 6443 -e cat & server=$!
until busybox nc -w 1 10.254.0.1 6443 </dev/null; do :; done
reaches() { nsenter -t $2 -n busybox nc -w 3 $3 6443 </dev/null && echo "$1" || true; }
attempt() {
  reaches "$1: the pod" $pod 10.254.0.1 & probes=$!
  reaches "$1: the neighbour" $neighbour 10.254.0.1 & probes="$probes $!"
  reaches "$1: the neighbour by a Service" $neighbour 10.96.0.1 & probes="$probes $!"
  reaches "$1: the neighbour by the node" $neighbour 192.0.2.1 & probes="$probes $!"
  reaches "$1: the node" $$ 10.254.0.1 & probes="$probes $!"
  wait $probes
}
echo 1 >/proc/sys/net/ipv4/ip_forward
nft 'table ip services { chain pre { type nat hook prerouting priority dstnat; ip daddr 10.96.0.1 dnat to 10.254.0.1; }; }'
attempt before
nft -f -
attempt after
nsenter -t $neighbour -n sh -e -c 'ip address add 10.244.0.7/32 dev eth0; ip route replace default via 192.0.2.1 src 10.244.0.7'
ip route add 10.244.0.7 dev lan
attempt 'with an address of pods'
`

test('pods and the node reach the address, a neighbour that routes to it does not', { skip }, () => {
  const { stdout, stderr } = run(neighbours, apiAddressRules({ address: '10.254.0.1', id: 'test', localPods: '10.244.0.0/24' }))
  const open = ['the pod', 'the neighbour', 'the neighbour by a Service', 'the neighbour by the node', 'the node']
  const closed = ['the pod', 'the neighbour by the node', 'the node']
  assert.deepEqual(
    stdout.trim().split('\n').toSorted(),
    [
      ...open.map(who => `before: ${who}`),
      ...closed.map(who => `after: ${who}`),
      ...closed.map(who => `with an address of pods: ${who}`),
    ].toSorted(),
    stderr,
  )
})

/** Runs it twice, as after kill -9 of the first process, and prints what exists during and after. */
const openTwice = `
const { openApiAddress } = await import(${JSON.stringify(new URL('api-address.ts', import.meta.url).href)})
const { execFileSync } = await import('node:child_process')
const state = () => console.log(JSON.stringify(
  [execFileSync('ip', ['-brief', '-4', 'address', 'show', 'dev', 'lo']), execFileSync('nft', ['list', 'tables'])].map(text => String(text).trim().split(/\\s+/).slice(2).join(' '))))
const options = { address: '10.254.0.1', id: '0123abcd', localPods: '10.244.0.0/24' }
await openApiAddress(options)
const again = await openApiAddress(options)
state()
await again[Symbol.asyncDispose]()
state()
await again[Symbol.asyncDispose]()
`

test('openApiAddress() can be called again and removes what it made', { skip }, () => {
  const { stdout, stderr } = run(`ip link set lo up; "${process.execPath}" --input-type=module -`, openTwice)
  assert.deepEqual(
    stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line)),
    [
      ['127.0.0.1/8 10.254.0.1/32', 'bulkhead_0123abcd_api'],
      ['127.0.0.1/8', ''],
    ],
    stderr,
  )
})
