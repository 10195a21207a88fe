import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { startCluster } from '../../cluster/tests/bootstrapped.testing.ts'
import { takeControlSocket, type UpStatus } from '../up/control-socket.ts'
import { layout, takeDataDirectory } from '../up/data-directory.ts'
import { defineCheck, failure, ok, warning, worst } from './check.ts'
import { schedulesIn, serverAhead } from './cluster-facts.ts'
import { doctor, runChecks } from './doctor.ts'
import { formatReport } from './format.ts'
import { fileSystemsIn, presenceOf } from './kernel.ts'
import { listenersIn } from './listeners.ts'
import { type Machine, NotSeen, thisMachine } from './machine.ts'

const canary = 'CANARY-OF-A-KEY'

async function run(dataDir: string, output?: 'json'): Promise<{ code: number; text: string }> {
  const lines: string[] = []
  const code = await doctor({ dataDir, ...(output === undefined ? {} : { output }) }, text => void lines.push(text))
  return { code, text: lines.join('\n') }
}

function temporaryFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'doctor-'))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}

const checkOf = (read: (machine: Machine) => number, forNodes?: true) =>
  defineCheck<number>({
    ...{ id: 'x', group: 'Clock', title: 'x', reads: 'x', read },
    ...(forNodes === undefined ? {} : { forNodes }),
    evaluate: value => (value > 1 ? failure('too many', 'less') : ok('few')),
  })

test('runChecks() reports what a user may not see, and a check that breaks, without ending', async () => {
  const machine = { ...thisMachine(layout('/nowhere'), undefined, undefined), userId: 1000, exists: () => false }
  const results = await runChecks(
    [
      checkOf(() => {
        throw new NotSeen('"/secret"')
      }),
      checkOf(() => {
        throw new Error('broken')
      }),
      checkOf(() => 2),
      checkOf(() => 2, true),
    ],
    machine,
  )
  assert.deepEqual(
    results.map(({ state, detail, unseen }) => [state, detail, unseen]),
    [
      ['not applicable', 'not seen: it needs root', '"/secret" is not readable by this user'],
      ['warning', 'could not be checked: broken', undefined],
      ['failure', 'too many', undefined],
      ['not applicable', 'nodes of this user are simulated', undefined],
    ],
  )
})

test('worst() is the most severe, with all that is bad and each advice once', () => {
  assert.deepEqual(worst([ok('a'), warning('b', 'x'), failure('c', 'x', 'y')], 'fine'), {
    state: 'failure',
    detail: 'b; c',
    advice: ['x', 'y'],
  })
  assert.deepEqual(worst([ok('a')], 'fine'), { state: 'ok', detail: 'fine', advice: [] })
  assert.equal(worst([], 'fine').state, 'not applicable')
})

test('formatReport() has one line for each check, advice only for what is not ok, and the counts last', () => {
  const result = { id: 'x', group: 'Disk', title: 'free space', reads: 'x' } as const
  const text = formatReport({
    ...{ dataDirectory: '/d', running: false, unseen: ['"/x" is not readable by this user'] },
    results: [
      { ...result, ...ok('much') },
      { ...result, ...failure('\u001b[2Jnone', 'du') },
    ],
  })
  assert.equal(
    text,
    [
      '/d: no cluster runs here',
      '',
      'Disk',
      '  ok       free space  much',
      '  FAILURE  free space  \\u001b[2Jnone',
      '           → du',
      '',
      'Not seen, run as root to see it:',
      '  "/x" is not readable by this user',
      '',
      '1 ok, 0 warnings, 1 failures, 0 not applicable',
    ].join('\n'),
  )
})

test('listenersIn() finds sockets that listen, not connections', () => {
  const table = [
    '  sl  local_address rem_address   st',
    '   0: 0100007F:192B 00000000:0000 0A 00000000',
    '   1: 0100007F:192C 0100007F:C001 01 00000000',
    '   2: 00000000000000000000000001000000:1F90 00000000:0000 0A',
  ].join('\n')
  assert.deepEqual(
    listenersIn(table, 'tcp').map(({ port }) => port),
    [6443, 8080],
  )
  assert.deepEqual(listenersIn('', 'udp'), [])
})

test('presenceOf() asks file systems, modules and the configuration of the kernel', () => {
  assert.deepEqual(fileSystemsIn('nodev\toverlay\n\text4\n'), ['overlay', 'ext4'])
  const machine = (files: Readonly<Record<string, string>>): Machine => ({
    ...thisMachine(layout('/nowhere'), undefined, undefined),
    ...{ kernel: '6.12', exists: path => path in files, text: path => files[path], bytes: () => undefined },
  })
  const dm = { module: 'dm_crypt', option: 'CONFIG_DM_CRYPT' }
  const config = '/boot/config-6.12'
  const modules = { '/lib/modules/6.12/modules.dep': 'kernel/drivers/md/dm-crypt.ko.xz: kernel/x.ko\n' }
  assert.equal(presenceOf(machine({ '/sys/module/dm_crypt': '' }), dm), 'yes')
  assert.equal(presenceOf(machine({ [config]: 'CONFIG_DM_CRYPT=y\n' }), dm), 'yes')
  assert.equal(presenceOf(machine({ [config]: 'CONFIG_DM_CRYPT=m\n', ...modules }), dm), 'loadable')
  assert.equal(presenceOf(machine({ [config]: 'CONFIG_DM_CRYPT=m\n' }), dm), 'no')
  assert.equal(presenceOf(machine({ [config]: '# CONFIG_DM_CRYPT is not set\n' }), dm), 'no')
  assert.equal(presenceOf(machine({}), dm), 'unknown')
  assert.equal(presenceOf(machine({ '/proc/filesystems': 'nodev\toverlay\n' }), { fileSystem: 'overlay' }), 'yes')
})

test('serverAhead() compares with the middle of the second of a date', () => {
  assert.equal(serverAhead('Tue, 01 Dec 2026 00:00:00 GMT', Date.UTC(2026, 11, 1) + 500), 0)
  assert.equal(serverAhead(undefined, 0), undefined)
})

test('schedulesIn() reads what a server of any release sends', () => {
  const items = [
    { metadata: { name: 'daily' }, status: { lastVerified: '2026-12-01T00:00:00Z' } },
    { metadata: { name: 'new' } },
    { metadata: {} },
    7,
  ]
  assert.deepEqual(schedulesIn({ items }), [
    { name: 'daily', verified: Date.UTC(2026, 11, 1) },
    { name: 'new', verified: undefined },
  ])
  for (const other of [undefined, [], { items: 7 }]) assert.deepEqual(schedulesIn(other), [])
})

test('doctor names a key that others can read, without its content, and ends with 1', async () => {
  using folder = temporaryFolder()
  const { directory, lock } = await takeDataDirectory(join(folder.path, 'd'), undefined)
  lock[Symbol.dispose]()
  const key = join(directory.signer, 'encryption-1.key')
  writeFileSync(key, canary, { mode: 0o600 })
  writeFileSync(join(directory.path, 'admin.pem'), canary, { mode: 0o600 })
  assert.match((await run(directory.path)).text, /ok +owners and modes +\d+ files and folders/)
  chmodSync(key, 0o644)
  const { code, text } = await run(directory.path)
  assert.equal(code, 1)
  assert.match(text, /FAILURE +owners and modes +".*encryption-1\.key" has mode 0644: others may read it\n +→ chmod go-rwx /)
  assert.match(text, /\n\d+ ok, \d+ warnings, [1-9]\d* failures, \d+ not applicable$/)
  assert.doesNotMatch(text, new RegExp(canary))
  const json: unknown = JSON.parse((await run(directory.path, 'json')).text)
  assert.ok(typeof json === 'object' && json !== null && 'counts' in json && 'results' in json)
  assert.doesNotMatch(JSON.stringify(json), new RegExp(canary))
})

test('a machine whose cluster another user runs hides it, and space is that of the next folder that can be seen', async () => {
  const hidden = thisMachine(layout('/nowhere/at/all'), 'hidden', undefined)
  assert.throws(() => hidden.up, NotSeen)
  assert.ok((hidden.space('/nowhere/at/all')?.bytes ?? 0) > 0)
  const [result] = await runChecks([checkOf(({ up }) => (up === undefined ? 0 : 1))], hidden)
  assert.equal(result?.unseen, 'the running cluster is not readable by this user')
  assert.equal(thisMachine(layout('/nowhere'), { problem: 'it hangs' }, undefined).upProblem, 'it hangs')
})

test('doctor asks a running cluster', async () => {
  using folder = temporaryFolder()
  await using cluster = await startCluster()
  mkdirSync(join(folder.path, 'run'))
  const kubeconfig = await cluster.kubeconfig()
  const server = /https:[^"\s]+/.exec(kubeconfig)?.[0] ?? ''
  writeFileSync(join(folder.path, 'admin.kubeconfig'), kubeconfig, { mode: 0o600 })
  const part = { name: 'server', state: 'ready', pid: process.pid, userId: 0, restarts: 0, lastExit: undefined, details: {} } as const
  const up: UpStatus = { version: '0.1.0', pid: process.pid, server, profile: 'secure', parts: [part] }
  await using _socket = await takeControlSocket(layout(folder.path).supervisorSocket, () => up)
  const { text } = await run(folder.path)
  assert.match(text, /a cluster runs here/)
  assert.match(text, /ok +API +answers/)
  assert.match(text, /ok +API server +\d+, by this cluster/)
  assert.match(text, /ok +parts +1 ready/)
  assert.match(text, /clock of the API server +within 5 s/)
})
