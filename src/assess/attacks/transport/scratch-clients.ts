// Every client of a scratch cluster against impostors: webhooks, issuers, APIServices, and the parts that are clients of the API server.
import { readFile, writeFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { parseJson } from '../../../base/json.ts'
import { writeJson } from '../../../base/write-json.ts'
import type { Transport } from '../../../client/transport/transport.ts'
import type { AttemptLog } from '../../attempt-log.ts'
import { inParallel } from '../../in-parallel.ts'
import type { ProofContext } from '../../proof.ts'
import { type Answer, connectWith, request } from '../../request.ts'
import type { ScratchCluster } from '../../scratch-cluster.ts'
import type { ScratchClusters } from '../../scratch-clusters.ts'
import { until } from '../../until.ts'
import { type Disguise, disguises, Impostor } from './impostor.ts'
import { TestAuthority } from './test-authority.ts'

/** Connections of clients of the API server that an impostor on its port waits for. */
const awaited = 3
const namespace = 'default'
const kinds = ['admission webhook', 'authorization webhook', 'token issuer', 'APIService'] as const
type Kind = (typeof kinds)[number]

interface Trap {
  readonly kind: Kind
  readonly disguise: Disguise
  /** In names of objects and users. */
  readonly id: string
  readonly impostor: Impostor
}

/** Returns the number of clients that were attacked. */
export async function attackScratchClients(context: ProofContext, clusters: ScratchClusters, signal: AbortSignal): Promise<number> {
  const { clock, attempts } = context
  const now = clock.now()
  const [trusted, foreign] = await Promise.all([TestAuthority.create(now), TestAuthority.create(now)])
  // An APIService may not lead to a loopback address.
  const host = ownAddress()
  await using stack = new AsyncDisposableStack()
  const traps = await inParallel(
    kinds.flatMap(kind => disguises.map(disguise => ({ kind, disguise, id: `${kind} ${disguise}`.toLowerCase().replaceAll(' ', '-') }))),
    async ({ kind, disguise, id }): Promise<Trap> => {
      const names = { ipAddresses: [host], dnsNames: [`${id}.${namespace}.svc`] }
      const impostor = await Impostor.open({ disguise, host, trusted, foreign, names, answer: text => answerOf(kind, text) })
      return { kind, disguise, id, impostor: stack.use(impostor) }
    },
  )
  const scratch = stack.use(await clusters.open(signal))
  const flags = await accessFlags(scratch, traps, host, trusted.certificate)
  const start = await scratch.serve(['--simulated-nodes', '1', ...flags], signal)
  const { transport, endpoint } = start
  await inParallel(traps, async trap => {
    const attack = { transport, endpoint, host, ca: trusted.certificate, clock }
    await trigger(attack, trap, signal)
    const { connections, trusted: count } = trap.impostor
    const isGenuine = trap.disguise === 'genuine'
    attempts.record({
      ...{ name: `${trap.kind} against a server with ${trap.disguise}`, sent: `a connection to ${host}:${trap.impostor.port}` },
      expected: isGenuine ? 'a request' : 'a connection, and no request',
      ...{ answered: `${connections} connections, ${count} with a request`, held: connections > 0 && count > 0 === isGenuine },
    })
  })
  await attackOwnClients(attempts, context, scratch, foreign, signal)
  return traps.length + disguises.length - 1
}

/** An address of this machine that is not loopback. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap(list => list ?? [])
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1'
}

/** Settings of the cluster that name the traps. */
async function accessFlags(scratch: ScratchCluster, traps: readonly Trap[], host: string, ca: string): Promise<string[]> {
  const file = async (name: string, content: object): Promise<string> => {
    const path = `${scratch.directory}-${name}`
    await writeFile(path, writeJson(content), { mode: 0o644 })
    return path
  }
  const of = (kind: Kind): readonly Trap[] => traps.filter(trap => trap.kind === kind)
  const jwt = of('token issuer').map(({ impostor, id }) => ({
    issuer: { url: `https://${host}:${impostor.port}`, audiences: ['prove'], certificateAuthority: ca },
    claimMappings: { username: { claim: 'sub', prefix: `${id}:` } },
  }))
  const webhooks = await inParallel(of('authorization webhook'), async ({ id, impostor }) => ({
    type: 'Webhook',
    name: id,
    webhook: {
      ...{ timeout: '5s', authorizedTTL: '1s', unauthorizedTTL: '1s', subjectAccessReviewVersion: 'v1', failurePolicy: 'Deny' },
      ...{ matchConditionSubjectAccessReviewVersion: 'v1', matchConditions: [{ expression: `request.user == '${id}'` }] },
      connectionInfo: {
        type: 'KubeConfigFile',
        kubeConfigFile: await file(`${id}.kubeconfig`, {
          ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'x' },
          clusters: [
            {
              name: 'x',
              cluster: { server: `https://${host}:${impostor.port}`, 'certificate-authority-data': Buffer.from(ca).toString('base64') },
            },
          ],
          users: [{ name: 'x', user: {} }],
          contexts: [{ name: 'x', context: { cluster: 'x', user: 'x' } }],
        }),
      },
    },
  }))
  const authorizers = [{ type: 'Node', name: 'node' }, ...webhooks, { type: 'RBAC', name: 'rbac' }]
  return [
    '--authentication-config-file',
    await file('authentication.json', { apiVersion: 'apiserver.config.k8s.io/v1beta1', kind: 'AuthenticationConfiguration', jwt }),
    '--authorization-config-file',
    await file('authorization.json', { apiVersion: 'apiserver.config.k8s.io/v1', kind: 'AuthorizationConfiguration', authorizers }),
  ]
}

interface Attack {
  readonly transport: Transport
  readonly endpoint: ProofContext['endpoint']
  readonly host: string
  readonly ca: string
  readonly clock: ProofContext['clock']
}

/** Makes the cluster connect to the trap. */
async function trigger(attack: Attack, trap: Trap, signal: AbortSignal): Promise<void> {
  const { impostor, disguise } = trap
  const once = triggers[trap.kind]
  const isConnected = async () => {
    await once(attack, trap, signal)
    // Connections that the server opens by itself, for example to learn the keys of an issuer, need a moment.
    return impostor.connections === 0 || (disguise === 'genuine' && impostor.trusted === 0) ? undefined : true
  }
  await until(attack.clock, isConnected, signal)
}

const triggers: Readonly<Record<Kind, (attack: Attack, trap: Trap, signal: AbortSignal) => Promise<unknown>>> = {
  async 'admission webhook'({ transport, host, ca }, { id, impostor }, signal) {
    const body = {
      ...{ apiVersion: 'admissionregistration.k8s.io/v1', kind: 'ValidatingWebhookConfiguration', metadata: { name: id } },
      webhooks: [
        {
          ...{ name: 'prove.bulkhead.dev', admissionReviewVersions: ['v1'], sideEffects: 'None', failurePolicy: 'Fail', timeoutSeconds: 5 },
          clientConfig: { url: `https://${host}:${impostor.port}/`, caBundle: Buffer.from(ca).toString('base64') },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], resources: ['configmaps'], operations: ['CREATE'] }],
          objectSelector: { matchLabels: { trap: id } },
        },
      ],
    }
    await request(
      transport,
      { method: 'POST', path: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations', body },
      signal,
    )
    const object = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { generateName: 'trap-', labels: { trap: id } } }
    return await request(transport, { method: 'POST', path: `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, body: object }, signal)
  },
  async 'authorization webhook'({ transport }, { id }, signal) {
    return await request(transport, { method: 'GET', path: '/api/v1/secrets', headers: { 'impersonate-user': id } }, signal)
  },
  async 'token issuer'({ endpoint, host }, { impostor }, signal): Promise<Answer> {
    const encode = (value: object): string => Buffer.from(writeJson(value)).toString('base64url')
    const claims = { iss: `https://${host}:${impostor.port}`, aud: ['prove'], sub: 'ann', exp: 4_000_000_000, iat: 1 }
    const token = `${encode({ alg: 'ES256', kid: 'none' })}.${encode(claims)}.${'A'.repeat(86)}`
    await using stranger = connectWith(endpoint, { token })
    return await request(stranger, { method: 'GET', path: '/api/v1/secrets' }, signal)
  },
  async APIService({ transport, host, ca }, { id, impostor }, signal) {
    const core = `/api/v1/namespaces/${namespace}`
    const port = { name: 'https', port: 443 }
    const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: id }, spec: { ports: [{ ...port, targetPort: impostor.port }] } }
    await request(transport, { method: 'POST', path: `${core}/services`, body: service }, signal)
    const slice = {
      ...{ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType: 'IPv4' },
      metadata: { name: id, labels: { 'kubernetes.io/service-name': id } },
      ...{
        endpoints: [{ addresses: [host], conditions: { ready: true } }],
        ports: [{ name: 'https', port: impostor.port, protocol: 'TCP' }],
      },
    }
    await request(
      transport,
      { method: 'POST', path: `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`, body: slice },
      signal,
    )
    const group = `${id}.prove.bulkhead.dev`
    const body = {
      ...{ apiVersion: 'apiregistration.k8s.io/v1', kind: 'APIService', metadata: { name: `v1.${group}` } },
      spec: {
        ...{ group, version: 'v1', groupPriorityMinimum: 1000, versionPriority: 10, caBundle: Buffer.from(ca).toString('base64') },
        service: { name: id, namespace, port: 443 },
      },
    }
    await request(transport, { method: 'POST', path: '/apis/apiregistration.k8s.io/v1/apiservices', body }, signal)
    return await request(transport, { method: 'GET', path: `/apis/${group}/v1/things` }, signal)
  },
}

/** What a genuine server would answer. */
function answerOf(kind: Kind, text: string): string {
  if (kind === 'admission webhook') {
    const review = parseJson(text.slice(text.indexOf('\r\n\r\n') + 4)) as { readonly request?: { readonly uid?: string } }
    return writeJson({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: review.request?.uid, allowed: true },
    })
  }
  if (kind === 'authorization webhook')
    return writeJson({ apiVersion: 'authorization.k8s.io/v1', kind: 'SubjectAccessReview', status: { allowed: true } })
  return '{}'
}

/**
 * Takes the port of the API server while it is down: controllers, node and tunnel connect again by themselves, with their credentials. An
 * impostor with the right authority, but another name, needs the authority's key, which the signer of the scratch cluster keeps.
 */
async function attackOwnClients(
  attempts: AttemptLog,
  { clock }: ProofContext,
  scratch: ScratchCluster,
  foreign: TestAuthority,
  signal: AbortSignal,
): Promise<void> {
  const signer = join(scratch.directory, 'signer')
  const [certificate, key] = await Promise.all(['serving-ca.crt', 'serving-ca.key'].map(name => readFile(join(signer, name), 'utf8')))
  const trusted = await TestAuthority.from(certificate ?? '', key ?? '', clock.now())
  const { port, host } = scratch
  for (const disguise of disguises.filter(each => each !== 'genuine')) {
    process.kill(await runningPart(scratch, 'server', clock, signal), 'SIGKILL')
    await using impostor = await openSoon(
      { disguise, host, port, trusted, foreign, names: { ipAddresses: [host], dnsNames: [] }, answer: () => '{}' },
      clock,
      signal,
    )
    await until(clock, () => (impostor.connections < awaited ? undefined : true), signal)
    attempts.record({
      ...{
        name: `controllers and node against an API server with ${disguise}`,
        sent: `${host}:${port} taken over`,
        expected: 'connections, and no request',
      },
      ...{ answered: `${impostor.connections} connections, ${impostor.trusted} with a request`, held: impostor.trusted === 0 },
    })
  }
}

/** After a failed start, its supervisor pauses before the next. */
async function runningPart(scratch: ScratchCluster, part: string, clock: ProofContext['clock'], signal: AbortSignal): Promise<number> {
  return await until(clock, () => scratch.partPid(part), signal)
}

/** The server that was killed may hold its port for a moment. */
async function openSoon(
  options: Parameters<typeof Impostor.open>[0],
  clock: ProofContext['clock'],
  signal: AbortSignal,
): Promise<Impostor> {
  const open = async () => {
    try {
      return await Impostor.open(options)
    } catch (err) {
      if (err instanceof Error && 'code' in err && err.code === 'EADDRINUSE') return undefined
      throw err
    }
  }
  return await until(clock, open, signal, 1)
}
