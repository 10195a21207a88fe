import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'
import type { NetworkPolicy, NetworkPolicySpec } from '../../api/types/networking-v1.ts'
import { compilePolicy } from './compile-policy.ts'
import { evaluateFlow, type Flow, type FlowVerdict, type Party } from './evaluate.ts'
import type { NamedPort, PeerPod } from './policy-pods.ts'
import { type Held, PolicyTable } from './policy-table.ts'
import { type PolicyNetwork, renderChange, renderTable } from './render-policy.ts'

const node = 'n1'
const dns = '10.96.0.10'
const network: PolicyNetwork = { table: 'bulkhead_test_policy', localPods: '10.244.0.0/24', dns: { address: dns, port: 10053 } }
const protocols = ['TCP', 'UDP', 'SCTP'] as const

/** Pseudo-random and reproducible (xorshift). */
function randomOf(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 + 1
  return below => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}
type Random = ReturnType<typeof randomOf>
const pick = <T>(random: Random, list: readonly T[]): T => list[random(list.length)] as T
const some = <T>(random: Random, most: number, make: () => T): T[] => Array.from({ length: random(most + 1) }, make)

const namespaceNames = ['red', 'blue', 'kube-system']
const keys = ['app', 'tier']
const values = ['a', 'b']
const labelsOf = (random: Random) => Object.fromEntries(keys.filter(() => random(2) === 0).map(key => [key, pick(random, values)]))
const selectorOf = (random: Random) =>
  random(4) === 0
    ? { matchExpressions: [{ key: pick(random, keys), operator: pick(random, ['In', 'NotIn']), values: [pick(random, values)] }] }
    : { ...(random(3) === 0 ? {} : { matchLabels: labelsOf(random) }) }
const blocks = ['10.244.0.0/28', '10.244.0.4/30', '10.244.1.0/24', '0.0.0.0/0', '192.0.2.0/24', '10.96.0.10/32', '2001:db8::/32']
const excepts = ['10.244.0.4/32', '10.244.0.0/29', '192.0.2.9/32']

function peerOf(random: Random) {
  switch (random(4)) {
    case 0:
      return { podSelector: selectorOf(random) }
    case 1:
      return { namespaceSelector: selectorOf(random) }
    case 2:
      return { podSelector: selectorOf(random), namespaceSelector: selectorOf(random) }
    default:
      return { ipBlock: { cidr: pick(random, blocks), except: some(random, 2, () => pick(random, excepts)) } }
  }
}
const portOf = (random: Random) => ({
  protocol: pick(random, protocols),
  ...[{}, { port: 80 }, { port: 50, endPort: 85 }, { port: 'web' }, { port: 'dns' }, { port: 53 }][random(6)],
})
const ruleOf = (random: Random, peers: 'from' | 'to') => ({
  ...(random(4) === 0 ? {} : { [peers]: some(random, 3, () => peerOf(random)) }),
  ...(random(3) === 0 ? {} : { ports: some(random, 3, () => portOf(random)) }),
})

let version = 0
function policyOf(random: Random, name: string): NetworkPolicy {
  const spec: NetworkPolicySpec = {
    podSelector: selectorOf(random),
    policyTypes: pick(random, [['Ingress'], ['Egress'], ['Ingress', 'Egress']]),
    ingress: some(random, 2, () => ruleOf(random, 'from')),
    egress: some(random, 2, () => ruleOf(random, 'to')),
  }
  return { metadata: { name, namespace: pick(random, namespaceNames), resourceVersion: String(++version) }, spec }
}

const portLists: readonly (readonly NamedPort[])[] = [
  [],
  [{ name: 'web', protocol: 'tcp', port: 80 }],
  [{ name: 'web', protocol: 'udp', port: 53 }],
  [
    { name: 'web', protocol: 'tcp', port: 8080 },
    { name: 'web', protocol: 'sctp', port: 80 },
  ],
]

/** A changing cluster: each change goes to the table and to the evaluator. */
class World {
  readonly table = new PolicyTable({ nodeName: node, dnsAddress: dns })
  readonly policies = new Map<string, NetworkPolicy>()
  readonly namespaces = new Map<string, Record<string, string>>()
  readonly pods = new Map<string, PeerPod>()
  readonly random: Random

  constructor(random: Random) {
    this.random = random
    for (const name of namespaceNames) this.setNamespace(name)
  }

  setNamespace(name: string): void {
    const labels = { 'kubernetes.io/metadata.name': name, ...labelsOf(this.random) }
    this.namespaces.set(name, labels)
    this.table.setNamespace(name, labels)
  }

  /** Address N has at most one pod. 0 to 7 are on this node, the others on another. */
  setPod(index: number): void {
    const { random, table } = this
    const here = index < 8
    const address = here ? `10.244.0.${index + 2}` : `10.244.1.${index}`
    const before = this.pods.get(address)
    if (before !== undefined && random(2) === 0) {
      table.deletePeer(before.uid)
      if (here) table.close(before.uid)
      this.pods.delete(address)
      return
    }
    version++
    const pod: PeerPod = {
      uid: before?.uid ?? `pod-${version}`,
      namespace: before?.namespace ?? pick(random, namespaceNames),
      name: 'p',
      labels: labelsOf(random),
      ports: pick(random, portLists),
      version,
      node: here ? node : 'n2',
      addresses: [address],
    }
    this.pods.set(address, pod)
    // The API and the node report the same pod in either order.
    const choice = random(2)
    if (here && choice === 0) table.open({ ...pod, address, link: `veth${index}` })
    table.setPeer(pod)
    if (here && choice === 1) table.open({ ...pod, address, link: `veth${index}` })
  }

  setPolicy(): void {
    const { random, table, policies } = this
    const policy = policyOf(random, `p${random(4)}`)
    const { namespace = '', name = '' } = policy.metadata
    const key = `${namespace}/${name}`
    if (policies.has(key) && random(2) === 0) {
      policies.delete(key)
      table.deletePolicy(namespace, name)
      return
    }
    policies.set(key, policy)
    table.setPolicy(compilePolicy(policy))
  }

  step(): void {
    const what = this.random(10)
    if (what < 6) this.setPod(this.random(12))
    else if (what < 9) this.setPolicy()
    else this.setNamespace(pick(this.random, namespaceNames))
  }

  party(address: string): Party {
    const pod = this.pods.get(address)
    return {
      address,
      ...(pod === undefined ? {} : { pod: { ...pod, ports: pod.ports.map(port => ({ ...port, protocol: port.protocol.toUpperCase() })) } }),
    }
  }

  evaluate(flow: Flow): FlowVerdict {
    return evaluateFlow(flow, { policies: [...this.policies.values()], namespaceLabels: name => this.namespaces.get(name) })
  }
}

/** Walks the chains as the kernel would, with both ends as hooks of forwarded packets see them. */
function walk(held: Held, from: string, to: string, protocol: string, port: number): boolean {
  if (held.fixed.itself.has(`${from} . ${to}`)) return true
  const decide = (name: string): boolean | undefined => {
    const chain = held.chains.get(name)
    assert.ok(chain, `no chain ${name}`)
    for (const { peers, ports, verdict } of chain.steps) {
      const other = chain.direction === 'ingress' ? from : to
      if (peers !== undefined && !contains(held, peers, other)) continue
      if (ports !== undefined) {
        if (ports.protocol !== protocol) continue
        if ('name' in ports) {
          const found = [...held.sets].find(
            ([, { set }]) => set.kind === 'port' && set.port.name === ports.name && set.port.protocol === protocol,
          )
          assert.ok(found, `no set for port ${ports.name}`)
          if (!found[1].elements.has(`${to} . ${port}`)) continue
        } else if (port < ports.first || port > ports.last) continue
      }
      if (verdict === 'accept') return true
      if ('refuse' in verdict) return false
      const decided = decide(verdict.jump)
      if (decided !== undefined) return decided
    }
    return undefined
  }
  const way = (map: ReadonlyMap<string, string>, address: string): boolean => {
    const verdict = map.get(address)
    return verdict === undefined || verdict === 'accept' || decide(verdict.replace('goto ', '')) === true
  }
  return way(held.fixed.egress, from) && way(held.fixed.ingress, to)
}

function contains(held: Held, name: string, address: string): boolean {
  const found = held.sets.get(name)
  assert.ok(found, `no set ${name}`)
  if (found.set.kind !== 'ranges') return found.elements.has(address)
  const number = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
  return [...found.elements].some(element => {
    const [first = '', last = first] = element.split('-')
    return number(first) <= number(address) && number(address) <= number(last)
  })
}

const outside = ['192.0.2.9', '192.0.2.10', '203.0.113.1']
const ports = [53, 80, 84, 8080]

test('PolicyTable agrees with the evaluator on every connection, through thousands of random policies and changes', () => {
  let compared = 0
  let refused = 0
  for (let seed = 1; seed <= 200; seed++) {
    const random = randomOf(seed)
    const world = new World(random)
    for (let round = 0; round < 6; round++) {
      for (let step = 0; step < 6; step++) world.step()
      world.table.change()
      const addresses = [...world.pods.keys(), ...outside]
      for (const from of addresses) {
        for (const to of addresses) {
          if (outside.includes(from) && outside.includes(to)) continue
          const [protocol, port] = [pick(random, protocols), pick(random, ports)]
          const verdict = world.evaluate({ from: world.party(from), to: world.party(to), protocol, port })
          // Pods of the other node are evaluated on that node.
          const evaluating = verdict.allowed || verdict.direction === 'egress' ? from : to
          if (!verdict.allowed && world.pods.get(evaluating)?.node !== node) continue
          const got = walk(world.table.held, from, to, protocol.toLowerCase(), port)
          assert.equal(
            got,
            verdict.allowed,
            `seed ${seed}: ${from} -> ${to} ${protocol} ${port} ${JSON.stringify([...world.policies.values()])}`,
          )
          compared++
          if (!verdict.allowed) refused++
        }
        const pod = world.pods.get(from)
        if (pod?.node !== node) continue
        for (const protocol of ['TCP', 'UDP']) {
          const verdict = world.evaluate({ from: world.party(from), to: dnsParty, protocol, port: 53 })
          // The answering end is no real pod, so policies of kube-system do not isolate it.
          const may = verdict.allowed || verdict.direction === 'ingress'
          assert.equal(world.table.held.fixed.may_ask_dns.has(`${from} . ${protocol.toLowerCase()}`), may, `seed ${seed}: ${from}`)
        }
      }
    }
  }
  assert.ok(compared > 50_000 && refused > 10_000, `${compared} compared, ${refused} refused`)
})

const dnsParty: Party = {
  address: dns,
  pod: {
    namespace: 'kube-system',
    name: 'dns',
    labels: { 'k8s-app': 'kube-dns' },
    ports: [
      { name: 'dns', protocol: 'UDP', port: 53 },
      { name: 'dns-tcp', protocol: 'TCP', port: 53 },
    ],
  },
}

test('PolicyTable: an address that the API still assigns to an older pod gives its successor no rights', () => {
  const table = new PolicyTable({ nodeName: node, dnsAddress: dns })
  table.setNamespace('red', {})
  const spec = { podSelector: {}, policyTypes: ['Ingress'], ingress: [{ from: [{ podSelector: { matchLabels: { app: 'a' } } }] }] }
  table.setPolicy(compilePolicy({ metadata: { name: 'p', namespace: 'red', resourceVersion: '1' }, spec }))
  const pod = { namespace: 'red', name: 'p', ports: [], version: 2 }
  table.open({ ...pod, uid: 'server', labels: {}, address: '10.244.0.2', link: 'veth1' })
  table.setPeer({ ...pod, uid: 'old', labels: { app: 'a' }, node: 'n2', addresses: ['10.244.1.9'] })
  table.change()
  assert.equal(walk(table.held, '10.244.1.9', '10.244.0.2', 'tcp', 80), true)
  table.setPeer({ ...pod, uid: 'new', labels: {}, node: 'n2', addresses: ['10.244.1.9'] })
  table.change()
  assert.equal(walk(table.held, '10.244.1.9', '10.244.0.2', 'tcp', 80), false)
  table.deletePeer('new')
  table.change()
  assert.equal(walk(table.held, '10.244.1.9', '10.244.0.2', 'tcp', 80), true)
})

test('PolicyTable: a new pod adds elements but no chain, and an unchanged pod adds nothing', () => {
  const table = new PolicyTable({ nodeName: node, dnsAddress: dns })
  const spec = { podSelector: {}, policyTypes: ['Ingress', 'Egress'], egress: [{ to: [{ podSelector: { matchLabels: { app: 'a' } } }] }] }
  table.setPolicy(compilePolicy({ metadata: { name: 'p', namespace: 'red', resourceVersion: '1' }, spec }))
  const pod = { namespace: 'red', name: 'p', labels: { app: 'a' }, ports: [], version: 2 }
  table.open({ ...pod, uid: 'one', address: '10.244.0.2', link: 'veth1' })
  table.change()
  table.open({ ...pod, uid: 'two', address: '10.244.0.3', link: 'veth2' })
  const change = table.change()
  assert.deepEqual([change?.newChains, change?.newSets, change?.removed, change?.oldChains], [[], [], [], []])
  assert.deepEqual(change?.added.find(({ set }) => set.startsWith('pods_'))?.elements, ['10.244.0.3'])
  assert.equal(table.setPeer({ ...pod, uid: 'two', version: 3, node, addresses: [] }), false)
  assert.equal(table.change(), undefined)
})

const nft = (script: string) => spawnSync('unshare', ['-n', 'sh', '-c', script], { encoding: 'utf8', maxBuffer: 1 << 26 })
const noNft = process.getuid?.() !== 0 ? 'needs root' : nft('nft list ruleset').status === 0 ? false : 'nft is not installed'

test('incremental changes and the whole table give the kernel the same rules', { skip: noNft }, () => {
  const random = randomOf(7)
  const world = new World(random)
  const scripts = [renderTable(network, world.table.change())]
  for (let round = 0; round < 40; round++) {
    for (let step = 0; step < 3; step++) world.step()
    const change = world.table.change()
    if (change !== undefined) scripts.push(renderChange(network, change))
  }
  const load = (texts: readonly string[]) => {
    const result = nft(`${texts.map(text => `nft -f - <<'EOF' || exit 1\n${text}\nEOF\n`).join('')}nft -s list ruleset`)
    assert.equal(result.status, 0, result.stderr.slice(0, 2000))
    // nft lists elements and chains in creation or hash order.
    return result.stdout
      .replaceAll(/elements = \{([^}]*)\}/g, (_, list: string) =>
        list
          .split(',')
          .map(element => element.trim())
          .sort()
          .join(', '),
      )
      .split(/\n(?=\t(?:chain|set|map|counter) )/)
      .map(part => part.trim().replace(/\n\}$/, '').trim())
      .sort()
  }
  const stepwise = load(scripts)
  world.table.forgetHeld()
  assert.deepEqual(stepwise, load([renderTable(network, world.table.change())]))
  assert.ok(scripts.length > 20)
})
