// A running cluster is open to other users of its machine at one port, which authenticates them, and nothing else, whatever the umask
// of `up`.
import assert from 'node:assert/strict'
import { readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { listeningSockets } from '../src/assess/listening-sockets.ts'
import { AdminConnection } from './admin-request.ts'
import { TestCluster } from './cluster.ts'

let cluster: TestCluster
let admin: AdminConnection

before(async () => {
  const mask = process.umask(0)
  try {
    cluster = await TestCluster.launch({ flags: ['--simulated-nodes', '1'] })
  } finally {
    process.umask(mask)
  }
  await cluster.untilOutput('Ctrl-C stops the cluster')
  admin = new AdminConnection(cluster.kubeconfig)
})

after(async () => {
  admin?.[Symbol.dispose]()
  await cluster?.[Symbol.asyncDispose]()
})

const processes = async (): Promise<number[]> => [cluster.pid, ...(await cluster.status()).parts.flatMap(({ pid }) => pid ?? [])]

/** Paths below the folder that others may read, write or enter, each with its mode; content of closed folders is out of their reach. */
function openToOthers(folder: string, path = ''): string[] {
  return readdirSync(join(folder, path)).flatMap(name => {
    const below = join(path, name)
    const info = statSync(join(folder, below))
    const mode = info.mode & 0o777
    if ((mode & 0o007) === 0) return []
    return [`${below} ${mode.toString(8)}`, ...(info.isDirectory() ? openToOthers(folder, below) : [])]
  })
}

test('CVE-2019-11244: others may enter the folder of sockets and read the version, and reach no socket, key, record or object', () => {
  const found = openToOthers(cluster.dataDirectory)
  // Where the repository is closed to the parts' users, Node and the bundle are copied there.
  const own = found.filter(entry => !/^(lib|kubectl-cache)\b/.test(entry))
  // The public key of reports is for everybody who verifies one; advisories are public.
  assert.deepEqual(own, ['advisories 755', 'audit.pub 644', 'evidence.pub 644', 'run 711', 'version 644'])
  assert.ok(
    found.every(entry => !/[2367]$/.test(entry)),
    found.join('\n'),
  )
})

test('CVE-2019-11248: no signal opens the port of a debugger, and the API is the one port that there is', async () => {
  const before = await processes()
  for (const pid of before) process.kill(pid, 'SIGUSR1')
  assert.equal((await admin.send({ path: '/readyz' })).text, 'ok')
  assert.deepEqual(await processes(), before)
  const sockets = (await Promise.all(before.map(listeningSockets))).flat()
  assert.deepEqual(
    sockets.map(({ address, port }) => `${address}:${port}`),
    [`127.0.0.1:${cluster.port}`],
  )
  assert.doesNotMatch(cluster.output, /Debugger/)
})
