// The oracle of proof N1 against the product: its evaluator, and the chains that it plans for the kernel, on a thousand random sets of policies.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NetworkPolicy, NetworkPolicySpec } from '../../api/types/networking-v1.ts'
import { randomOf } from '../../base/data/random.ts'
import { compilePolicy, selectsPeer } from '../../network/policy/compile-policy.ts'
import { evaluateFlow } from '../../network/policy/evaluate.ts'
import { evaluatedBy, type Structure } from '../../network/policy/policy-chains.ts'
import { type Connection, type Endpoint, type PolicyWorld, refusedBy } from './network-policy.ts'

const sets = 1000
const flows = 20
const protocols = ['TCP', 'UDP', 'SCTP', 'ICMP'] as const
const namespaceNames = ['red', 'blue', 'green']

function generator(seed: number) {
  const random = randomOf(seed)
  const below = (count: number): number => Math.floor(random() * count)
  const pick = <T>(list: readonly T[]): T => list[below(list.length)] as T
  const some = <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make)
  const labels = (): Record<string, string> =>
    Object.fromEntries(['app', 'tier'].filter(() => below(2) === 0).map(key => [key, pick(['a', 'b'])]))
  const selector = () =>
    below(3) === 0
      ? {
          matchExpressions: [
            {
              key: pick(['app', 'tier']),
              ...pick([
                { operator: 'In', values: ['a'] },
                { operator: 'NotIn', values: ['a'] },
                { operator: 'Exists' },
                { operator: 'DoesNotExist' },
              ]),
            },
          ],
        }
      : pick([{}, { matchLabels: labels() }])
  const peer = () =>
    pick([
      () => ({ podSelector: selector() }),
      () => ({ namespaceSelector: selector() }),
      () => ({ podSelector: selector(), namespaceSelector: selector() }),
      () => ({
        ipBlock: {
          cidr: pick(['10.244.0.0/28', '10.244.0.4/30', '0.0.0.0/0', '192.0.2.0/24', '2001:db8::/32']),
          except: some(2, () => pick(['10.244.0.4/32', '10.244.0.0/29', '192.0.2.9/32'])),
        },
      }),
    ])()
  const port = () => ({ protocol: pick(['TCP', 'UDP', 'SCTP']), ...pick([{}, { port: 80 }, { port: 50, endPort: 85 }, { port: 'web' }]) })
  const rule = (peers: 'from' | 'to') => ({
    ...(below(4) === 0 ? {} : { [peers]: some(3, peer) }),
    ...(below(3) === 0 ? {} : { ports: some(3, port) }),
  })
  const policy = (index: number): NetworkPolicy => ({
    metadata: { name: `p${index}`, namespace: pick(namespaceNames) },
    // The API server sets the types of every stored policy.
    spec: {
      podSelector: selector(),
      policyTypes: pick([['Ingress'], ['Egress'], ['Ingress', 'Egress']]),
      ingress: some(2, () => rule('from')),
      egress: some(2, () => rule('to')),
    } as NetworkPolicySpec,
  })
  const pods: Endpoint[] = Array.from({ length: 8 }, (_, index) => ({
    address: `10.244.0.${index + 1}`,
    pod: {
      namespace: pick(namespaceNames),
      name: `pod-${index}`,
      labels: labels(),
      ports: below(2) === 0 ? [] : [{ name: 'web', protocol: 'TCP', port: 80 }],
    },
  }))
  const world: PolicyWorld = {
    policies: Array.from({ length: below(6) }, (_, index) => policy(index)),
    namespaces: new Map(namespaceNames.map(name => [name, labels()])),
  }
  const outside: Endpoint[] = [{ address: '192.0.2.9' }, { address: '192.0.2.10' }]
  const connection = (): Connection => {
    const protocol = pick(protocols)
    return {
      from: pick([...pods, ...outside]),
      to: pick([...pods, ...outside]),
      protocol,
      port: protocol === 'ICMP' ? 0 : pick([53, 80, 85, 86]),
    }
  }
  return { world, pods, connection }
}

/** Follows the planned chains as the kernel does. */
function planned(connection: Connection, { policies, namespaces }: PolicyWorld): boolean {
  const { from, to } = connection
  if (from.pod !== undefined && from.address === to.address) return true
  const passes = (direction: 'ingress' | 'egress', own: Endpoint, other: Endpoint): boolean => {
    const { pod } = own
    if (pod === undefined) return true
    const structure: Structure = { chains: new Map(), sets: new Map() }
    const mine = policies
      .map(policy => compilePolicy(policy))
      .filter(({ namespace, pods }) => selectsPeer({ id: '', namespace, pods }, pod, name => namespaces.get(name)))
    const first = evaluatedBy(mine, direction, structure)
    const inSet = (name: string): boolean => {
      const set = structure.sets.get(name)
      if (set?.kind === 'selector') return other.pod !== undefined && selectsPeer(set.selector, other.pod, each => namespaces.get(each))
      return set?.kind === 'ranges' && set.elements.some(element => inRange(other.address, element))
    }
    const decide = (chain: string): boolean | undefined => {
      for (const { peers, ports, verdict } of structure.chains.get(chain)?.steps ?? []) {
        if (peers !== undefined && !inSet(peers)) continue
        if (ports !== undefined) {
          if (ports.protocol !== connection.protocol.toLowerCase()) continue
          const fits =
            'name' in ports
              ? to.pod?.ports.some(
                  ({ name, protocol, port }) =>
                    name === ports.name && protocol.toLowerCase() === ports.protocol && port === connection.port,
                )
              : connection.port >= ports.first && connection.port <= ports.last
          if (fits !== true) continue
        }
        if (verdict === 'accept') return true
        if ('refuse' in verdict) return false
        const decided = decide(verdict.jump)
        if (decided !== undefined) return decided
      }
      return undefined
    }
    return first === undefined || decide(first) === true
  }
  return passes('egress', from, to) && passes('ingress', to, from)
}

/** An address, a block or `first-last`, as nftables writes them. */
function inRange(address: string, element: string): boolean {
  const numberOf = (text: string): number => text.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0)
  const [first = '', last = first] = element.split('-')
  const [network = '', bits] = first.split('/')
  const size = bits === undefined ? 1 : 2 ** (32 - Number(bits))
  const from = numberOf(network)
  const to = bits === undefined ? numberOf(last) : from + size - 1
  return numberOf(address) >= from && numberOf(address) <= to
}

test('refusedBy() agrees with the evaluator and with the planned chains on a thousand sets of policies', () => {
  let allowed = 0
  let refused = 0
  for (let seed = 1; seed <= sets; seed++) {
    const { world, connection } = generator(seed)
    for (let flow = 0; flow < flows; flow++) {
      const asked = connection()
      const expected = refusedBy(asked, world) === undefined
      const state = { policies: world.policies, namespaceLabels: (name: string) => world.namespaces.get(name) }
      const context = `seed ${seed}: ${JSON.stringify(asked)}`
      assert.equal(evaluateFlow(asked, state).allowed, expected, `evaluator, ${context}`)
      assert.equal(planned(asked, world), expected, `planned chains, ${context}`)
      if (expected) allowed++
      else refused++
    }
  }
  assert.ok(allowed > 2000 && refused > 2000, `${allowed} allowed, ${refused} refused`)
})
