// Two machines, one cluster: a second node joins with the printed line, pods of both talk under policies, and nothing readable is on the wire.
import assert from 'node:assert/strict'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { defaultLinkPort, linkDevice } from '../../src/network/links/link-device.ts'
import { busyboxImage } from '../../src/node/images/builtin-images.ts'
import { nodeDirectory } from '../../src/node/machine/node-directory.ts'
import { temporaryFolder, until } from '../cluster.ts'
import { Capture } from './capture.ts'
import { Machine, noMachines } from './machine.ts'

const skip = noMachines()
const canary = 'nobody-on-the-wire-reads-this'
const ready = 'is Ready in the cluster'
let first: Machine
let second: Machine
let folder: string
/** The words behind `npx bulkhead` of the line to paste. */
let line: readonly string[]

before(async () => {
  if (skip !== false) return
  folder = temporaryFolder()
  ;[first, second] = await Machine.pair()
  await first.start(['up', '--node-name', 'm1'], 'Ctrl-C stops the cluster')
})

after(async () => {
  if (skip !== false) return
  await second[Symbol.asyncDispose]()
  await first[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true, force: true })
})

const pod = (name: string, node: string, app: string, script: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'default', labels: { app } },
  spec: {
    nodeSelector: { 'kubernetes.io/hostname': node },
    terminationGracePeriodSeconds: 1,
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 10001, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        name: 'c',
        image: busyboxImage,
        command: ['sh', '-c', script],
        securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
      },
    ],
  },
})
const serve = `trap exit TERM; while true; do printf 'HTTP/1.0 200 OK\\r\\n\\r\\n${canary}\\n' | nc -l -p 8080; done & wait`
const idle = 'trap exit TERM; sleep 86400 & wait'
const policy = (name: string, spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name, namespace: 'default' },
  spec,
})
const selector = (app: string) => ({ podSelector: { matchLabels: { app } } })

const addressOf = async (name: string) => (await first.kubectl('get', 'pod', name, '-o', 'jsonpath={.status.podIP}')).trim()

/** What the pod reads from there within two seconds. */
async function ask(name: string, url: string): Promise<string> {
  const flags = ['--kubeconfig', first.kubeconfig, 'exec', name, '--', 'wget', '-q', '-T', '2', '-O', '-', url]
  return (await first.run('kubectl', flags)).stdout.trim()
}

const untilRead = (name: string, url: string) => until(`${name} reads ${url}`, async () => (await ask(name, url)) === canary)

test('join-ticket create prints the line with which the second machine joins', { skip }, async () => {
  const { code, stdout, stderr } = await first.bulkhead('join-ticket', 'create', '--node', 'm2', '--data-dir', first.dataDirectory)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /^npx bulkhead join https:\/\/192\.0\.2\.1:6443 --ticket \S+ --ca-digest sha256:[0-9a-f]{64}\n$/)
  line = stdout.trim().split(' ').slice(2)
  await second.start(line, ready)
  const nodes = await first.kubectl('get', 'nodes', '-o', 'jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR}{"\\n"}{end}')
  assert.match(nodes, /^m1 10\.244\.\d+\.0\/24\nm2 10\.244\.\d+\.0\/24\n$/)
})

test('both machines are witnesses of the audit log', { skip }, async () => {
  const keyOf = (node: string) => first.kubectl('get', 'node', node, '-o', 'jsonpath={.metadata.annotations.bulkhead\\.dev/audit-witness}')
  const keys = await Promise.all(['m1', 'm2'].map(keyOf))
  const flags = keys.flatMap(key => ['--witness-key', key])
  await until('both have cosigned a checkpoint', async () => {
    const { code, stdout } = await first.bulkhead('audit', 'verify', '--data-dir', first.dataDirectory, ...flags)
    return code === 0 && ['m1', 'm2'].every(node => stdout.includes(`witness bulkhead.dev/node/${node} saw the first`))
  })
})

test('a machine that cannot join says why in one sentence, and nothing is made', { skip }, async () => {
  const [, url = '', , ticket = '', , digest = ''] = line
  const elsewhere = join(folder, 'none')
  const attempt = async (...args: string[]) => (await second.bulkhead('join', ...args, '--data-dir', elsewhere)).stderr
  assert.match(await attempt(...line.slice(1)), /^bulkhead: The join ticket was used already, .*\n$/)
  assert.match(await attempt(url, '--ticket', `${ticket}x`, '--ca-digest', digest), /has expired or is of another cluster/)
  assert.match(await attempt(url, '--ticket', ticket, '--ca-digest', `sha256:${'0'.repeat(64)}`), /is not the one of this ticket/)
  assert.match(await attempt('https://192.0.2.1:1', '--ticket', ticket, '--ca-digest', digest), /nothing listens there/)
  assert.match(await attempt(), /has not joined a cluster/)
  assert.throws(() => nodeDirectory(elsewhere).root.length === 0 || rmSync(elsewhere), /ENOENT/)
  const again = await first.bulkhead('join-ticket', 'create', '--node', 'm2', '--data-dir', first.dataDirectory)
  assert.match(again.stderr, /Node "m2" runs in this cluster already/)
})

test('pods of two nodes talk under policies of both ends, by address, Service and node port, and the wire shows nothing', {
  skip,
}, async () => {
  const capture = await Capture.start(first, join(folder, 'wire.pcap'))
  await first.apply(
    ...['m1', 'm2'].flatMap(node => [
      pod(`server-${node}`, node, 'server', serve),
      pod(`client-${node}`, node, 'client', idle),
      pod(`stranger-${node}`, node, 'stranger', idle),
      pod(`shut-${node}`, node, 'shut', serve),
    ]),
    policy('server', { ...selector('server'), ingress: [{ from: [selector('client'), { ipBlock: { cidr: '10.244.0.1/32' } }] }] }),
    policy('client', { ...selector('client'), policyTypes: ['Egress'], egress: [{ to: [selector('server'), selector('shut')] }] }),
    policy('stranger', { ...selector('stranger'), policyTypes: ['Egress'], egress: [{ to: [selector('server')] }] }),
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'other-node', namespace: 'default' },
      spec: { type: 'NodePort', selector: { 'bulkhead.test/far': 'yes' }, ports: [{ port: 80, targetPort: 8080, nodePort: 30080 }] },
    },
  )
  await first.kubectl('label', 'pod', 'server-m2', 'bulkhead.test/far=yes')
  await first.kubectl('wait', '--for=condition=Ready', 'pod', '--all', '--timeout=120s')
  const [far, near] = [await addressOf('server-m2'), await addressOf('server-m1')]
  await untilRead('client-m1', `http://${far}:8080`)
  await untilRead('client-m2', `http://${near}:8080`)
  await untilRead('client-m1', 'http://other-node')
  // The receiving end refuses strangers; the sending end lets clients go to pods that nobody may reach.
  assert.equal(await ask('stranger-m1', `http://${far}:8080`), '')
  assert.equal(await ask('stranger-m2', `http://${near}:8080`), '')
  assert.equal(await ask('client-m1', `http://${await addressOf('shut-m2')}:8080`), '')
  assert.equal((await first.run('busybox', ['wget', '-q', '-T', '5', '-O', '-', 'http://192.0.2.1:30080'])).stdout.trim(), canary)
  const { encrypted, podPackets, bytes } = await capture.end(defaultLinkPort)
  assert.ok(encrypted > 0)
  assert.deepEqual(podPackets, [])
  assert.equal(bytes.includes(canary), false)
})

test('a route that an administrator adds beside the links carries no packet of a pod in clear', { skip }, async () => {
  const capture = await Capture.start(first, join(folder, 'route.pcap'))
  const far = await addressOf('server-m2')
  await first.must('ip', 'route', 'replace', `${far}/32`, 'via', second.address)
  assert.equal(await ask('client-m1', `http://${far}:8080`), '')
  await first.must('ip', 'route', 'delete', `${far}/32`)
  await untilRead('client-m1', `http://${far}:8080`)
  const { podPackets, bytes } = await capture.end(defaultLinkPort)
  assert.deepEqual(podPackets, [])
  assert.equal(bytes.includes(canary), false)
})

test('a forged packet from the wire with the address of a pod reaches no pod', { skip }, async () => {
  const near = await addressOf('server-m1')
  const table = `bulkhead_${nodeDirectory(join(first.dataDirectory, 'node')).id}_links`
  const spoofed = async () => Number(/packets (\d+)/.exec(await first.must('nft', 'list', 'counter', 'inet', table, 'spoofed'))?.[1])
  const before = await spoofed()
  // The second machine does what a machine without rules could.
  const rules = `bulkhead_${nodeDirectory(join(second.dataDirectory, 'node')).id}_links`
  await second.must('nft', 'flush', 'chain', 'inet', rules, 'leaving')
  await second.must('ip', 'route', 'replace', `${near}/32`, 'via', first.address)
  assert.equal(await ask('client-m2', `http://${near}:8080`), '')
  assert.ok((await spoofed()) > before)
  await second.must('ip', 'route', 'delete', `${near}/32`)
})

test('a link between two nodes that is cut: pods of one node talk on, nothing passes in clear, and it heals', { skip }, async () => {
  const [far, local] = [await addressOf('server-m2'), await addressOf('server-m1')]
  const capture = await Capture.start(first, join(folder, 'cut.pcap'))
  const drop = `udp dport ${defaultLinkPort} drop; udp sport ${defaultLinkPort} drop;`
  const hook = (name: string) => `chain ${name} { type filter hook ${name} priority -300; ${drop} };`
  await first.must('nft', `add table inet test_cut { ${hook('input')} ${hook('output')} }`)
  assert.equal(await ask('client-m1', `http://${far}:8080`), '')
  await untilRead('client-m1', `http://${local}:8080`)
  await first.must('nft', 'delete', 'table', 'inet', 'test_cut')
  await untilRead('client-m1', `http://${far}:8080`)
  await untilRead('client-m2', `http://${local}:8080`)
  const { podPackets, bytes } = await capture.end(defaultLinkPort)
  assert.deepEqual(podPackets, [])
  assert.equal(bytes.includes(canary), false)
})

test('a DNS server that does not answer: pods reach addresses, and names again once it does', { skip }, async () => {
  const { stdout } = await first.bulkhead('status', '--output', 'json', '--data-dir', first.dataDirectory)
  const { parts } = JSON.parse(stdout) as { parts: { name: string; pid: number }[] }
  const dns = parts.find(({ name }) => name === 'dns')
  assert.ok(dns, stdout)
  process.kill(dns.pid, 'SIGSTOP')
  await untilRead('client-m1', `http://${await addressOf('server-m1')}:8080`)
  await untilRead('client-m1', `http://${await addressOf('server-m2')}:8080`)
  // Continued, or already replaced by its supervisor.
  await first.run('kill', ['-CONT', String(dns.pid)])
  await untilRead('client-m1', 'http://other-node')
})

test('a machine that is killed comes back without a ticket, and its pods talk again', { skip }, async () => {
  await second.stop('SIGKILL')
  await second.start(['join'], ready)
  await untilRead('client-m1', `http://${await addressOf('server-m2')}:8080`)
  await untilRead('client-m2', `http://${await addressOf('server-m1')}:8080`)
})

test('a removed node loses its certificates, its peer and its route at once', { skip }, async () => {
  const device = linkDevice(nodeDirectory(join(first.dataDirectory, 'node')).id)
  assert.notEqual((await first.must('wg', 'show', device, 'peers')).trim(), '')
  const drained = await first.bulkhead('node', 'drain', 'm2', '--data-dir', first.dataDirectory)
  assert.equal(drained.code, 0, drained.stderr)
  const { code, stdout, stderr } = await first.bulkhead('node', 'remove', 'm2', '--data-dir', first.dataDirectory)
  assert.equal(code, 0, stderr)
  assert.match(stdout, /Node "m2" is removed: its certificates are denied/)
  await until('the peer is gone', async () => (await first.must('wg', 'show', device, 'peers')).trim() === '')
  assert.equal((await first.must('ip', 'route', 'show', 'dev', device)).trim(), '')
  await until('the removed machine is refused', () => second.output.includes('401'))
  assert.equal((await first.kubectl('get', 'nodes', '-o', 'name')).trim(), 'node/m1')
})
