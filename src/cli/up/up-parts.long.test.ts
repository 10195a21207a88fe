import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { getPriority, tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { untilAborted } from '../../base/async/abort.ts'
import { type Clock, systemClock } from '../../base/clock.ts'
import { createConfig, type Settings } from '../../base/config/config.ts'
import { silentLogger } from '../../base/log.ts'
import { until } from '../../base/testing/wait-until.testing.ts'
import { FakeClock } from '../../client/testing/fake-clock.ts'
import { beginMessage } from '../parts/part-process.ts'
import { clusterAddresses } from './addresses.ts'
import { layout } from './data-directory.ts'
import { heartbeatMs } from './heartbeat.ts'
import { greeting } from './messages.ts'
import { checkNodePrograms } from './node-programs.ts'
import { type PartDefinition, Supervisor } from './supervisor.ts'

const machine = { root: false, home: '/home/u', hostName: 'edge', stateHome: undefined }
const folder = () => mkdtempSync(join(tmpdir(), 'up-'))

test('checkNodePrograms() names each missing program and the command that installs it', () => {
  checkNodePrograms(() => true)
  assert.throws(
    () => checkNodePrograms(path => !path.includes('runc') && !path.includes('nft')),
    /^UserError: Cannot run containers: runc, nft missing\. Install with "apt-get install runc nftables"/,
  )
})

test('clusterAddresses() advertises only addresses that pods can reach', () => {
  const loopback = clusterAddresses(createConfig(machine, { port: 7000 }))
  assert.equal(loopback.server, 'https://127.0.0.1:7000')
  assert.equal(loopback.advertised, undefined)
  assert.ok(loopback.ipAddresses.includes('10.96.0.1'))
  const named = clusterAddresses(createConfig(machine, { bindAddress: '192.0.2.7' }))
  assert.equal(named.advertised, '192.0.2.7')
  assert.ok(named.ipAddresses.includes('192.0.2.7'))
  assert.deepEqual([named.hosts, named.podsOnly], [['192.0.2.7'], undefined])
})

test('clusterAddresses() adds an address for pods only if a real node has none that they reach', () => {
  const withNode = (settings: Settings) => clusterAddresses(createConfig({ ...machine, root: true }, settings))
  for (const bindAddress of ['127.0.0.1', '::1', 'fd00::7']) {
    const { podsOnly, advertised, hosts, ipAddresses } = withNode({ bindAddress })
    assert.match(podsOnly ?? '', /^(10\.254|172\.30|192\.168)\./)
    assert.deepEqual([advertised, hosts], [podsOnly, [bindAddress, podsOnly]])
    assert.ok(ipAddresses.includes(podsOnly ?? ''))
  }
  assert.deepEqual(
    [withNode({ bindAddress: '192.0.2.7' }).podsOnly, withNode({ bindAddress: '192.0.2.7' }).advertised],
    [undefined, '192.0.2.7'],
  )
  assert.equal(withNode({ bindAddress: '127.0.0.1', simulatedNodes: 1 }).podsOnly, undefined)
  assert.equal(withNode({ bindAddress: '127.0.0.1', controlPlaneOnly: true }).podsOnly, undefined)
})

test('greeting() names the data directory and the example folder if they are not the defaults', () => {
  const config = createConfig(machine, {})
  const text = (isDefault: boolean, currentFolder = '/home/u') =>
    greeting({
      ...{ config, directory: layout(config.dataDirectory), server: 'https://a', registry: undefined, isDefault },
      ...{ example: '/opt/bulkhead/examples/hello.yaml', currentFolder },
    })
  assert.match(text(false), /npx bulkhead prove --data-dir \/home\/u/)
  assert.doesNotMatch(text(true), /prove --data-dir/)
  assert.match(text(true), /1 simulated, Ready/)
  assert.match(text(true), / apply -f \/opt\/bulkhead\/examples\/hello\.yaml\n/)
  assert.match(text(true, '/opt/bulkhead'), / apply -f examples\/hello\.yaml\n/)
})

test('greeting() does not claim a protection that this start has switched off', () => {
  const line = (settings: Settings) => {
    const config = createConfig(machine, settings)
    const text = greeting({
      ...{ config, directory: layout(config.dataDirectory), server: 'https://a', registry: undefined, isDefault: true },
      ...{ example: '/opt/hello.yaml', currentFolder: '/home/u' },
    })
    return text.split('\n').find(line => line.includes('secure ')) ?? ''
  }
  assert.match(line({}), /restricted pods, no traffic/)
  assert.doesNotMatch(line({}), /OFF/)
  assert.doesNotMatch(line({ insecureDisableAdmissionPlugins: 'PodSecurity' }), /restricted pods/)
  assert.match(line({ insecureDisableAdmissionPlugins: 'PodSecurity' }), /OFF: PodSecurity$/)
  assert.match(line({ insecureDisableAdmissionPlugins: 'ResourceQuota' }), /restricted pods.* OFF: ResourceQuota$/)
  assert.match(line({ profile: 'upstream' }), /NO: profile "upstream"/)
})

/** A part that reports ready, at once or when it may begin; its settings decide what it does next. */
const script = `
process.once('message', ({ settings }) => {
  if (settings.says !== undefined) { process.send(settings.says); return }
  if (settings.waits) { process.once('message', begin => process.send({ type: 'ready', details: { begin } })); return }
  if (settings.fatal) { process.send({ type: 'fatal', message: settings.fatal }, () => process.exit(1)); return }
  process.send({ type: 'ready', details: { life: settings.life } }, () => { if (settings.life < 3) process.exit(7) })
})
process.on('message', message => { if (message === 'stop') process.exit(0) })
process.on('message', message => { if (message === 'alive?') process.send({ type: 'alive' }) })
process.on('message', ({ change }) => { if (change) process.send({ type: 'details', details: { change } }) })
// Without the channel the process would end by itself.
process.channel.ref()
process.on('SIGTERM', () => process.send({ type: 'terminated' }))
`

async function supervised(
  settings: () => object,
  test: (supervisor: Supervisor, part: PartDefinition, restarts: string[], stop: AbortController) => Promise<void>,
  // Back-off without waiting: the test is about the order of runs, not their timing.
  sleep: Clock['sleep'] = (ms, signal) => (ms === heartbeatMs ? systemClock.sleep(ms, signal) : Promise.resolve()),
) {
  const path = folder()
  const file = join(path, 'part.cjs')
  writeFileSync(file, script)
  const restarts: string[] = []
  const stop = new AbortController()
  await using supervisor = new Supervisor({
    command: [process.execPath, file],
    logLevel: 'silent',
    clock: { ...systemClock, sleep },
    log: silentLogger,
    stopping: stop.signal,
    onRestart: (_part, exit) => restarts.push(exit),
  })
  await test(supervisor, { name: 'x', settings, environment: {}, nodeFlags: [], stopTimeoutMs: 10_000 }, restarts, stop)
  stop.abort('stop')
  rmSync(path, { recursive: true })
}

test('Supervisor restarts a part that dies, with new settings for each run', async () => {
  let lives = 0
  await supervised(
    () => ({ life: ++lives }),
    async (supervisor, part, restarts) => {
      assert.deepEqual(await supervisor.start(part), { life: 1 })
      await until(() => supervisor.states()[0]?.details['life'] === 3, 'life 3')
      assert.deepEqual(restarts, ['exit code 7', 'exit code 7'])
      assert.equal(supervisor.states()[0]?.restarts, 2)
    },
  )
})

test('Supervisor sends changes to a part, and again to each later run', async () => {
  let lives = 0
  await supervised(
    () => ({ life: ++lives + 2 }),
    async (supervisor, part) => {
      const details = () => supervisor.states()[0]?.details ?? {}
      const reported = async (change: string, life: number) => {
        await until(() => details()['change'] === change && details()['life'] === life, `${change} in life ${life}`)
      }
      supervisor.change('x', 'nobody is there yet')
      await supervisor.start(part)
      supervisor.change('y', 'for another')
      supervisor.change('x', 'first')
      supervisor.change('x', 'second')
      await reported('second', 3)
      process.kill(supervisor.states()[0]?.pid ?? 0, 'SIGTERM')
      await reported('second', 4)
    },
  )
})

test('Supervisor lets a part that got SIGTERM end, and restarts it', async () => {
  let lives = 0
  await supervised(
    () => ({ life: ++lives + 2 }),
    async (supervisor, part, restarts) => {
      await supervisor.start(part)
      process.kill(supervisor.states()[0]?.pid ?? 0, 'SIGTERM')
      await until(() => supervisor.states()[0]?.details['life'] === 4, 'life 4')
      assert.deepEqual(restarts, ['exit code 0'])
    },
  )
})

test('Supervisor keeps a part running whose SIGTERM comes shortly before its own', async () => {
  const reported = Promise.withResolvers<void>()
  const untilTold: Clock['sleep'] = (ms, signal) => {
    if (ms !== heartbeatMs) reported.resolve()
    return untilAborted(Promise.withResolvers<void>().promise, signal ?? new AbortController().signal)
  }
  await supervised(
    () => ({ life: 3 }),
    async (supervisor, part, restarts, stop) => {
      await supervisor.start(part)
      const { pid = 0 } = supervisor.states()[0] ?? {}
      process.kill(pid, 'SIGTERM')
      await reported.promise
      stop.abort('stop')
      await new Promise(resolve => setImmediate(resolve))
      // Throws if there is no such process.
      process.kill(pid, 0)
      assert.deepEqual([supervisor.states()[0]?.state, restarts], ['ready', []])
    },
    untilTold,
  )
})

test('Supervisor kills a part that hangs, and restarts it', async () => {
  let lives = 0
  const clock = new FakeClock()
  await supervised(
    () => ({ life: ++lives + 2 }),
    async (supervisor, part, restarts) => {
      await supervisor.start(part)
      const { pid = 0 } = supervisor.states()[0] ?? {}
      process.kill(pid, 'SIGSTOP')
      // A heartbeat each turn until it is killed, then the back-off; the clock stands still while the next run starts.
      while (supervisor.states()[0]?.details['life'] !== 4) {
        if (supervisor.states()[0]?.pid === pid) await clock.advance(heartbeatMs)
        await new Promise(resolve => setImmediate(resolve))
      }
      assert.deepEqual(restarts, ['no answer for 30 s, killed'])
      assert.notEqual(supervisor.states()[0]?.pid, pid)
      assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' })
    },
    (ms, signal) => clock.sleep(ms, signal),
  )
})

test('Supervisor survives invalid messages of a compromised part, and restarts it', async () => {
  const details = Object.fromEntries(Array.from({ length: 100 }, (_, index) => [index, 'x'.repeat(10_000)]))
  for (const says of [null, { cmd: 'NODE_HANDLE', type: 'x' }, 'x'.repeat(2_000_000)]) {
    let lives = 0
    await supervised(
      () => (++lives === 2 ? { says } : { life: lives < 2 ? 1 : 3 }),
      async (supervisor, part, restarts) => {
        await supervisor.start(part)
        await until(() => supervisor.states()[0]?.details['life'] === 3, 'life 3')
        assert.deepEqual(restarts[0], 'exit code 7')
        assert.match(restarts[1] ?? '', /^(a message|an unknown message).*, killed$/)
      },
    )
  }
  let lives = 0
  await supervised(
    () => (++lives === 1 ? { says: { type: 'ready', details } } : { life: 3 }),
    async (supervisor, part, restarts) => {
      await supervisor.start(part)
      supervisor.change('x', 'x'.repeat(100_000))
      await until(() => supervisor.states()[0]?.details['life'] === 3, 'life 3')
      assert.deepEqual(restarts, ['too many details, killed'])
    },
  )
})

test('Supervisor retries if a later run of a part gets no settings', async () => {
  let lives = 0
  await supervised(
    () => {
      if (++lives === 2) throw new Error('connect ECONNREFUSED')
      return { life: lives }
    },
    async (supervisor, part, restarts) => {
      await supervisor.start(part)
      await until(() => supervisor.states()[0]?.details['life'] === 3, 'life 3')
      assert.deepEqual(restarts, ['exit code 7', 'not started: connect ECONNREFUSED'])
    },
  )
})

test('Supervisor rejects if the first run of a part gets no settings', async () => {
  const settings = () => {
    throw new Error('connect ECONNREFUSED')
  }
  await supervised(settings, (supervisor, part) => assert.rejects(supervisor.start(part), /connect ECONNREFUSED/))
})

test('Supervisor rejects with the message of a part that cannot start', async () => {
  await supervised(
    () => ({ fatal: 'Port 1 is taken' }),
    async (supervisor, part) => {
      await assert.rejects(supervisor.start(part), /^UserError: Port 1 is taken$/)
    },
  )
})

test('Supervisor starts a part at once, and lets it begin when the others are ready', async () => {
  let waiting = true
  await supervised(
    () => ({ waits: waiting, life: 3 }),
    async (supervisor, part) => {
      const others = Promise.withResolvers<void>()
      const begun = supervisor.start(part, others.promise)
      await until(() => supervisor.states()[0]?.pid !== undefined, 'a process')
      // When two parts that wait for nothing are ready, one after the other, this one would be ready as well.
      waiting = false
      for (const name of ['y', 'z']) await supervisor.start({ ...part, name })
      assert.equal(supervisor.states()[0]?.state, 'starting')
      others.resolve()
      assert.deepEqual(await begun, { begin: beginMessage })
    },
  )
})

for (const { name, stopped, want } of [
  { name: 'cleans up after a part that is not running when all stop', stopped: true, want: ['x'] },
  { name: 'does not clean up after a part that ends by itself', stopped: false, want: [] },
]) {
  test(`Supervisor ${name}`, async () => {
    const asleep = Promise.withResolvers<void>()
    const untilStop: Clock['sleep'] = (_ms, signal) => {
      asleep.resolve()
      return untilAborted(Promise.withResolvers<void>().promise, signal ?? new AbortController().signal)
    }
    const cleaned: string[] = []
    await supervised(
      () => ({ life: 1 }),
      async (supervisor, part, _restarts, stop) => {
        const ofPart = (name: string) => ({ ...part, name, cleanUp: async () => void cleaned.push(name) })
        await supervisor.start(ofPart('x'))
        await asleep.promise
        await supervisor.start({ ...ofPart('y'), settings: () => ({ life: 3 }) })
        if (stopped) stop.abort('stop')
        await supervisor[Symbol.asyncDispose]()
      },
      untilStop,
    )
    assert.deepEqual(cleaned, want)
  })
}

test('Supervisor cleans up after a part that was about to start when a stop came', async () => {
  const cleaned: string[] = []
  await supervised(
    () => ({ life: 3 }),
    async (supervisor, part, _restarts, stop) => {
      const ofPart = (name: string) => ({ ...part, name, cleanUp: async () => void cleaned.push(name) })
      const [node, dns] = [ofPart('node'), ofPart('dns')]
      for (const definition of [node, dns]) supervisor.expect(definition)
      await supervisor.start(ofPart('server'))
      await supervisor.start(node)
      stop.abort('stop')
    },
  )
  assert.deepEqual(cleaned, ['dns'])
})

/** Nice values of the threads of a process, the main thread first: field 19 of `stat`, whose second field may contain spaces. */
function niceOf(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`).toSorted((a, b) => Number(a) - Number(b))
  return threads.map(thread => Number(readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8').replace(/.*\) /, '').split(' ')[16]))
}

test('Supervisor sets the priority of the event loop of a ready part, not of its other threads', async () => {
  await supervised(
    () => ({ life: 3 }),
    async (supervisor, part) => {
      const own = getPriority()
      await supervisor.start({ ...part, priority: { loop: own + 3 } })
      const [loop, ...others] = niceOf(supervisor.states()[0]?.pid ?? 0)
      assert.equal(loop, own + 3)
      assert.ok(others.length > 0 && others.every(nice => nice === own), others.join())
    },
  )
})

test('Supervisor starts a part whose priority it may not set', {
  skip: process.getuid?.() !== 0 && 'needs root to be another user',
}, async () => {
  const { setNice } = await import('./part-priority.ts')
  setNice(2 ** 22 - 1, 5)
  process.seteuid?.(65_534)
  try {
    setNice(process.pid, getPriority() - 1)
  } finally {
    process.seteuid?.(0)
  }
})
