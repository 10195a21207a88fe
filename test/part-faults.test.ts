// Parts that hang, are overloaded or lose their disk: each is noticed and restarted, and nothing acknowledged is lost.
import assert from 'node:assert/strict'
import { rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { logFileName } from '../src/access/audit/log-files.ts'
import { layout } from '../src/cli/up/data-directory.ts'
import { AdminConnection } from './admin-request.ts'
import { run, TestCluster, temporaryFolder, until } from './cluster.ts'
import { WriteLoad } from './write-load.ts'

const configMaps = '/api/v1/namespaces/default/configmaps'

/** Limits of a process are its own user's to set. */
const runAs = (userId: number, command: readonly string[]) => {
  const user = String(userId)
  const switched = ['setpriv', '--reuid', user, '--regid', user, '--clear-groups', ...command]
  const [program = '', ...args] = process.getuid?.() === userId ? command : switched
  return run(program, args)
}

describe('parts of a cluster', () => {
  let cluster: TestCluster
  let admin: AdminConnection

  before(async () => {
    cluster = await TestCluster.start({ flags: ['--control-plane-only'] })
    admin = new AdminConnection(cluster.kubeconfig)
  })

  after(async () => {
    admin?.[Symbol.dispose]()
    await cluster?.[Symbol.asyncDispose]()
  })

  const requestToken = (audience: string) =>
    admin.json('POST', '/api/v1/namespaces/default/serviceaccounts/default/token', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { audiences: [audience] },
    })
  const isReady = async () => (await admin.send({ path: '/readyz' })).status === 200
  /** Part of that name runs in another process than this one, and is ready. */
  const replaced = async (name: string, pid: number) => {
    const part = (await cluster.status()).parts.find(candidate => candidate.name === name)
    return part !== undefined && part.pid !== pid && part.state === 'ready'
  }

  test('TokenRequests with large audiences do not stop the signer: too large ones are refused, the largest allowed are signed', async () => {
    await until('the account is there', async () => (await requestToken('a')).status === 201)
    const { restarts } = await cluster.part('signer')
    const refused = await Promise.all(Array.from({ length: 100 }, () => requestToken('\u4e2d'.repeat(4080))))
    for (const { status, text } of refused) {
      assert.equal(status, 422)
      assert.match(text, /spec\.audiences: Too long: may not be more than 4096 bytes/)
    }
    const signed = await Promise.all(Array.from({ length: 200 }, () => requestToken('\u4e2d'.repeat(1360))))
    assert.deepEqual(new Set(signed.map(({ status }) => status)), new Set([201]))
    assert.equal((await cluster.part('signer')).restarts, restarts)
    assert.ok(await isReady())
  })

  test('a signer that hangs: /readyz reports it, and it is killed and restarted', async () => {
    const { pid } = await cluster.part('signer')
    process.kill(pid, 'SIGSTOP')
    await until('the server is not ready', async () => (await admin.send({ path: '/readyz' })).text.includes('[-]signer failed'))
    await until('the signer is started again', () => replaced('signer', pid))
    assert.match(cluster.output, /The signer ended \(no answer for 30 s, killed\); it is restarted in \d+ ms\./)
    await until('the server is ready', isReady)
    assert.equal((await requestToken('a')).status, 201)
  })

  test('a store whose disk fails: the server ends and opens it again', async () => {
    const load = new WriteLoad(admin, 'failing')
    await load.write()
    const { server } = layout(cluster.dataDirectory)
    const { pid, userId } = await cluster.part('server')
    // Writes beyond this offset of a file fail, as on a broken disk. The audit log, whose records are small, reaches it last.
    const limit = statSync(join(server, 'audit', logFileName(1))).size + 65_536
    const limited = await runAs(userId, ['prlimit', '--pid', String(pid), `--fsize=${limit}:`])
    assert.equal(limited.code, 0, limited.stderr)
    await until('the server is started again', async () => {
      await load.attempt(100_000).catch(() => undefined)
      return await replaced('server', pid)
    })
    assert.match(cluster.output, /The server ended \(exit code 1\); it is restarted in \d+ ms\./)
    await until('writes are taken again', async () => (await load.attempt(10).catch(() => undefined))?.status === 201)
    await load.assertNothingLost()
  })
})

test('a store that was restored to an earlier state is refused, and taken with --accept-restored-store for one start', async () => {
  const dataDirectory = temporaryFolder()
  const { server } = layout(dataDirectory)
  const options = { flags: ['--control-plane-only'], dataDirectory }
  const write = async (name: string) => {
    await using cluster = await TestCluster.start(options)
    using admin = new AdminConnection(cluster.kubeconfig)
    const { status, text } = await admin.json('POST', configMaps, { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name } })
    assert.equal(status, 201, text)
  }
  const isThere = async (admin: AdminConnection, name: string) => (await admin.send({ path: `${configMaps}/${name}` })).status === 200
  await write('first')
  const copied = await run('cp', ['-a', join(server, 'store.db'), join(dataDirectory, 'older.db')])
  assert.equal(copied.code, 0, copied.stderr)
  await write('second')
  const restored = await run('cp', ['-a', join(dataDirectory, 'older.db'), join(server, 'store.db')])
  assert.equal(restored.code, 0, restored.stderr)
  {
    await using cluster = await TestCluster.launch(options)
    assert.equal(await cluster.exited, 1, cluster.output)
    assert.match(cluster.output, /^bulkhead: .*the store was restored to an earlier state, or lost its end\. .*--accept-restored-store/m)
  }
  {
    await using cluster = await TestCluster.start({ ...options, flags: [...options.flags, '--accept-restored-store'] })
    using admin = new AdminConnection(cluster.kubeconfig)
    assert.deepEqual([await isThere(admin, 'first'), await isThere(admin, 'second')], [true, false])
    // It is the end that counts from now on, also for the next life of the server.
    await cluster.killPart('server')
    assert.ok(await isThere(admin, 'first'))
  }
  await write('third')
  rmSync(dataDirectory, { recursive: true })
})
