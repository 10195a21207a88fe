// Reaches the published limits of a scratch cluster one by one, and floods it as one user while others must be served.

import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import { inParallel } from '../../in-parallel.ts'
import type { Endpoint, ProofContext } from '../../proof.ts'
import { connectWith, request } from '../../request.ts'
import { apiServerOnly } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { until } from '../../until.ts'
import { endlessWrite, openSession, type RawRequest, rawRequest } from './raw-request.ts'
import { crowdConnections, holdConnections, scratchFiles } from './slow-clients.ts'

const sessions = 5
/** Below the limit of streams of a connection. */
const streams = 200
const neighbourly = 20
const namespaces = ['attacker', 'neighbour'] as const
const configMaps = '/api/v1/namespaces/attacker/configmaps'

interface Limit {
  readonly name: string
  readonly expected: number
  readonly request: RawRequest
  /** Just inside the limit; must be answered with `status`. */
  readonly twin: RawRequest & { readonly status: number }
}

const get = (path: string, headers: Readonly<Record<string, string>> = {}): RawRequest => ({ method: 'GET', path, headers })
const object = (bytes: number): Buffer =>
  Buffer.from(writeJson({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'x' }, data: { value: 'x'.repeat(bytes) } }))

/** As docs/limits.md publishes them. */
const limits: readonly Limit[] = [
  {
    ...{ name: 'body of 3 MiB', expected: 413, request: { method: 'POST', path: configMaps, body: object(3 << 20) } },
    twin: { method: 'POST', path: `${configMaps}?dryRun=All`, body: object(500_000), status: 201 },
  },
  {
    ...{ name: 'body of 3 MiB without a declared length', expected: 413 },
    request: { method: 'POST', path: configMaps, body: object(3 << 20), headers: { 'transfer-encoding': 'chunked' } },
    twin: {
      ...{ method: 'POST', path: `${configMaps}?dryRun=All`, body: object(500_000), status: 201 },
      headers: { 'transfer-encoding': 'chunked' },
    },
  },
  {
    ...{ name: 'headers of 64 KiB', expected: 431, request: get(configMaps, { 'x-long': 'x'.repeat(70_000) }) },
    twin: { ...get(configMaps, { 'x-long': 'x'.repeat(8_000) }), status: 200 },
  },
  {
    ...{ name: 'path of 8192 bytes', expected: 414, request: get(`${configMaps}/${'x'.repeat(9_000)}`) },
    twin: { ...get(`${configMaps}/${'x'.repeat(200)}`), status: 404 },
  },
  {
    ...{ name: '1000 query parameters', expected: 400, request: get(`${configMaps}?${'x=1&'.repeat(1_001)}`) },
    twin: { ...get(`${configMaps}?${'x=1&'.repeat(900)}`), status: 200 },
  },
]

/** Returns the number of limits that were reached. */
export async function attackScratchLimits(context: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<number> {
  await using scratch = await clusters.open(signal, ['/bin/sh', '-c', `ulimit -n ${scratchFiles} && exec "$@"`, 'sh'])
  const start = await scratch.serve([apiServerOnly], signal)
  const { transport, endpoint } = start
  await Promise.all([holdConnections(context, endpoint, signal), reachLimits(context, { endpoint, transport }, signal)])
  return limits.length + 4
}

async function reachLimits(
  context: ProofContext,
  { endpoint, transport }: Pick<Flood, 'endpoint' | 'transport'>,
  signal: AbortSignal,
): Promise<void> {
  const { attempts } = context
  const [attacker, neighbour] = await Promise.all(namespaces.map(name => account(transport, name, signal)))
  if (attacker === undefined || neighbour === undefined) throw new Error('no tokens')
  await inParallel(limits, async ({ name, request: beyond, expected, twin }) => {
    for (const [what, sent, wanted] of [
      [`beyond: ${name}`, beyond, expected],
      [`within: ${name}`, twin, twin.status],
    ] as const) {
      const status = await rawRequest(endpoint, attacker, sent, signal)
      attempts.record({
        name: what,
        sent: `${sent.method} ${sent.path.slice(0, 60)}`,
        expected: `${wanted}`,
        answered: `answered ${status}`,
        held: status === wanted,
      })
    }
  })
  await crowdConnections(context, endpoint, signal)
  await flood(context, { endpoint, transport, attacker, neighbour }, signal)
}

/** A namespace with an account that may use ConfigMaps; returns its token. */
async function account(transport: Transport, name: string, signal: AbortSignal): Promise<string> {
  const core = `/api/v1/namespaces/${name}`
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${name}`
  const rules = [{ apiGroups: [''], resources: ['configmaps'], verbs: ['*'] }]
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'x' }
  const subjects = [{ kind: 'ServiceAccount', name: 'x', namespace: name }]
  const made = [
    { path: '/api/v1/namespaces', body: { metadata: { name } } },
    { path: `${core}/serviceaccounts`, body: { metadata: { name: 'x' } } },
    { path: `${rbac}/roles`, body: { metadata: { name: 'x' }, rules } },
    { path: `${rbac}/rolebindings`, body: { metadata: { name: 'x' }, roleRef, subjects } },
  ]
  for (const { path, body } of made) await request(transport, { method: 'POST', path, body }, signal)
  const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 600 } }
  const { text } = await request(transport, { method: 'POST', path: `${core}/serviceaccounts/x/token`, body }, signal)
  return (parseJson(text) as { readonly status: { readonly token: string } }).status.token
}

interface Flood {
  readonly endpoint: Endpoint
  readonly transport: Transport
  /** Tokens. */
  readonly attacker: string
  readonly neighbour: string
}

/** Each request of the flood takes as long as the server lets it. */
async function flood(
  { attempts, clock }: ProofContext,
  { endpoint, transport, attacker, neighbour }: Flood,
  signal: AbortSignal,
): Promise<void> {
  const answers: { readonly status: number; readonly retryAfter: number }[] = []
  const open = await Promise.all(Array.from({ length: sessions }, () => openSession(endpoint, signal)))
  try {
    for (const session of open)
      for (let stream = 0; stream < streams; stream++)
        endlessWrite(session, attacker, configMaps, (status, retryAfter) => answers.push({ status, retryAfter }))
    await until(clock, () => (answers.length === 0 ? undefined : true), signal)
    await using other = connectWith(endpoint, { token: neighbour })
    const path = '/api/v1/namespaces/neighbour/configmaps'
    const served = await inParallel(Array.from({ length: neighbourly }), () => request(other, { method: 'GET', path }, signal))
    const administrator = await request(transport, { method: 'GET', path }, signal)
    const statuses = [...served, administrator].map(({ status }) => status)
    attempts.record({
      ...{
        name: 'requests of others during a flood',
        sent: `${neighbourly} requests of a neighbour, one of an administrator`,
        expected: '200 each',
      },
      ...{ answered: `answered ${[...new Set(statuses)].join(', ')}`, held: statuses.every(status => status === 200) },
    })
    const polite = answers.filter(({ status, retryAfter }) => status === 429 && retryAfter >= 1).length
    attempts.record({
      ...{
        name: 'a flood of requests that never end',
        sent: `${sessions * streams} requests of one user`,
        expected: '429 with Retry-After',
      },
      ...{ answered: `${polite} of ${answers.length} answers were that`, held: polite > 0 && polite === answers.length },
    })
  } finally {
    for (const session of open) session.destroy()
  }
}
