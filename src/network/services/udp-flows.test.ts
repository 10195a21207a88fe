import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

const run = (script: string, ...args: string[]) =>
  spawnSync('unshare', ['-n', 'sh', '-c', script, ...args], { encoding: 'utf8', timeout: 60_000 })
const skip =
  process.getuid?.() !== 0 ? 'needs root' : run('nft list ruleset && conntrack -L').status === 0 ? false : 'nft or conntrack is missing'

/** A client with a fixed port sends to a Service whose pod is replaced. Prints who answers, before and after the stale flows are ended. */
const client = `
import { spawnSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
const { rangeOf } = await import(process.argv[1] + '/../../api/addresses/ipv4-range.ts')
const { renderRuleset } = await import(process.argv[1] + '/ruleset.ts')
const { udpTargets } = await import(process.argv[1] + '/stale-flows.ts')
const { endStaleFlows } = await import(process.argv[1] + '/udp-flows.ts')
const signal = AbortSignal.timeout(30_000)
for (const ip of ['192.0.2.2', '192.0.2.3']) {
  const pod = createSocket('udp4')
  pod.on('message', (_, { port, address }) => pod.send(ip, port, address))
  pod.bind(5353, ip)
  await once(pod, 'listening', { signal })
}
const rulesFor = ip => {
  const target = { ip, port: 5353 }
  const port = { id: 'a/b:53', protocol: 'udp', addresses: ['10.96.0.5'], externalAddresses: [], port: 53, nodePort: 30053,
    targets: [target], externalTargets: [target], ownTargets: [], isServed: true, clientAffinity: false }
  return { table: 't', clusterPods: '192.0.2.0/24', localPods: '192.0.2.0/24', services: [rangeOf('10.96.0.0/16')],
    dns: undefined, ports: [port], hostPorts: [] }
}
const load = rules => {
  const { status, stderr } = spawnSync('nft', ['-f', '-'], { input: renderRuleset(rules), encoding: 'utf8' })
  if (status !== 0) throw new Error(stderr)
}
const asker = createSocket('udp4')
asker.bind(40000, '192.0.2.1')
await once(asker, 'listening', { signal })
const ask = async (port, ip) => {
  asker.send('who', port, ip)
  return String((await once(asker, 'message', { signal }))[0])
}
const both = async () => [await ask(53, '10.96.0.5'), await ask(30053, '192.0.2.1')]
load(rulesFor('192.0.2.2'))
const answers = [...await both()]
load(rulesFor('192.0.2.3'))
answers.push(...await both())
const ended = await endStaleFlows(udpTargets(rulesFor('192.0.2.3')))
answers.push(...await both(), await endStaleFlows(udpTargets(rulesFor('192.0.2.3'))))
console.log(JSON.stringify([ended, ...answers]))
process.exit()
`

test('endStaleFlows() moves a client that keeps its port to the current pod', { skip }, () => {
  const machine =
    'ip link set lo up && ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set eth1 up && ip addr add 192.0.2.1/24 dev eth0 && ' +
    'ip addr add 192.0.2.2/24 dev eth0 && ip addr add 192.0.2.3/24 dev eth0 && ip route add 10.96.0.0/16 dev lo src 192.0.2.1 && ' +
    'exec "$0" --input-type=module -e "$1" "$2"'
  const { stdout, stderr } = run(machine, process.execPath, client, import.meta.dirname)
  const [old, now] = ['192.0.2.2', '192.0.2.3']
  // Without it, the kernel keeps sending to the old pod, whatever the rules say.
  assert.equal(stdout, `${JSON.stringify([2, old, old, old, old, now, now, 0])}\n`, stderr)
})
