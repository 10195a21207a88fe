// The node of this machine as a witness of the audit log: what it saw outlives a server whose disk was put back, and a log that replaced another.
// Each test builds on the one before.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { AdminConnection } from '../admin-request.ts'
import { bulkhead, noContainers, TestCluster, temporaryFolder, until } from '../cluster.ts'
import { usesEtcd } from '../test-store.ts'

// In etcd, the store would not go back with the server's disk.
const skip = noContainers() || (usesEtcd ? 'the store is in etcd' : false)
const node = hostname().toLowerCase()
let dataDirectory: string
let copies: string
let cluster: TestCluster

before(async () => {
  if (skip !== false) return
  dataDirectory = temporaryFolder()
  copies = temporaryFolder()
  cluster = await TestCluster.start({ dataDirectory })
})

after(async () => {
  if (skip !== false) return
  await cluster?.[Symbol.asyncDispose]()
  for (const folder of [dataDirectory, copies]) rmSync(folder, { recursive: true, force: true })
})

const audit = () => join(dataDirectory, 'server', 'audit')
const witness = () => join(dataDirectory, 'node', 'witness')
/** What the server has on its disk; the node has its own user, and here another folder. */
const serverFolders = ['server', 'signer']
const copy = (from: string, to: string) => {
  for (const name of serverFolders) {
    rmSync(join(to, name), { recursive: true, force: true })
    execFileSync('cp', ['-a', join(from, name), to])
  }
}
const sizeIn = (path: string): number => (existsSync(path) ? Number(readFileSync(path, 'utf8').split('\n')[1]) : 0)
/** The first line of a checkpoint names its log. */
const originIn = (path: string): string => readFileSync(path, 'utf8').split('\n')[0] ?? ''
/** How many records the node has cosigned of the log that is there now. */
function cosigned(): number {
  const origin = originIn(join(audit(), 'tlog', 'checkpoint'))
  const paths = readdirSync(witness()).filter(name => name.endsWith('.checkpoint'))
  return Math.max(
    0,
    ...paths
      .map(name => join(witness(), name))
      .filter(path => originIn(path) === origin)
      .map(sizeIn),
  )
}
const write = (name: string) => cluster.kubectl('create', 'configmap', name)
const alarms = async (): Promise<string> =>
  (await bulkhead('status', '--data-dir', dataDirectory)).stdout
    .split('\n')
    .filter(line => line.includes('ALARM'))
    .join('\n')
const publicKey = () => readFileSync(join(witness(), 'witness.pub'), 'utf8').trim()
const verify = async (...flags: string[]) => await bulkhead('audit', 'verify', '--data-dir', dataDirectory, ...flags)

test('a node cosigns the audit log without any configuration, and "audit verify" accepts it', { skip }, async () => {
  await until('the node has cosigned', () => existsSync(join(audit(), 'tlog', 'witnessed')) && cosigned() > 0)
  const annotation = await cluster.kubectl('get', 'node', node, '-o', 'jsonpath={.metadata.annotations.bulkhead\\.dev/audit-witness}')
  assert.equal(annotation, publicKey())
  const { code, stdout } = await verify('--witness-key', publicKey())
  assert.equal(code, 0, stdout)
  assert.match(stdout, new RegExp(`witness bulkhead\\.dev/node/${node} saw the first \\d+ records at `))
  assert.equal(await alarms(), '')
})

test('a server whose disk was put back is an alarm in "bulkhead status"', { skip }, async () => {
  await cluster.stop('SIGTERM')
  copy(dataDirectory, copies)
  cluster = await TestCluster.start({ dataDirectory, port: cluster.port })
  const earlier = sizeIn(join(copies, 'server', 'audit', 'tlog', 'checkpoint'))
  // More than a start records: the log that was put back is still shorter when the node is shown it.
  const requests = 1000
  {
    using admin = new AdminConnection(cluster.kubeconfig)
    await Promise.all(Array.from({ length: requests }, () => admin.send({ path: '/api/v1/namespaces/default' })))
  }
  await until('the node has cosigned much more', () => cosigned() > earlier + requests)
  await cluster.stop('SIGTERM')
  copy(copies, dataDirectory)
  cluster = await TestCluster.start({ dataDirectory, port: cluster.port })
  await until('the alarm is shown', async () =>
    /ALARM +witness node .*: node .* saw \d+ records, and the log has \d+: it was rolled back/.test(await alarms()),
  )
  assert.notEqual(
    (await verify('--seen', join(witness(), readdirSync(witness()).find(name => name.endsWith('.checkpoint')) ?? ''))).code,
    0,
  )
})

test('a log that replaced another is not cosigned until the files of the first are removed from the node', { skip }, async () => {
  await cluster.stop('SIGTERM')
  for (const path of [audit(), join(dataDirectory, 'signer', 'audit-epoch.json')]) renameSync(path, `${path}.old`)
  const head = join(dataDirectory, 'signer', 'audit-head.json')
  writeFileSync(head, '{}')
  cluster = await TestCluster.start({ dataDirectory, port: cluster.port })
  await write('in-another-log')
  const fault =
    /ALARM +witness node .* fault: node .* saw another log that the key of this one signed, bulkhead\.dev\/audit\/[0-9a-f]{16} with \d+ records/
  await until('the alarm is shown', async () => fault.test(await alarms()))
  assert.equal(cosigned(), 0)
  const [, files = ''] = /remove \W*"(\/[^"\\]+)\.\*\W*"/.exec(await alarms()) ?? []
  assert.ok(files.startsWith(witness()), await alarms())
  for (const end of ['key', 'checkpoint']) rmSync(`${files}.${end}`)
  await write('in-another-log-that-is-known')
  await until('the node cosigns it', () => cosigned() > 0)
  await until('the alarm is over', async () => (await alarms()) === '')
})
