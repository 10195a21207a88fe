// A watch that a server behind an APIService answers: it ends when the credential of its client is denied, although that server goes on sending.
import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { apiServices, clusterRoleBindings, clusterRoles, endpointSlices, services } from '../../../client/resources.ts'
import type { ClusterObjects } from '../../cluster-objects.ts'
import { openOwnStream } from '../../open-stream.ts'
import type { ProofContext } from '../../proof.ts'
import type { ProofNamespace } from '../../proof-namespace.ts'
import { connectWith, request } from '../../request.ts'
import { within } from '../../until.ts'
import { TestAuthority } from '../transport/test-authority.ts'
import { denied } from './denied-credential.ts'

const name = 'extension'
const reachedMs = 15_000
const sendMs = 50
const promisedMs = 1000

/** Returns whether the API server reaches a server of this process, without which it cannot be tried. */
export async function tryApiService(
  context: ProofContext,
  namespace: ProofNamespace,
  cluster: ClusterObjects,
  account: string,
  signal: AbortSignal,
): Promise<boolean> {
  const { attempts, clock, endpoint } = context
  const host = ownAddress()
  if (host === undefined) return false
  const authority = await TestAuthority.create(clock.now())
  const dnsName = `${name}.${namespace.name}.svc`
  await using server = await sendingServer(host, await authority.issue({ ipAddresses: [], dnsNames: [dnsName] }))
  const group = `${namespace.name}.prove.bulkhead.dev`
  await register(context, namespace, cluster, { host, port: server.port, group, ca: authority.certificate }, signal)
  await grantGroup(namespace, cluster, group, account, signal)
  const [things, watch] = [`/apis/${group}/v1/things`, `/apis/${group}/v1/things?watch=true`]
  await using own = connectWith(endpoint, { token: await namespace.token(account, {}, signal) })
  const isReached = async () => ((await request(own, { method: 'GET', path: things }, signal)).status === 200 ? true : undefined)
  if ((await within(reachedMs, clock, isReached, signal)) === undefined) return false
  const [token, other] = [await namespace.token(account, {}, signal), await namespace.token(account, {}, signal)]
  await using stream = await openOwnStream(endpoint, { token }, clock, { method: 'GET', path: watch }, signal)
  await using others = await openOwnStream(endpoint, { token: other }, clock, { method: 'GET', path: watch }, signal)
  const sent = `GET ${watch}`
  const opened = stream.status === 200 && others.status === 200
  attempts.record({ name: 'watch behind an APIService', sent, expected: '200', answered: `answered ${stream.status}`, held: opened })
  await using denial = await denied(context, `${namespace.name}.api-service`, `token:${idOf(token)}`, signal)
  const limitMs = promisedMs + 4 * denial.tookMs
  const ended = await stream.endsWithin(limitMs)
  const answered = ended ? 'ended' : `still open after ${limitMs} ms`
  attempts.record({
    name: 'watch behind an APIService when its token is denied',
    sent,
    expected: 'ends within a second',
    answered,
    held: ended,
  })
  const goesOn = !(await others.endsWithin(0))
  attempts.record({
    name: 'watch of another token behind an APIService',
    sent,
    expected: 'goes on',
    answered: goesOn ? 'open' : 'ended',
    held: goesOn,
  })
  const before = server.requests()
  await using again = await openOwnStream(endpoint, { token }, clock, { method: 'GET', path: things }, signal)
  const held = again.status === 401 && server.requests() === before
  attempts.record({
    name: 'denied token behind an APIService',
    sent: `GET ${things}`,
    expected: '401, and nothing sent on',
    answered: `answered ${again.status}`,
    held,
  })
  return true
}

/** An address of this machine that is not loopback: no APIService may lead there. */
const ownAddress = (): string | undefined =>
  Object.values(networkInterfaces())
    .flatMap(list => list ?? [])
    .find(({ family, internal }) => family === 'IPv4' && !internal)?.address

/** Answers a watch with a line again and again, and never ends it. */
async function sendingServer(host: string, identity: { readonly cert: string; readonly key: string }) {
  let requests = 0
  const server = createServer(identity, ({ url = '' }, answer) => {
    if (url.includes('/things')) requests++
    answer.writeHead(200, { 'content-type': 'application/json' })
    if (!url.includes('watch=true')) return void answer.end('{"kind":"ThingList","apiVersion":"v1","items":[]}')
    const timer = setInterval(() => answer.write('{"type":"BOOKMARK","object":{}}\n'), sendMs)
    answer.once('close', () => clearInterval(timer))
  })
  server.listen(0, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

interface Extension {
  readonly host: string
  readonly port: number
  readonly group: string
  /** PEM. */
  readonly ca: string
}

async function register(
  { client }: ProofContext,
  { name: namespace }: ProofNamespace,
  cluster: ClusterObjects,
  { host, port, group, ca }: Extension,
  signal: AbortSignal,
): Promise<void> {
  const ports = [{ name: 'https', port: 443, targetPort: port }]
  await client.create(services, namespace, { metadata: { name }, spec: { ports } }, signal)
  const slice = {
    metadata: { name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
    ports: [{ name: 'https', port, protocol: 'TCP' as const }],
  }
  await client.create(endpointSlices, namespace, slice, signal)
  const spec = { group, version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10, caBundle: Buffer.from(ca).toString('base64') }
  await cluster.create(
    apiServices,
    { metadata: { name: `v1.${group}` }, spec: { ...spec, service: { name, namespace, port: 443 } } },
    signal,
  )
}

async function grantGroup(
  namespace: ProofNamespace,
  cluster: ClusterObjects,
  group: string,
  account: string,
  signal: AbortSignal,
): Promise<void> {
  const metadata = { name: `${cluster.prefix}-things` }
  const apiGroup = 'rbac.authorization.k8s.io'
  const rules = [{ verbs: ['get', 'list', 'watch'], apiGroups: [group], resources: ['things'] }]
  await cluster.create(clusterRoles, { metadata, rules }, signal)
  const subjects = [{ kind: 'ServiceAccount', name: account, namespace: namespace.name }]
  await cluster.create(clusterRoleBindings, { metadata, roleRef: { apiGroup, kind: 'ClusterRole', name: metadata.name }, subjects }, signal)
}

/** The `jti` of a token. */
function idOf(token: string): string {
  const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')
  return /"jti":"([^"]+)"/.exec(claims)?.[1] ?? ''
}
