// A new user's steps, in the order of the README: start, apply the example, look, change, be refused, prove, stop, start again.
// Real kubectl, real containers. Each test builds on the one before.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { applyJsonPatch } from '../src/api/patch/json-patch.ts'
import { builtinImages, busyboxImage } from '../src/node/images/builtin-images.ts'
import { buildImage } from '../src/node/images/oci-image.ts'
import { bulkhead, noContainers, repository, TestCluster, temporaryFolder, until } from './cluster.ts'
import { machineTraces, newTraces } from './node/machine-traces.ts'

const skip = noContainers()
const example = join(repository, 'examples', 'hello.yaml')
let dataDirectory: string
let tracesBefore: string[]
let cluster: TestCluster

// The very command that users type; npm and all.
const npmStart = () =>
  TestCluster.start({ command: ['npm', '--prefix', repository, 'start', '--'], dataDirectory, terminal: true, port: cluster?.port })

before(async () => {
  if (skip !== false) return
  dataDirectory = temporaryFolder()
  tracesBefore = await machineTraces(dataDirectory)
  cluster = await npmStart()
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  rmSync(dataDirectory, { recursive: true, force: true })
})

test('npm start prints where the API is, what is secure, and what to type next', { skip }, async () => {
  const { output, kubeconfig, port } = cluster
  assert.match(output, new RegExp(`API +https://127\\.0\\.0\\.1:${port} \\(TLS 1\\.3 only\\)`))
  assert.match(output, new RegExp(`node +${hostname().toLowerCase()}, Ready \\(containerd\\)`))
  assert.match(output, /secure +.*restricted pods.*encrypted/)
  assert.ok(output.includes(`kubeconfig  ${kubeconfig}`))
  assert.ok(output.includes(`kubectl --kubeconfig ${kubeconfig} apply -f examples/hello.yaml`))
  assert.equal(statSync(kubeconfig).mode & 0o777, 0o600)
  assert.ok(output.slice(output.indexOf('Bulkhead is ready')).split('\n').length < 15)
  assert.match(await cluster.kubectl('get', 'nodes'), new RegExp(`^${hostname().toLowerCase()} +Ready `, 'm'))
})

test('the parts run as users of their own, and only the node agent as root', { skip }, async () => {
  const { parts } = await cluster.status()
  const users = new Map(parts.map(({ name, pid }) => [name, statSync(`/proc/${pid}`).uid]))
  assert.deepEqual(
    [...users].filter(([, user]) => user === 0).map(([name]) => name),
    ['node'],
  )
  assert.equal(new Set(users.values()).size, users.size)
})

test('kubectl apply runs the example', { skip }, async () => {
  await cluster.kubectl('apply', '-f', example)
  await cluster.kubectl('rollout', 'status', 'deployment/hello')
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/visitor', '--timeout=150s')
  const table = await cluster.kubectl('get', 'pods', '-o', 'wide')
  assert.match(table, /^NAME +READY +STATUS +RESTARTS +AGE +IP +NODE +NOMINATED NODE +READINESS GATES$/m)
  assert.equal(
    table.match(new RegExp(`^hello-\\S+ +1/1 +Running +0 +\\S+ +10\\.244\\.\\S+ +${hostname().toLowerCase()} `, 'gm'))?.length,
    2,
    table,
  )
  assert.match(await cluster.kubectl('apply', '-f', example), /deployment\.apps\/hello unchanged/)
})

test('kubectl describe shows containers, conditions and events', { skip }, async () => {
  let text = ''
  // Events are written behind the status that they explain.
  await until('the events of both pods', async () => {
    text = await cluster.kubectl('describe', 'pods', '-l', 'app=hello')
    return text.split('Started container web').length > 2
  })
  assert.match(text, /Container ID: +containerd:\/\/[0-9a-f]{64}/)
  assert.match(text, new RegExp(`Image: +${busyboxImage}`))
  assert.match(text, /Ready +True/)
  assert.match(text, /Normal +Scheduled .*Successfully assigned default\/hello-/)
  assert.match(text, /Normal +Started .*Started container web/)
})

test('kubectl logs -f follows a pod that asks the Service by its name', { skip }, async () => {
  const logs = cluster.spawnKubectl('logs', '-f', 'visitor')
  let text = ''
  logs.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  // The second answer comes after the first was printed: it was followed, not only read.
  await until('two answers of the Service in the log', () => text.split('Hello from Bulkhead').length > 2)
  logs.kill()
  await once(logs, 'close')
})

test('kubectl exec runs a command, hands input on, and gives its exit code', { skip }, async () => {
  assert.equal(await cluster.kubectl('exec', 'deploy/hello', '--', 'id', '-u'), '10001\n')
  const input = `${'x'.repeat(100_000)}\n`
  assert.deepEqual(await cluster.tryKubectl(['exec', '-i', 'visitor', '--', 'cat'], input), { code: 0, stdout: input, stderr: '' })
  const failed = await cluster.tryKubectl(['exec', 'visitor', '--', 'sh', '-c', 'echo out; echo err >&2; exit 7'])
  assert.equal(failed.code, 7)
  assert.equal(failed.stdout, 'out\n')
  assert.match(failed.stderr, /^err\n/)
  const readOnly = await cluster.tryKubectl(['exec', 'visitor', '--', 'touch', '/x'])
  assert.match(readOnly.stderr, /Read-only file system/)
})

test('kubectl port-forward reaches the pod', { skip }, async () => {
  const forward = cluster.spawnKubectl('port-forward', 'service/hello', ':80')
  let text = ''
  for (const stream of [forward.stdout, forward.stderr])
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk
    })
  await until('port-forward listens', () => /127\.0\.0\.1:\d+/.test(text) || forward.exitCode !== null)
  const port = /127\.0\.0\.1:(\d+)/.exec(text)?.[1]
  assert.ok(port, text)
  for (let round = 0; round < 3; round++) assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'Hello from Bulkhead\n')
  forward.kill()
  await once(forward, 'close')
})

test('the Service answers on its address on the machine itself', { skip }, async () => {
  const address = await cluster.kubectl('get', 'service', 'hello', '-o', 'jsonpath={.spec.clusterIP}')
  assert.equal(await (await fetch(`http://${address}/`)).text(), 'Hello from Bulkhead\n')
})

test('kubectl scale, set image and rollout undo replace the pods', { skip }, async () => {
  await cluster.kubectl('scale', 'deployment/hello', '--replicas=3')
  await cluster.kubectl('rollout', 'status', 'deployment/hello')
  const readyPods = () =>
    cluster.kubectl('get', 'deployment', 'hello', '-o', 'jsonpath={.status.readyReplicas} {.spec.template.spec.containers[0].image}')
  assert.equal(await readyPods(), `3 ${busyboxImage}`)

  const other = 'example.com/hello:2'
  const archive = join(dataDirectory, 'hello-2.tar')
  writeFileSync(archive, await otherImage(other))
  const imported = await bulkhead('image', 'import', archive, '--data-dir', dataDirectory)
  assert.equal(imported.code, 0, imported.stderr)
  assert.ok((await bulkhead('image', 'list', '--data-dir', dataDirectory)).stdout.includes('example.com/hello'))
  await cluster.kubectl('set', 'image', 'deployment/hello', `web=${other}`)
  await cluster.kubectl('rollout', 'status', 'deployment/hello')
  assert.equal(await readyPods(), `3 ${other}`)
  // kubectl would choose the pod that has been ready for longest, also one that is being stopped.
  await until(
    'the old pods are gone',
    async () => (await cluster.kubectl('get', 'pods', '-l', 'app=hello', '-o', 'name')).trim().split('\n').length === 3,
  )
  assert.equal(await cluster.kubectl('exec', 'deploy/hello', '--', 'cat', '/release'), 'two\n')
  assert.match(await cluster.kubectl('rollout', 'history', 'deployment/hello'), /^2 +<none>$/m)
  await cluster.kubectl('rollout', 'undo', 'deployment/hello')
  await cluster.kubectl('rollout', 'status', 'deployment/hello')
  assert.equal(await readyPods(), `3 ${busyboxImage}`)
})

async function otherImage(name: string): Promise<Buffer> {
  const [, busybox] = await builtinImages(new AbortController().signal)
  assert.ok(busybox)
  return buildImage({
    name,
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    user: '65532:65532',
    command: ['httpd', '-f'],
    files: [
      { path: 'bin/', mode: 0o755 },
      { path: 'bin/busybox', mode: 0o755, content: readFileSync('/usr/bin/busybox') },
      ...['httpd', 'cat', 'sh'].map(applet => ({ path: `bin/${applet}`, mode: 0o777, linkTo: 'busybox' })),
      { path: 'release', mode: 0o644, content: Buffer.from('two\n') },
      { path: 'www/', mode: 0o755 },
    ],
  }).archive
}

/** The patch in the refusal. */
function patchIn(message: string): unknown[] {
  const patch: unknown = JSON.parse(/would pass: (\[.*\])$/m.exec(message)?.[1] ?? 'null')
  assert.ok(Array.isArray(patch), message)
  return patch
}

test('a privileged pod is refused with field and rule, and passes with the patch that the refusal names', { skip }, async () => {
  const bad = ['run', 'bad', `--image=${busyboxImage}`, '--privileged', '--command', '--', 'sleep', '1000']
  const { code, stderr } = await cluster.tryKubectl(bad)
  assert.equal(code, 1)
  assert.match(
    stderr,
    /pods "bad" is forbidden: violates PodSecurity "restricted:latest": privileged \(container "bad" must not set securityContext\.privileged=true\)/,
  )
  assert.match((await cluster.tryKubectl(['get', 'pod', 'bad'])).stderr, /NotFound/)
  const local = JSON.parse(await cluster.kubectl(...bad.slice(0, 4), '--dry-run=client', '-o', 'json', ...bad.slice(4)))
  const mended = applyJsonPatch(local, patchIn(stderr))
  assert.deepEqual(await cluster.tryKubectl(['create', '-f', '-'], JSON.stringify(mended)), {
    code: 0,
    stdout: 'pod/bad created\n',
    stderr: '',
  })
  await cluster.kubectl('wait', '--for=condition=Ready', 'pod/bad', '--timeout=150s')
  await cluster.kubectl('delete', 'pod', 'bad', '--grace-period=1')
})

test('a Deployment that could never start a pod is refused itself, and passes with its patch', { skip }, async () => {
  const bad = ['create', 'deployment', 'bad', `--image=${busyboxImage}`]
  const { code, stderr } = await cluster.tryKubectl(bad)
  assert.equal(code, 1)
  assert.match(stderr, /deployments\.apps "bad" is forbidden: violates PodSecurity "restricted:latest"/)
  const local = JSON.parse(await cluster.kubectl(...bad, '--dry-run=client', '-o', 'json'))
  const mended = applyJsonPatch(local, patchIn(stderr))
  const created = await cluster.tryKubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(mended))
  assert.deepEqual(created, { code: 0, stdout: 'deployment.apps/bad created (server dry run)\n', stderr: '' })
})

test('bulkhead status shows parts, certificates, store and controls', { skip }, async () => {
  const { code, stdout, stderr } = await bulkhead('status', '--data-dir', dataDirectory)
  assert.equal(code, 0, stdout + stderr)
  for (const part of ['signer', 'server', 'controllers', 'artifacts', 'node', 'dns']) assert.match(stdout, new RegExp(`\\b${part}\\b`))
  const { running, parts } = JSON.parse((await bulkhead('status', '--data-dir', dataDirectory, '--output', 'json')).stdout)
  assert.equal(running, true)
  assert.deepEqual(
    parts.map((part: { state: string }) => part.state),
    Array.from(parts, () => 'ready'),
  )
})

test('bulkhead prove runs every proof and all hold, with a signed report that is evidence', { skip }, async () => {
  const report = join(dataDirectory, 'evidence.json')
  const { code, stdout, stderr } = await bulkhead('prove', '--data-dir', dataDirectory, '--report', report)
  // 3: nothing failed, and there is no registry of the cluster's own to be attacked, nor a second machine.
  // What failed comes first: a long message is cut.
  const failed = stdout.split(/\n(?=\S)/).filter(line => line.startsWith('FAIL'))
  assert.equal(code, 3, [...failed, stdout, stderr].join('\n'))
  assert.deepEqual(stdout.match(/^SKIP \S+/gm)?.sort(), ['SKIP N3', 'SKIP S11', 'SKIP S12'])
  for (const id of ['A1', 'A3', 'A5', 'A7', 'C3', 'C4', 'P1', 'S5', 'T2', 'O11']) assert.match(stdout, new RegExp(`\\b${id}\\b`))
  const verified = await bulkhead('evidence', 'verify', report, '--data-dir', dataDirectory)
  assert.deepEqual([verified.code, verified.stdout.split(':')[0]], [3, 'AUTHENTIC'], verified.stdout + verified.stderr)
})

test('kubectl delete removes pods and containers', { skip }, async () => {
  await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=1')
  await cluster.kubectl('delete', 'pod', 'visitor', '--grace-period=1')
  await cluster.kubectl('scale', 'deployment/hello', '--replicas=1')
  await until('one pod is left', async () => (await cluster.kubectl('get', 'pods', '-o', 'name')).trim().split('\n').length === 1)
})

/** npm ends itself with the signal once its child has ended. */
const cleanExits: readonly (number | string)[] = [0, 'SIGINT']

async function ctrlC(): Promise<{ exit: number | string }> {
  const { pid } = await cluster.status()
  const exit = await cluster.stop('SIGINT')
  // npm may end before the process that it started.
  await until('up has ended', () => !existsSync(`/proc/${pid}`))
  return { exit }
}

test('Ctrl-C ends all and leaves nothing on the machine', { skip }, async () => {
  const { exit } = await ctrlC()
  assert.ok(cleanExits.includes(exit), `${exit}\n${cluster.output}`)
  assert.match(cluster.output, /Stopping …/)
  assert.deepEqual(await newTraces(dataDirectory, tracesBefore), [])
})

test('a second start continues with the same data', { skip }, async () => {
  const credentials = readFileSync(cluster.kubeconfig)
  cluster = await npmStart()
  assert.deepEqual(readFileSync(cluster.kubeconfig), credentials)
  assert.equal(await cluster.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}'), '1')
  await cluster.kubectl('rollout', 'status', 'deployment/hello')
  await cluster.kubectl('delete', '-f', example, '--ignore-not-found')
  await until('no pods', async () => (await cluster.kubectl('get', 'pods', '-o', 'name')) === '')
  await ctrlC()
  assert.deepEqual(await newTraces(dataDirectory, tracesBefore), [])
})
