import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { clusterDefaults, configMaps, namespaces, podSecurityExceptions } from '../../client/resources.ts'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { takeControlSocket, type UpStatus } from '../up/control-socket.ts'
import { controlsOf } from './controls.ts'
import { formatBytes, formatDuration } from './format.ts'
import { policyFacts, unenforced } from './policy-facts.ts'
import { isForbiddenToAsk, type StatusFlags, status } from './status.ts'

async function run(flags: StatusFlags): Promise<{ code: number; text: string }> {
  const lines: string[] = []
  const code = await status(flags, text => lines.push(text))
  return { code, text: lines.join('\n') }
}

function temporaryFolder(): Disposable & { path: string } {
  const path = mkdtempSync(join(tmpdir(), 'status-'))
  mkdirSync(join(path, 'run'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

const part = {
  name: 'server',
  state: 'ready',
  pid: process.pid,
  userId: 64702,
  restarts: 2,
  lastExit: 'signal SIGKILL',
  details: { objects: 7, configurations: { authentication: { hash: `sha256:${'a'.repeat(64)}`, since: Date.UTC(2026, 0, 2) } } },
}

test('status shows parts, versions, certificates and controls of a running cluster', async () => {
  using folder = temporaryFolder()
  await using cluster = await startCluster()
  writeFileSync(join(folder.path, 'admin.kubeconfig'), await cluster.kubeconfig())
  const up: UpStatus = {
    version: '0.1.0',
    pid: process.pid,
    server: 'https://127.0.0.1:1',
    profile: 'secure',
    pluginsOff: [],
    parts: [{ ...part, state: 'ready' }],
  }
  await using _socket = await takeControlSocket(join(folder.path, 'run', 'up.sock'), () => up)
  const { code, text } = await run({ dataDir: folder.path })
  assert.equal(code, 0, text)
  assert.match(text, new RegExp(`server +ready \\(last: signal SIGKILL\\) +${process.pid} +64702 +[\\d.]+ MiB +2 `))
  assert.match(text, /Kubernetes API v1\.33/)
  assert.match(text, /^ {2}authentication +sha256:a{16}… +since 2026-01-02T00:00:00\.000Z$/m)
  assert.match(text, /node-1 +Ready +bulkhead-simulated\S* +network policies not enforced: a simulated node carries no traffic/)
  assert.match(text, /serving +CN=kube-apiserver +until \d{4}-/)
  assert.match(text, /admin +.*CN=bulkhead-admin/)
  assert.match(text, /^ {2}break-glass +never used/m)
  assert.match(text, /^ {2}unproved +TLS 1\.3 only, between all parts +S5\/A9 was never tried$/m)
  assert.match(text, /^ {2}on +private keys only in the signer/m)
  assert.doesNotMatch(text, /^ {2}OFF/m)
  const data = { time: '2026-01-01T00:00:00Z', user: 'bulkhead-break-glass', address: '192.0.2.9', credential: 'x509:ab' }
  await cluster.client.create(configMaps, 'kube-system', { metadata: { name: 'bulkhead-break-glass' }, data }, AbortSignal.timeout(60_000))
  assert.match(
    (await run({ dataDir: folder.path })).text,
    /^ {2}break-glass +used at 2026-01-01T00:00:00Z from 192\.0\.2\.9 by bulkhead-break-glass/m,
  )
  const { text: json } = await run({ dataDir: folder.path, output: 'json' })
  assert.equal(JSON.parse(json).running, true)
  assert.equal(JSON.parse(json).store.objects, 7)
})

test('status exits with 1 if a part is not ready or the server does not answer', async () => {
  using folder = temporaryFolder()
  const refused = { since: Date.UTC(2026, 0, 4), why: 'no YAML' }
  const authorization = { hash: `sha256:${'b'.repeat(64)}`, since: Date.UTC(2026, 0, 3), refused }
  const up: UpStatus = {
    version: '0.1.0',
    pid: 1,
    server: 'https://127.0.0.1:1',
    profile: 'upstream',
    pluginsOff: [],
    parts: [{ ...part, state: 'restarting', details: { configurations: { authorization } } }],
  }
  await using _socket = await takeControlSocket(join(folder.path, 'run', 'up.sock'), () => up)
  const { code, text } = await run({ dataDir: folder.path })
  assert.equal(code, 1)
  assert.match(text, /Problems\n {2}There is no kubeconfig/)
  assert.match(text, /configuration of 2026-01-03T\S+ is in force, because the one of 2026-01-04T\S+ was refused: no YAML/)
  assert.match(text, /secure defaults are OFF/)
})

test('status reports in one sentence that nothing runs', async () => {
  using folder = temporaryFolder()
  const { code, text } = await run({ dataDir: folder.path })
  assert.equal(code, 1)
  assert.equal(text, `No cluster runs in "${folder.path}": start one with "bulkhead up", or name its directory with --data-dir`)
  assert.equal(JSON.parse((await run({ dataDir: folder.path, output: 'json' })).text).running, false)
})

test('isForbiddenToAsk() says whose cluster it is, and leaves other failures as they are', () => {
  const closed = Object.assign(new Error('connect EACCES'), { code: 'EACCES' })
  assert.match(
    String(isForbiddenToAsk(closed, '/data')),
    /^UserError: The cluster in "\/data" answers only the user that started it and root:/,
  )
  const other = new Error('connect EMFILE')
  assert.equal(isForbiddenToAsk(other, '/data'), other)
})

test('status shows exceptions with owner, reason and expiry, escapes control characters, and lists namespaces without defaults', async () => {
  using folder = temporaryFolder()
  await using cluster = await startCluster({ simulatedNodes: 0 })
  const { client } = cluster
  const signal = new AbortController().signal
  writeFileSync(join(folder.path, 'admin.kubeconfig'), await cluster.kubeconfig())
  const spec = { templateDigest: `sha256:${'0'.repeat(64)}`, checks: ['hostPorts'], owner: 'ann', reason: 'printer\u001b[2J\nOFF' }
  const except = (name: string, expires: string) =>
    client.create(podSecurityExceptions, 'default', { metadata: { name }, spec: { ...spec, expires } }, signal)
  await except('printer', '2999-01-01T00:00:00Z')
  await except('scanner', '2020-01-01T00:00:00Z')
  await client.patch(clusterDefaults, '', 'cluster', { spec: { namespaces: { exempt: ['old'] } } }, { type: 'merge' }, signal)
  await client.create(namespaces, '', { metadata: { name: 'old' }, spec: {} }, signal)
  await client.patch(clusterDefaults, '', 'cluster', { spec: { namespaces: { exempt: null } } }, { type: 'merge' }, signal)
  const up: UpStatus = {
    version: '0.1.0',
    pid: 1,
    server: 'https://x',
    profile: 'secure',
    pluginsOff: [],
    parts: [{ ...part, state: 'ready' }],
  }
  await using _socket = await takeControlSocket(join(folder.path, 'run', 'up.sock'), () => up)
  const { code, text } = await run({ dataDir: folder.path })
  assert.equal(code, 0, text)
  assert.match(text, /default\/printer +until 2999-01-01T00:00:00Z +ann +hostPorts +printer\\u001b\[2J\\u000aOFF\n/)
  assert.match(text, /default\/scanner +ended 2020-01-01T00:00:00Z +ann/)
  assert.match(
    text,
    /without the defaults of new namespaces\n {2}old\n {2}to add them, after NetworkPolicies allow what their pods need: kubectl annotate namespace old bulkhead\.dev\/defaults=pending/,
  )
})

test('controlsOf() marks exactly what a profile switches off', () => {
  assert.ok(controlsOf('secure', []).every(({ on }) => on))
  const off = controlsOf('upstream', []).filter(({ on }) => !on)
  assert.deepEqual(
    off.map(({ name }) => name),
    [
      'quota and limits in every new namespace',
      'new namespaces deny all traffic except DNS',
      'tokens only for ServiceAccounts with an RBAC grant',
      'restricted pods in every namespace',
      'workloads refused if their pods would be',
      'no pods for an operating system that no node has',
      'Pod Security levels lowered only with cluster rights',
      'system priorities only in kube-system',
      'events at a bounded rate',
      'no external IPs in Services',
      "only the API server writes the Service kubernetes' endpoints",
    ],
  )
})

test('controlsOf() marks plug-ins that were switched off by name', () => {
  const off = controlsOf('secure', ['PodSecurity']).filter(({ on }) => !on)
  assert.deepEqual(
    off.map(({ name, note }) => [name, note]),
    [
      ['restricted pods in every namespace', 'switched off: PodSecurity'],
      ['workloads refused if their pods would be', 'switched off: PodSecurity'],
    ],
  )
})

test('sizes and durations are formatted short', () => {
  assert.deepEqual([formatBytes(1), formatBytes(1 << 21), formatBytes(undefined)], ['1 KiB', '2.0 MiB', 'unknown'])
  assert.deepEqual([119, 7199, 172_799, 172_800].map(formatDuration), ['119s', '119m', '47h', '2d'])
})

test('unenforced() lists ready nodes that do not enforce network policies or do not report it, but no simulated ones', () => {
  const condition = (status: string, reason: string, message: string) => [
    { type: 'bulkhead.dev/NetworkPolicyEnforced', status, reason, message, lastHeartbeatTime: null, lastTransitionTime: null },
  ]
  const node = (name: string, conditions: Parameters<typeof policyFacts>[0], ready = true) => ({
    name,
    ready,
    networkPolicies: policyFacts(conditions),
  })
  const reported = unenforced([
    node('good', condition('True', 'RulesInForce', 'fine')),
    node('simulated', condition('False', 'SimulatedNode', 'none')),
    node('bad', condition('False', 'RulesMissing', 'nft is missing')),
    node('silent', []),
    node('gone', [], false),
  ])
  assert.deepEqual(reported, [
    'Node "bad" does not enforce network policies: nft is missing',
    'Node "silent" does not enforce network policies: the node does not report whether it enforces them',
  ])
})
