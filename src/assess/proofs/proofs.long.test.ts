// Each proof holds on a secure cluster, and fails if its control is off: a proof that cannot fail proves nothing.
import assert from 'node:assert/strict'
import { appendFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { deniedCredentials } from '../../api/credentials/denied-credentials-names.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { Client } from '../../client/client.ts'
import { namespaces, nodes } from '../../client/resources.ts'
import type { Transport } from '../../client/transport/transport.ts'
import { elsewhere, openCluster, type ProvableCluster, provableCluster, storedCluster } from '../cluster.testing.ts'
import type { ClusterContext, Outcome, Proof } from '../proof.ts'
import { proofNamespacePrefix } from '../proof-namespace.ts'
import { runProofs } from '../run-proofs.ts'
import { proofs } from './index.ts'

/** A guard against hanging, no measurement: the machine may be busy. */
const hangMs = 170_000
/** Where a control is off, what a proof waits for never comes: its waits take a twentieth of their time. */
const hurriedClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * 20,
  sleep: (ms, signal) => systemClock.sleep(ms / 20, signal),
}
let secure: ProvableCluster
let open: ProvableCluster

before(async () => {
  secure = await provableCluster()
  open = await openCluster()
  await open.context.client.create(nodes, '', { metadata: { name: 'n1' }, spec: {} }, AbortSignal.timeout(60_000))
})
after(async () => {
  await secure[Symbol.asyncDispose]()
  await open[Symbol.asyncDispose]()
})

function proofOf(id: string): Proof {
  const found = proofs.find(proof => proof.id === id)
  assert.ok(found, `no proof ${id}`)
  return found
}

async function outcome(id: string, context: ClusterContext): Promise<Outcome> {
  const [result] = await runProofs([proofOf(id)], context, {}, AbortSignal.timeout(hangMs))
  assert.ok(result)
  return result.outcome
}

function assertHeld(result: Outcome): void {
  assert.ok('held' in result && result.held, JSON.stringify(result))
  assert.notEqual(result.evidence, '')
}

function assertFound(result: Outcome, pattern: RegExp): void {
  assert.ok('held' in result && !result.held, `held where its control is off: ${JSON.stringify(result)}`)
  assert.match(result.found.join('\n'), pattern)
  assert.doesNotMatch(result.found.join('\n'), /could not be carried out/)
}

test('proofs lists every file of the folder', () => {
  const files = readdirSync(import.meta.dirname).filter(name => !name.startsWith('index.') && !name.endsWith('.test.ts'))
  const named = proofs.map(({ id }) => id.split('/')[0]?.toLowerCase())
  assert.deepEqual(files.map(name => name.split('-')[0]).toSorted(), named.toSorted())
})

for (const { id } of proofs.filter(proof => !elsewhere.has(proof.id))) {
  test(`${id} holds on a secure cluster`, async () => assertHeld(await outcome(id, secure.context)))
}

test('T2 and O11 hold on a sealed store and an audit log on disk', async () => {
  await using stored = await storedCluster()
  assertHeld(await outcome('T2', stored.context))
  assertHeld(await outcome('O11', stored.context))
})

const reds: readonly { readonly id: string; readonly off: string; readonly pattern: RegExp }[] = [
  {
    id: 'D4',
    off: 'everything is allowed and admitted',
    pattern:
      /may get \*\.\* in its namespace: answered 201 true[\s\S]*no NetworkPolicy isolates all pods of a new namespace for Ingress[\s\S]*a pod with root: answered 201/,
  },
  {
    id: 'D8',
    off: 'nothing is admitted by a rule',
    pattern: /no refusal contains the digest[\s\S]*without an exception: answered 201, expected 403/,
  },
  {
    id: 'A3',
    off: 'everybody is taken for an administrator',
    pattern: /without credentials: answered 200[\s\S]*certificate self-signed: answered 201/,
  },
  { id: 'A5', off: 'everything is allowed', pattern: /new ServiceAccount: GET .* answered (200|404), expected 403/ },
  { id: 'A7', off: 'tokens are never looked at', pattern: /^token of a deleted pod: answered 200, expected 401$/m },
  {
    id: 'A8',
    off: 'everything is allowed',
    pattern: /a node reads all Secrets: answered 200[\s\S]*a node writes taints of its Node: answered 200/,
  },
  {
    id: 'C3',
    off: 'nothing is admitted by a rule',
    pattern:
      /privileged pod in a new namespace: answered 201[\s\S]*privileged in a container \(sidecar\), restricted:v1.33: answered 201[\s\S]*lowers the level to privileged at .*: answered 200/,
  },
  {
    id: 'P1',
    off: 'nothing is admitted by a rule',
    pattern:
      /^(?=[\s\S]*create of a Deployment: answered 201)(?=[\s\S]*a Pod exists with "privileged":true)(?=[\s\S]*create with a generated name of a value that a policy forbids: answered 201)(?=[\s\S]*cluster-admin for system:unauthenticated: answered 201)(?=[\s\S]*webhook that cannot be believed: closed: answered 201)(?=[\s\S]*a ConfigMap with it)/,
  },
  {
    id: 'T5',
    off: 'everything is allowed',
    pattern: /another node: the token for the driver: answered 201[\s\S]*another node: the Secret of the mount: answered 200/,
  },
  { id: 'C7', off: 'nothing is admitted by a rule', pattern: /no limit for pods[\s\S]*100 of 100 ConfigMaps were stored, expected 10/ },
  { id: 'C8', off: 'nothing is admitted by a rule', pattern: /container "a" of pod ".*\/c8" has no limit or request for memory/ },
  {
    id: 'C9',
    off: 'nothing is admitted by a rule',
    pattern:
      /another domain for node "n1" with pods by [^:]+: answered 200[\s\S]*another domain for a namespace with pods by [^:]+: answered 200/,
  },
  {
    id: 'P3',
    off: 'nothing is admitted by a rule',
    pattern:
      /a pod that names node "n1": answered 201[\s\S]*binding to node "n1": answered 201[\s\S]*old path to node "n1": answered 201[\s\S]*merge patch of a pod's domain: /,
  },
  {
    id: 'S9',
    off: 'nothing is admitted by a rule',
    pattern: /an unsigned image by its tag: answered 201[\s\S]*an unsigned image of a Deployment: answered 201/,
  },
  {
    id: 'S1',
    off: 'everybody is an administrator, and nothing reads images',
    pattern: /an image that no registry has: there is none[\s\S]*an entry by a tenant: answered 201/,
  },
  {
    id: 'S8',
    off: 'everybody is an administrator',
    pattern: /an image of which nothing is known, limited: answered 201[\s\S]*an exception by the admin of the namespace: answered 201/,
  },
  {
    id: 'S11',
    off: 'every right is given',
    pattern:
      /the same account pushes: allowed[\s\S]*an account without a right: allowed[\s\S]*a right that was revoked, with a token that is alive: allowed/,
  },
  {
    id: 'S3',
    off: 'nothing is admitted by a rule',
    pattern: /an object without a signature: answered 201[\s\S]*a changed field: answered 201/,
  },
  { id: 'D1', off: 'nothing is admitted by a rule', pattern: /one changed byte of a dependency: answered 201/ },
  { id: 'O11', off: 'the sink drops events', pattern: /record of create \(0\): no record/ },
]
for (const { id, off, pattern } of reds) {
  test(`${id} fails if ${off}`, async () => assertFound(await outcome(id, { ...open.context, clock: hurriedClock }), pattern))
}

test('C3, C7, C8, D4, P1 and A7 fail on profile upstream', async () => {
  await using upstream = await provableCluster({ profile: 'upstream' })
  assertFound(await outcome('C3', upstream.context), /Deployment that could start no pod: answered 201/)
  assertFound(await outcome('C7', upstream.context), /a new namespace has no limit for pods/)
  assertFound(
    await outcome('D4', upstream.context),
    /isolates all pods of a new namespace for Egress[\s\S]*a folder of the node: answered 201/,
  )
  assertFound(await outcome('C8', upstream.context), /has no limit or request for memory/)
  assertFound(await outcome('P1', upstream.context), /merge patch of a Deployment: answered 200/)
  assertFound(
    await outcome('A7', upstream.context),
    /the node of a pod whose account has no grant requests its token: answered 201, expected 403/,
  )
})

test('P1 has policies change objects where the feature is on', async () => {
  const features = { groupVersions: ['admissionregistration.k8s.io/v1alpha1'], mutatingAdmissionPolicy: true }
  await using changing = await provableCluster({ features })
  const result = await outcome('P1', changing.context)
  assertHeld(result)
  assert.match('evidence' in result ? result.evidence : '', /policies that change objects were tried/)
})

test('D2 fails if the check admits what the server refuses, and is skipped where it does not run', async () => {
  const { checkManifests, ...others } = secure.context
  assert.ok(checkManifests)
  const lax = { ...others, checkManifests: async (objects: readonly object[]) => objects.map(() => ({ admitted: true, message: '' })) }
  assertFound(await outcome('D2', lax), /Pod: privileged in a container \(regular\): the check admits it, the server answered 403/)
  assert.ok('skipped' in (await outcome('D2', others)))
})

test('D8 fails if an expired exception admits pods', async () => {
  // For a clock two hours ahead, the server keeps exceptions alive; each check of the proof takes ten seconds.
  let now = Date.now() + 2 * 3600_000
  const clock = { now: () => (now += 10_000), monotonic: () => (now += 10_000), sleep: async () => undefined }
  assertFound(
    await outcome('D8', { ...secure.context, clock }),
    /with an expired exception: answered 201[\s\S]*an exception that expired at \S+: answered 201/,
  )
})

test('A1 and S5/A9 fail if a part listens in clear text', async () => {
  const server = createServer((_request, response) => response.end('hello'))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const machine = { parts: [{ name: 'node', pid: process.pid }] }
    assertFound(await outcome('A1', { ...secure.context, machine }), /listens on tcp 127\.0\.0\.1:\d+/)
    assertFound(await outcome('S5/A9', { ...secure.context, machine }), /plain HTTP to node .*HTTP\/1\.1 200 OK/)
  } finally {
    await new Promise(resolve => server.close(resolve))
  }
})

test('A1 is skipped without a node agent, C4, N1 and N3 with simulated nodes, others without a data directory or a command', async () => {
  for (const id of elsewhere) assert.ok('skipped' in (await outcome(id, secure.context)), id)
})

test('T2 fails if contents are in a file in clear text', async () => {
  await using stored = await storedCluster()
  const { transport } = stored.context
  const leaking: Transport = {
    request(request, signal) {
      if (request.body !== undefined) appendFileSync(join(stored.directory, 'server', 'leak'), request.body)
      return transport.request(request, signal)
    },
    [Symbol.asyncDispose]: () => transport[Symbol.asyncDispose](),
  }
  const result = await outcome('T2', { ...stored.context, client: new Client(leaking), transport: leaking })
  assertFound(result, /canary in base64 \(0\) in clear in server\/leak/)
  assertFound(result, /canary in clear in server\/leak/)
})

test('A3 attacks bootstrap tokens, where the server does not accept them on a server of its own', async () => {
  await using cluster = await provableCluster({ bootstrapTokens: true })
  const [tried, not] = [await outcome('A3', cluster.context), await outcome('A3', secure.context)]
  assertHeld(tried)
  assert.ok('evidence' in tried && !tried.evidence.includes('not tried'), JSON.stringify(tried))
  assertHeld(not)
  assert.ok('evidence' in not && !not.evidence.includes('not tried'), JSON.stringify(not))
})

test('A4 fails if the deny list has no effect', async () => {
  const { transport } = secure.context
  const deaf: Transport = {
    request: (request, signal) =>
      transport.request(request.path.endsWith(deniedCredentials.name) ? { method: 'GET', path: request.path } : request, signal),
    [Symbol.asyncDispose]: async () => undefined,
  }
  const result = await outcome('A4', { ...secure.context, client: new Client(deaf), transport: deaf })
  assertFound(result, /^exec in SPDY when its token is denied: still open after \d+ ms, expected ends within a second$/m)
  assertFound(result, /^watch after denial of a certificate by its serial number: still open/m)
})

test('O11 fails if the tree of the log is broken', async () => {
  const machine = {
    parts: [],
    readAuditLog: async () => ({
      events: [],
      count: 0,
      problems: ['audit-00000001.log:3: the lines up to here are not those of the checkpoint'],
    }),
  }
  assertFound(await outcome('O11', { ...secure.context, machine }), /the lines up to here are not those of the checkpoint/)
})

test('runProofs() counts a proof that throws, and one that exceeds its time limit, as not held', async () => {
  const base = { id: 'X1', title: 'test', why: '', attack: '', expected: '', whenRed: '' }
  const throwing: Proof = { ...base, prove: () => Promise.reject(new Error('no way')) }
  const endless: Proof = {
    ...base,
    prove: (_context, signal) => new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  }
  const results = await runProofs([throwing, endless], secure.context, { limitMs: 20 }, AbortSignal.timeout(60_000))
  assert.deepEqual(
    results.map(({ outcome: result }) => 'held' in result && result.held),
    [false, false],
  )
})

test('runProofs() counts a proof with a failed attempt as not held, whatever it returns', async () => {
  const base = { id: 'X1', title: 'test', why: '', attack: '', expected: '', whenRed: '' }
  const failed = { name: 'host port', sent: 'POST /x', expected: '403', answered: 'answered 201', held: false }
  const careless: Proof = {
    ...base,
    prove: async ({ attempts }) => {
      attempts.record(failed)
      return { held: true, evidence: 'all refused' }
    },
  }
  const [result] = await runProofs([careless], secure.context, {}, AbortSignal.timeout(60_000))
  assert.ok(result)
  assertFound(result.outcome, /^host port: answered 201, expected 403$/)
  assert.deepEqual(result.attempts, [failed])
})

test('proofs leave no namespace behind', async () => {
  const signal = AbortSignal.timeout(60_000)
  const { client } = secure.context
  const left = await client.list(namespaces, {}, signal)
  const ours = new Set(left.items.map(({ metadata }) => metadata.name ?? '').filter(name => name.startsWith(proofNamespacePrefix)))
  // Deletion continues after the proof has ended: wait until the API reports its end.
  const watch = client.watch(namespaces, { resourceVersion: left.resourceVersion }, signal)
  while (ours.size > 0) {
    const { value: events } = await watch.next()
    for (const { type, object } of events ?? []) if (type === 'DELETED') ours.delete(object.metadata.name ?? '')
  }
  await watch.return(undefined)
})
