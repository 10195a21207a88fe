// Parts killed under load, and machines that are not as they should be: nothing acknowledged is lost, containers go on, and what cannot
// work ends in one sentence that says what to do.
import assert from 'node:assert/strict'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { verifyAuditLog } from '../src/access/audit/verify-log.testing.ts'
import { parseCheckpoint } from '../src/base/tlog/checkpoint.ts'
import { parseNote } from '../src/base/tlog/note.ts'
import { layout } from '../src/cli/up/data-directory.ts'
import { checkNodePrograms } from '../src/cli/up/node-programs.ts'
import { runtimeFor } from '../src/cli/up/runtime.ts'
import { AdminConnection } from './admin-request.ts'
import { bundledScript, freePort, noContainers, processesNaming, repository, run, TestCluster, temporaryFolder, until } from './cluster.ts'
import { machineTraces, newTraces } from './node/machine-traces.ts'
import { WriteLoad } from './write-load.ts'

const root = process.getuid?.() === 0

/** Starts `up`, which must exit with code 1; returns its only line of output. */
async function refusal(options: Parameters<typeof TestCluster.launch>[0]): Promise<string> {
  await using cluster = await TestCluster.launch({ flags: ['--control-plane-only'], ...options })
  const exit = await cluster.exited
  assert.equal(exit, 1, cluster.output)
  const lines = cluster.output.split('\n').filter(line => line.startsWith('bulkhead: '))
  assert.equal(lines.length, 1, cluster.output)
  assert.doesNotMatch(cluster.output, /^ +at /m)
  return lines[0] ?? ''
}

describe('what cannot work is said in one sentence', () => {
  test('a port that is taken', async () => {
    const other = createServer()
    const port = await freePort()
    await new Promise<void>(resolve => other.listen(port, '127.0.0.1', () => resolve()))
    assert.equal(
      await refusal({ port }),
      `bulkhead: Port ${port} on 127.0.0.1 is in use by another program: stop it, or choose another port with --port`,
    )
    other.close()
  })

  test('a data directory that is a file', async () => {
    const folder = temporaryFolder()
    const file = join(folder, 'file')
    writeFileSync(file, '')
    assert.match(await refusal({ dataDirectory: file }), /^bulkhead: The data directory ".*" is not a folder: /)
    rmSync(folder, { recursive: true })
  })

  test('a data directory in which no folders can be created', async () => {
    assert.match(
      await refusal({ dataDirectory: '/proc/bulkhead/data' }),
      /^bulkhead: The data directory ".*" is not writable for this user: /,
    )
  })

  test('a data directory that may not be written', { skip: root ? false : 'needs root to become another user' }, async () => {
    const folder = temporaryFolder()
    const { command } = await readableCopy(folder)
    const line = await refusal({ dataDirectory: join(folder, 'data'), userId: 65534, command })
    assert.match(line, /^bulkhead: The data directory ".*" is not writable for this user: .*\. Choose another one with --data-dir$/)
    rmSync(folder, { recursive: true })
  })

  test('a data directory that the unprivileged parts cannot reach', { skip: root ? false : 'needs root' }, async () => {
    const folder = temporaryFolder()
    chmodSync(folder, 0o700)
    assert.match(await refusal({ dataDirectory: join(folder, 'data') }), /cannot be reached by the unprivileged parts: .*chmod o\+x/)
    rmSync(folder, { recursive: true })
  })

  test('a data directory of another version', async () => {
    const folder = temporaryFolder()
    writeFileSync(join(folder, 'version'), '99\n')
    assert.match(
      await refusal({ dataDirectory: folder }),
      /has data version "99", but this Bulkhead reads version 1: use the Bulkhead that wrote it/,
    )
    rmSync(folder, { recursive: true })
  })

  test('a data directory that another cluster uses', async () => {
    await using cluster = await TestCluster.start({ flags: ['--control-plane-only'] })
    const line = await refusal({ dataDirectory: cluster.dataDirectory })
    assert.equal(
      line,
      `bulkhead: This data directory is in use by process ${cluster.pid}: stop it first, or choose another directory with --data-dir`,
    )
    assert.equal(await cluster.kubectl('get', '--raw', '/readyz'), 'ok')
  })

  test('a cluster whose store, keys or audit log are lost', async () => {
    const dataDirectory = temporaryFolder()
    const { server, signer } = layout(dataDirectory)
    await (await TestCluster.start({ flags: ['--control-plane-only'], dataDirectory })).stop()
    const store = join(server, 'store.db')
    renameSync(store, `${store}.away`)
    assert.match(
      await refusal({ dataDirectory }),
      /"[^"]+store\.db" is empty, but it was not before\. Restore the data directory from a backup/,
    )
    renameSync(`${store}.away`, store)
    for (const name of ['service-account-1.key', 'audit.key']) {
      const key = join(signer, name)
      renameSync(key, `${key}.away`)
      assert.ok((await refusal({ dataDirectory })).endsWith(`Key file "${name}" is missing. Restore the folder from a backup`))
      renameSync(`${key}.away`, key)
    }
    const audit = join(server, 'audit')
    renameSync(audit, `${audit}.away`)
    assert.match(
      await refusal({ dataDirectory }),
      /Cannot open the audit log in ".*": records are lost: the log ends with record 0, and record \d+ of it was signed\. .* restore the folder/,
    )
    rmSync(audit, { recursive: true })
    renameSync(`${audit}.away`, audit)
    // Nothing took their places.
    await using cluster = await TestCluster.start({ flags: ['--control-plane-only'], dataDirectory })
    assert.equal(await cluster.kubectl('get', '--raw', '/readyz'), 'ok')
    await cluster.stop()
    rmSync(dataDirectory, { recursive: true })
  })

  test('flags that mean nothing', async () => {
    assert.match(await refusal({ port: 70_000 }), /--port must be a whole number from 1 to 65535, got 70000/)
    assert.match(await refusal({ flags: ['--control-plane-only', '--simulated-nodes', '1'] }), /exclude each other/)
    assert.match(
      await refusal({ flags: ['--config', '/nothing.yaml'] }),
      /Cannot read the configuration file "\/nothing\.yaml": it does not exist/,
    )
  })

  test('programs of a node that are missing', () => {
    assert.throws(
      () => checkNodePrograms(path => !path.includes('containerd')),
      /Cannot run containers: containerd missing\. Install with "apt-get install containerd", or run without containers: --simulated-nodes 1/,
    )
    assert.throws(
      () => checkNodePrograms(() => false),
      /apt-get install containerd runc containernetworking-plugins iproute2 nftables conntrack busybox-static/,
    )
    checkNodePrograms(() => true)
  })

  test('a too old Node, if the package brings none', async () => {
    const folder = temporaryFolder()
    cpSync(join(repository, 'bin'), join(folder, 'bin'), { recursive: true })
    mkdirSync(join(folder, 'dist'))
    writeFileSync(join(folder, 'dist', 'cli.js'), '')
    const script = `Object.defineProperty(process.versions, 'node', { value: '20.1.0' }); await import(${JSON.stringify(join(folder, 'bin', 'bulkhead.mjs'))})`
    const { code, stderr } = await run(process.execPath, ['--input-type=module', '--eval', script])
    assert.equal(code, 1)
    assert.match(stderr, /^bulkhead: Node v\S+ is too old, 22\.13 or newer is needed/)
    rmSync(folder, { recursive: true })
  })
})

/** Node and the bundle in a place that every user can read, as `up` itself copies them for its parts. */
async function readableCopy(folder: string): Promise<{ command: readonly string[] }> {
  mkdirSync(join(folder, 'copy'))
  return { command: [...(await runtimeFor(bundledScript(), join(folder, 'copy'), true)), 'up'] }
}

test('SIGTERM to every process at once, as a service manager sends it, ends them in their order', async () => {
  const dataDirectory = temporaryFolder()
  {
    await using cluster = await TestCluster.start({ flags: ['--simulated-nodes', '1'], dataDirectory, terminal: true })
    const from = cluster.output.length
    assert.equal(await cluster.stop('SIGTERM'), 0)
    assert.equal(cluster.output.slice(from).trim(), 'Stopping …')
  }
  const { server } = layout(dataDirectory)
  assert.ok(existsSync(join(server, 'store.db')))
  // The store was closed, and the signer was still there to sign the end of the audit log.
  assert.ok(!existsSync(join(server, 'store.db-wal')))
  const { size, problems } = await verifyAuditLog(join(server, 'audit'))
  const checkpoint = parseCheckpoint(parseNote(readFileSync(join(server, 'audit', 'tlog', 'checkpoint'), 'utf8')).text)
  assert.deepEqual([problems, checkpoint.size], [[], size])
  rmSync(dataDirectory, { recursive: true })
})

describe('a full disk', { skip: root ? false : 'needs root to mount a small file system' }, () => {
  test('refuses writes with a sentence, and takes them again when there is room', async () => {
    const folder = temporaryFolder()
    const mounted = await run('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=755', 'bulkhead-test', folder])
    assert.equal(mounted.code, 0, mounted.stderr)
    try {
      await using cluster = await TestCluster.start({ flags: ['--control-plane-only'], dataDirectory: folder })
      using admin = new AdminConnection(cluster.kubeconfig)
      const load = new WriteLoad(admin, 'disk')
      await load.write()
      const ballast = join(folder, 'ballast')
      await run('dd', ['if=/dev/zero', `of=${ballast}`, 'bs=1M'])
      let refused = await load.attempt(4096)
      for (let tries = 0; refused.status === 201 && tries < 5000; tries++) refused = await load.attempt(4096)
      assert.ok(refused.status >= 500, refused.text)
      assert.equal(refused.body?.['kind'], 'Status')
      assert.match(refused.text, /writes are refused: no space is left for/, cluster.output)
      // Reads go on.
      assert.equal((await admin.send({ path: '/api/v1/namespaces/default' })).status, 200)
      rmSync(ballast)
      await until('writes are taken again', async () => (await load.attempt(10).catch(() => undefined))?.status === 201)
      await load.assertNothingLost()
    } finally {
      await run('umount', ['-l', folder])
      rmSync(folder, { recursive: true })
    }
  })
})

describe('a part killed under load', { skip: noContainers() }, () => {
  let cluster: TestCluster
  let admin: AdminConnection
  let dataDirectory: string
  let tracesBefore: string[]

  before(async () => {
    dataDirectory = temporaryFolder()
    tracesBefore = await machineTraces(dataDirectory)
    cluster = await TestCluster.start({ dataDirectory })
    admin = new AdminConnection(cluster.kubeconfig)
    // The loads write more ConfigMaps than a namespace may hold by default.
    await cluster.kubectl('delete', 'resourcequota', 'default')
    await cluster.kubectl('apply', '-f', join(repository, 'examples', 'hello.yaml'))
    await cluster.kubectl('rollout', 'status', 'deployment/hello')
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/visitor', '--timeout=150s')
  })

  after(async () => {
    admin?.[Symbol.dispose]()
    await cluster?.[Symbol.asyncDispose]()
    rmSync(dataDirectory, { recursive: true, force: true })
  })

  /** Names, container ids and restart counts of all pods. */
  const containers = () =>
    cluster.kubectl(
      'get',
      'pods',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name} {.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
    )

  async function works(): Promise<void> {
    const name = `after-${work++}`
    await cluster.kubectl('create', 'configmap', name)
    const text = await cluster.kubectl('exec', 'visitor', '--', 'wget', '-q', '-O', '-', 'http://hello')
    assert.equal(text, 'Hello from Bulkhead\n')
  }
  let work = 0

  const worksAtLast = () =>
    until('the cluster works', () =>
      works().then(
        () => true,
        () => false,
      ),
    )

  /** Kills the node and makes its next starts fail, one of them visibly; the returned function repairs it. */
  async function breakNode(): Promise<() => void> {
    const file = join(dataDirectory, 'node', 'pull-records.json')
    const kept = existsSync(file)
    if (kept) renameSync(file, `${file}.away`)
    mkdirSync(file)
    const { pid, restarts } = await cluster.part('node')
    process.kill(pid, 'SIGKILL')
    await until('the node has failed to start', async () =>
      (await cluster.status()).parts.some(part => part.name === 'node' && part.state === 'restarting' && part.restarts > restarts + 1),
    )
    return () => {
      rmSync(file, { recursive: true })
      if (kept) renameSync(`${file}.away`, file)
    }
  }

  for (const part of ['signer', 'server', 'controllers', 'artifacts', 'node', 'dns'])
    test(`kill -9 of the ${part}: it starts again, nothing acknowledged is lost, containers go on`, async () => {
      const running = await containers()
      const load = new WriteLoad(admin, part)
      load.start()
      await load.reaches(20)
      await cluster.killPart(part)
      assert.match(cluster.output, new RegExp(`The ${part} ended \\(signal SIGKILL\\); it is restarted in \\d+ ms\\.`))
      await load.reaches(load.acknowledged + 20)
      await load.stop()
      await load.assertNothingLost()
      await until('the cluster works', () =>
        works().then(
          () => true,
          () => false,
        ),
      )
      assert.equal(await containers(), running)
    })

  test('kill -9 of containerd: it starts again and finds its containers', async () => {
    const running = await containers()
    const [line] = (await processesNaming(dataDirectory)).filter(text => /\d+ containerd --config/.test(text))
    const pid = Number(line?.trim().split(' ')[0])
    process.kill(pid, 'SIGKILL')
    await until('another containerd runs', async () => {
      const others = (await processesNaming(dataDirectory)).filter(text => /\d+ containerd --config/.test(text))
      return others.length === 1 && !others[0]?.trim().startsWith(`${pid} `)
    })
    await until('exec works', () =>
      works().then(
        () => true,
        () => false,
      ),
    )
    assert.equal(await containers(), running)
  })

  test('a node that cannot restart leaves its containers running, and adopts them when it can', async () => {
    const running = await containers()
    const repair = await breakNode()
    repair()
    await worksAtLast()
    assert.equal(await containers(), running)
  })

  test('a new pod starts after all that', async () => {
    await cluster.kubectl('scale', 'deployment/hello', '--replicas=3')
    await cluster.kubectl('rollout', 'status', 'deployment/hello')
  })

  test('kill -9 of up itself: its parts end by themselves, and a new start takes over', async () => {
    const running = await containers()
    const { parts } = await cluster.status()
    const load = new WriteLoad(admin, 'up')
    load.start()
    await load.reaches(20)
    cluster.signal('SIGKILL')
    await cluster.exited
    await load.stop()
    await until('every part has ended', () => parts.every(({ pid }) => pid !== undefined && !isAlive(pid)))
    cluster = await TestCluster.start({ dataDirectory, port: cluster.port })
    await load.assertNothingLost()
    await worksAtLast()
    assert.equal(await containers(), running)
  })

  test('a clean stop then leaves nothing on the machine', async () => {
    assert.equal(await cluster.stop(), 0, cluster.output)
    assert.deepEqual(await newTraces(dataDirectory, tracesBefore), [])
  })

  test('a stop while the node cannot start leaves nothing either', async () => {
    cluster = await TestCluster.start({ dataDirectory, port: cluster.port })
    await worksAtLast()
    const repair = await breakNode()
    assert.equal(await cluster.stop(), 0, cluster.output)
    repair()
    assert.deepEqual(await newTraces(dataDirectory, tracesBefore), [])
  })

  test('a stop of the next start after a kill of up, before its node begins, leaves nothing either', async () => {
    cluster = await TestCluster.start({ dataDirectory, port: cluster.port })
    await worksAtLast()
    const { parts } = await cluster.status()
    cluster.signal('SIGKILL')
    await cluster.exited
    await until('every part has ended', () => parts.every(({ pid }) => pid !== undefined && !isAlive(pid)))
    assert.notDeepEqual(await newTraces(dataDirectory, tracesBefore), [])
    cluster = await TestCluster.launch({ dataDirectory, port: cluster.port })
    const names = () =>
      cluster.status().then(
        ({ parts }) => parts.map(({ name }) => name),
        () => [],
      )
    await until('the first part', async () => (await names()).length > 0)
    assert.equal(await cluster.stop(), 0, cluster.output)
    assert.deepEqual(await newTraces(dataDirectory, tracesBefore), [])
  })
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // ESRCH: no such process.
    return false
  }
}
