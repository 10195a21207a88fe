// Who is a peer of this machine: nodes with a key of their own, for exactly their range, until they go. By a Node of the proof that no machine is.
import { generateKeyPairSync } from 'node:crypto'
import type { Node } from '../../../api/types/core-v1.ts'
import { nodes } from '../../../client/resources.ts'
import { ClusterObjects } from '../../cluster-objects.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { mergePatch, type ProofRequest, request } from '../../request.ts'
import { until, within } from '../../until.ts'
import { commandOutput, parsePeers, type WirePeer } from './wire.ts'

/** Annotations of a Node, from docs/machines.md. */
export const keyAnnotation = 'bulkhead.dev/wireguard-public-key'
export const portAnnotation = 'bulkhead.dev/wireguard-port'
/** A link follows its Node within this time, and is looked at so often. */
const followMs = 10_000
const pollMs = 100
/** In which a wrong link would come. */
const silenceMs = 1500
/** Of the documentation (RFC 5737): no machine answers there. */
const nowhere = '198.51.100.77'

async function peersNow(): Promise<WirePeer[]> {
  const [dump, links] = await Promise.all([commandOutput('wg', ['show', 'all', 'dump']), commandOutput('ip', ['-o', 'link'])])
  return parsePeers(dump, new Set([...links.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name = '']) => name)))
}
const routesNow = async (): Promise<string> => await commandOutput('ip', ['route', 'show', 'table', 'all'])
export const keyOf = ({ metadata }: Node): string | undefined => metadata.annotations?.[keyAnnotation]
export const addressOf = ({ status }: Node): string => status?.addresses?.find(({ type }) => type === 'InternalIP')?.address ?? ''

/** The peers of the machine are the other nodes that have a key, each with its own range, address and port. */
export async function comparePeers({ attempts, client }: ProofContext, own: string, signal: AbortSignal): Promise<void> {
  const others = (await client.listAll(nodes, {}, signal)).filter(node => node.metadata.name !== own && keyOf(node) !== undefined)
  const lineOf = (key: string, range: string, endpoint: string): string => `${key} for ${range} at ${endpoint}`
  const wanted = others.map(node =>
    lineOf(keyOf(node) ?? '', node.spec.podCIDR ?? '', `${addressOf(node)}:${node.metadata.annotations?.[portAnnotation] ?? ''}`),
  )
  const found = (await peersNow()).map(({ publicKey, allowed, endpoint }) => lineOf(publicKey, allowed.join(','), endpoint))
  attempts.record({
    ...{ name: 'the peers of this machine', sent: 'wg show all dump', expected: wanted.toSorted().join('; ') },
    ...{ answered: found.toSorted().join('; '), held: wanted.toSorted().join() === found.toSorted().join() },
  })
}

function newKey(): string {
  const { x } = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' })
  return Buffer.from(x ?? '', 'base64url').toString('base64')
}

/** `other` is the Node of another machine. */
export async function tryNodePeers(
  context: ProofContext,
  namespace: ProofNamespace,
  own: string,
  other: Node,
  signal: AbortSignal,
): Promise<void> {
  const { attempts, client, clock, transport } = context
  await using cluster = new ClusterObjects(context, namespace)
  const name = cluster.prefix
  const headersOf = (node: string) => ({ 'impersonate-user': `system:node:${node}`, 'impersonate-group': 'system:nodes' })
  const annotate = (node: string, annotations: object, headers: ProofRequest['headers'] = {}, dryRun = true): ProofRequest => ({
    ...{ method: 'PATCH', path: `/api/v1/nodes/${node}${dryRun ? '?dryRun=All' : ''}`, contentType: mergePatch, headers },
    body: { metadata: { annotations } },
  })
  const made = await cluster.create(nodes, { metadata: { name }, spec: { unschedulable: true } } as Node, signal)
  const range = await until(clock, async () => (await client.get(nodes, '', made.metadata.name ?? '', signal)).spec.podCIDR, signal, pollMs)
  const status: ProofRequest = {
    ...{ method: 'PATCH', path: `/api/v1/nodes/${name}/status`, contentType: mergePatch, headers: headersOf(name) },
    body: { status: { addresses: [{ type: 'InternalIP', address: nowhere }] } },
  }
  await attempts.accepted('the address of a node by itself', transport, status, signal)
  const isLinked = async () => (await peersNow()).some(({ allowed }) => allowed.includes(range)) || (await routesNow()).includes(range)
  const record = (what: string, expected: boolean, found: boolean): void =>
    attempts.record({
      ...{ name: what, sent: `the Node ${name}`, expected: expected ? 'a peer and a route' : 'no peer and no route' },
      ...{ answered: found ? 'a peer or a route' : 'no peer and no route', held: found === expected },
    })
  await clock.sleep(silenceMs, signal)
  record('a node without a key', false, await isLinked())

  const key = newKey()
  const foreign = { names: 'itself may set its annotations' }
  await attempts.refused('a key for a node by an administrator', transport, annotate(name, { [keyAnnotation]: key }), foreign, signal)
  await attempts.refused(
    'a key for a node by another node',
    transport,
    annotate(name, { [keyAnnotation]: key }, headersOf(own)),
    { names: 'is not allowed to modify node' },
    signal,
  )
  await attempts.refused(
    'the key of another node',
    transport,
    annotate(name, { [keyAnnotation]: keyOf(other) }, headersOf(name)),
    { names: `it is the key of node "${other.metadata.name}"` },
    signal,
  )
  const publish = annotate(name, { [keyAnnotation]: key, [portAnnotation]: '51871' }, headersOf(name), false)
  await attempts.accepted('a key for a node by itself', transport, publish, signal)
  const came = await within(followMs, clock, async () => ((await isLinked()) ? true : undefined), signal, pollMs)
  record('a node with a key', true, came === true)
  await request(transport, { method: 'DELETE', path: `/api/v1/nodes/${name}` }, signal)
  const went = await within(followMs, clock, async () => ((await isLinked()) ? undefined : true), signal, pollMs)
  record('a node that was removed', false, went !== true)
}
