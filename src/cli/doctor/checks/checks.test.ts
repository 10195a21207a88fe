import assert from 'node:assert/strict'
import { readdirSync } from 'node:fs'
import { test } from 'node:test'
import { assertTable } from '../../../base/testing/document-table.testing.ts'
import { groups, type Verdict } from '../check.ts'
import { api } from './api.ts'
import { appArmor } from './apparmor.ts'
import { auditLog } from './audit-log.ts'
import { backups } from './backups.ts'
import { bridgeFilter } from './bridge-filter.ts'
import { certificates } from './certificates.ts'
import { cgroups } from './cgroups.ts'
import { clockNodes } from './clock-nodes.ts'
import { clockPlausible } from './clock-plausible.ts'
import { clockServer } from './clock-server.ts'
import { clockSynchronized } from './clock-synchronized.ts'
import { conntrack } from './conntrack.ts'
import { dataFilesystem, mountOf } from './data-filesystem.ts'
import { dataRights, type Entry } from './data-rights.ts'
import { dataVersionCheck } from './data-version.ts'
import { diskInodes } from './disk-inodes.ts'
import { diskSpace, type Place } from './disk-space.ts'
import { dmCrypt } from './dm-crypt.ts'
import { checks } from './index.ts'
import { inotify } from './inotify.ts'
import { ipForward } from './ip-forward.ts'
import { knownWeaknessesCheck } from './known-weaknesses.ts'
import { leftovers } from './leftovers.ts'
import { memory } from './memory.ts'
import { nftables } from './nftables.ts'
import { nodePrograms } from './node-programs.ts'
import { nodejs } from './nodejs.ts'
import { openFiles } from './open-files.ts'
import { otherClusters } from './other-clusters.ts'
import { overlay } from './overlay.ts'
import { packageFiles } from './package-files.ts'
import { parts } from './parts.ts'
import { portApi, portVerdict } from './port-api.ts'
import { processIds } from './process-ids.ts'
import { seccomp } from './seccomp.ts'
import { serviceManager } from './service-manager.ts'
import { swap } from './swap.ts'
import { userNamespaces } from './user-namespaces.ts'
import { wireguard } from './wireguard.ts'

test('checks has every file of the folder, in the order of the groups, each with its own id', () => {
  const files = readdirSync(import.meta.dirname).filter(name => !name.endsWith('.test.ts') && name !== 'index.ts')
  assert.deepEqual(checks.map(({ id }) => `${id}.ts`).sort(), files.sort())
  assert.deepEqual(new Set(checks.map(({ group }) => group)), new Set(groups))
  const order = checks.map(({ group }) => groups.indexOf(group))
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
  )
})

const gib = 2 ** 30
const place = (what: string, freeBytes: number, freeInodes = 10 ** 6): Place => ({
  what,
  path: `/${what}`,
  space: { bytes: 100 * gib, freeBytes, inodes: 10 ** 6, freeInodes },
})
const entry: Entry = { path: '/d/signer/audit.key', kind: 'file', owner: 7, folderOwner: 7, mode: 0o600, bytes: 9, forbidden: 0o077 }
const mounted = (type: string, ...options: string[]) => ({ path: '/d', runsPrograms: true, mount: { point: '/', type, options } })
const now = Date.UTC(2026, 11, 1)
const days = (count: number) => now + count * 86_400_000
const certificate = (until: number, isAuthority: boolean, from = days(-1)) => ({
  ...{ now, runs: true },
  found: [{ path: '/d/x', from, until, isAuthority }],
})
const limits = (hard: string) => ({
  limits: `Limit  Soft  Hard  Units\nMax open files            1024                 ${hard}              files\n`,
})
const part = { name: 'server', state: 'ready', restarts: 0, lastExit: undefined } as const

const rows: readonly (readonly [title: string, verdict: Verdict, state: Verdict['state'], text: RegExp])[] = [
  [
    'a clock that systemd sets',
    clockSynchronized.evaluate({ synchronized: 'yes', daemons: ['systemd-timesyncd'] }),
    'ok',
    /systemd-timesyncd/,
  ],
  [
    'a clock that chrony sets, without systemd',
    clockSynchronized.evaluate({ synchronized: undefined, daemons: ['chronyd'] }),
    'ok',
    /chronyd runs/,
  ],
  [
    'a daemon that has not set the clock',
    clockSynchronized.evaluate({ synchronized: 'no', daemons: ['chronyd'] }),
    'failure',
    /has not set/,
  ],
  ['a clock that nothing sets', clockSynchronized.evaluate({ synchronized: 'no', daemons: [] }), 'warning', /nothing sets/],
  ['a clock before the build', clockPlausible.evaluate({ now: 0, builtAfter: now }), 'failure', /^1970-01-01T00:00:00Z is before/],
  ['a clock of another century', clockPlausible.evaluate({ now: days(40_000), builtAfter: now }), 'failure', /future/],
  ['a clock after the build', clockPlausible.evaluate({ now: days(3), builtAfter: now }), 'ok', /2026-12-04/],
  ["the server's clock", clockServer.evaluate({ runs: true, aheadMs: 400 }), 'ok', /within/],
  ["the server's clock ahead", clockServer.evaluate({ runs: true, aheadMs: 60_000 }), 'failure', /60 s ahead of/],
  ['a server without a date', clockServer.evaluate({ runs: true, aheadMs: undefined }), 'not applicable', /no date/],
  ["a node's clock ahead", clockNodes.evaluate([{ name: 'm2', aheadMs: 60_000 }]), 'failure', /"m2" is 60 s ahead/],
  [
    "a node's clock behind",
    clockNodes.evaluate([{ name: 'm2', aheadMs: -90_000 }]),
    'failure',
    /"m2" was last seen 90 s ago, or is behind/,
  ],
  ['a node that just renewed', clockNodes.evaluate([{ name: 'm2', aheadMs: -8000 }]), 'ok', /^1 within/],
  ['no node', clockNodes.evaluate([]), 'not applicable', /no node/],
  ['a disk with space', diskSpace.evaluate([place('data', 50 * gib)]), 'ok', /50\.0 GiB of 100\.0 GiB free/],
  [
    'one disk of two nearly full',
    diskSpace.evaluate([place('data', 50 * gib), place('logs', 9 * gib)]),
    'warning',
    /^logs: 9\.0 GiB .* evict pods$/,
  ],
  [
    'a full disk',
    diskSpace.evaluate([place('data', 1 << 20), place('logs', 9 * gib)]),
    'failure',
    /data: 0\.0 GiB .* writes are refused; logs/,
  ],
  ['no inodes', diskInodes.evaluate([place('data', gib, 10)]), 'failure', /10 of 1000000 inodes/],
  ['few inodes', diskInodes.evaluate([place('data', gib, 40_000)]), 'warning', /evict/],
  ['cgroups of version 2', cgroups.evaluate({ unified: 'cpuset cpu io memory pids\n', hierarchies: [] }), 'ok', /version 2/],
  ['version 2 without memory', cgroups.evaluate({ unified: 'cpu pids', hierarchies: [] }), 'failure', /without memory/],
  ['cgroups of version 1', cgroups.evaluate({ unified: undefined, hierarchies: ['cpu', 'memory', 'pids'] }), 'ok', /version 1/],
  ['an overlay module', overlay.evaluate('loadable'), 'ok', /first use/],
  ['no overlay', overlay.evaluate('no'), 'failure', /containers cannot start/],
  ['no dm-crypt', dmCrypt.evaluate('no'), 'warning', /cannot be encrypted/],
  ['a silent kernel', dmCrypt.evaluate('unknown'), 'warning', /does not say/],
  ['nftables as root', nftables.evaluate({ lists: true, presence: 'unknown' }), 'ok', /listed/],
  ['nftables that fails', nftables.evaluate({ lists: false, presence: 'yes' }), 'failure', /cannot be enforced/],
  ['no connection tracking', conntrack.evaluate({ most: undefined, now: undefined }), 'failure', /missing/],
  ['a full table of connections', conntrack.evaluate({ most: '1000\n', now: '900\n' }), 'warning', /900 of 1000/],
  ['user namespaces off', userNamespaces.evaluate({ most: '0\n' }), 'warning', /switched off/],
  ['seccomp', seccomp.evaluate('kill_process errno allow\n'), 'ok', /filters/],
  ['no seccomp', seccomp.evaluate(undefined), 'failure', /missing/],
  ['AppArmor', appArmor.evaluate({ enabled: 'Y\n', seLinux: undefined }), 'ok', /AppArmor/],
  ['no walls', appArmor.evaluate({ enabled: 'N\n', seLinux: '0' }), 'warning', /neither/],
  ['no WireGuard', wireguard.evaluate({ missing: true, inKernel: false }), 'warning', /one of several nodes/],
  ['forwarding off under a node', ipForward.evaluate({ value: '0', runs: true }), 'failure', /switched it off/],
  ['forwarding off without a node', ipForward.evaluate({ value: '0', runs: false }), 'not applicable', /switches it on/],
  ['no bridge filter', bridgeFilter.evaluate({ value: '0' }), 'warning', /off/],
  ['few open files', openFiles.evaluate(limits('4096')), 'warning', /up to 4096/],
  ['many open files', openFiles.evaluate(limits('1048576')), 'ok', /1048576/],
  ['few inotify instances', inotify.evaluate({ instances: '10', watches: '9000' }), 'warning', /10 instances/],
  ['many processes', processIds.evaluate({ most: 32_768, running: 30_000 }), 'warning', /soon nothing/],
  ['little memory', memory.evaluate({ memoryBytes: gib / 2, availableBytes: gib / 4 }), 'warning', /needs 1 GiB/],
  ['no memory', memory.evaluate({ memoryBytes: gib, availableBytes: 1000 }), 'failure', /about to end/],
  ['swap on a disk', swap.evaluate({ swaps: [{ path: '/dev/sda2', encrypted: false }] }), 'warning', /\/dev\/sda2 is not encrypted/],
  ['encrypted swap', swap.evaluate({ swaps: [{ path: '/dev/dm-1', encrypted: true }] }), 'ok', /encrypted/],
  ['a missing program', nodePrograms.evaluate([{ name: 'runc', debianPackage: 'runc', paths: [] }]), 'failure', /runc missing/],
  [
    'a weak runtime',
    knownWeaknessesCheck.evaluate({ found: 1, weak: [{ program: 'runc', version: '1.1.11', ids: ['DSA-1-1'] }] }),
    'warning',
    /runc 1\.1\.11: DSA-1-1/,
  ],
  ['no runtime', knownWeaknessesCheck.evaluate({ found: 0, weak: [] }), 'not applicable', /no runtime/],
  ['an old Node.js', nodejs.evaluate({ version: 'v22.12.0', newest: 26 }), 'failure', /too old/],
  ['an odd Node.js', nodejs.evaluate({ version: 'v25.1.0', newest: 26 }), 'warning', /long support/],
  ['a release', packageFiles.evaluate({ build: 'release', version: '1', keyId: 'k', files: 3 }), 'ok', /1, 3 files, key k/],
  ['a development build', packageFiles.evaluate({ build: 'development', version: '1', keyId: 'k', files: 3 }), 'warning', /not by whom/],
  ['no service manager', serviceManager.evaluate({ first: 'sh', systemd: false }), 'warning', /"sh"/],
  ['a port of ours', portApi.evaluate({ port: 6443, isTaken: true, isOurs: true, holder: undefined }), 'ok', /by this cluster/],
  [
    'a port of others',
    portApi.evaluate({ port: 6443, isTaken: true, isOurs: false, holder: 'k3s, process 7' }),
    'failure',
    /in use by k3s, process 7/,
  ],
  ['a free port', portVerdict({ port: 1, isTaken: false, isOurs: true, holder: undefined }), 'ok', /free/],
  ['an interrupted reset', dataVersionCheck.evaluate({ path: '/d', exists: true, version: 'reset' }), 'failure', /keys are destroyed/],
  ['a newer format', dataVersionCheck.evaluate({ path: '/d', exists: true, version: '2' }), 'failure', /version "2"/],
  ['no version', dataVersionCheck.evaluate({ path: '/d', exists: true, version: undefined }), 'not applicable', /missing/],
  [
    'a key that others read',
    dataRights.evaluate({ entries: [{ ...entry, mode: 0o644 }] }),
    'failure',
    /"\/d\/signer\/audit\.key" has mode 0644: others may read it/,
  ],
  ['a key of another user', dataRights.evaluate({ entries: [{ ...entry, owner: 8 }] }), 'failure', /belongs to user 8, its folder to 7/],
  ['a key that is a link', dataRights.evaluate({ entries: [{ ...entry, kind: 'link', mode: 0o777 }] }), 'failure', /is a link$/],
  ['keys as they should be', dataRights.evaluate({ entries: [entry] }), 'ok', /^1 files/],
  ['a network file system', dataFilesystem.evaluate(mounted('nfs4', 'rw')), 'failure', /not safe/],
  ['a tmpfs', dataFilesystem.evaluate(mounted('tmpfs', 'rw')), 'warning', /is gone after a restart/],
  ['noexec', dataFilesystem.evaluate(mounted('ext4', 'noexec')), 'failure', /noexec/],
  ['a read-only disk', dataFilesystem.evaluate(mounted('ext4', 'ro')), 'failure', /read-only/],
  ['a usual disk', dataFilesystem.evaluate(mounted('ext4', 'rw', 'relatime')), 'ok', /ext4 at \//],
  ['an authority that ends soon', certificates.evaluate(certificate(days(60), true)), 'warning', /ends at 2027-01-30/],
  ['an authority that ended', certificates.evaluate(certificate(days(-1), true, days(-9))), 'failure', /ended/],
  ['a certificate of the future', certificates.evaluate(certificate(days(9), true, days(1))), 'failure', /valid only from/],
  ['a certificate that is not renewed', certificates.evaluate(certificate(now + 60_000, false)), 'warning', /ends at/],
  [
    'a certificate of a stopped cluster',
    certificates.evaluate({ ...certificate(days(-1), false, days(-2)), runs: false }),
    'ok',
    /^1, the first/,
  ],
  ['an audit log', auditLog.evaluate({ files: 2, bytes: 1 << 20, freeBytes: 100 * gib, folder: '/d' }), 'ok', /at most 2000\.0 MiB/],
  [
    'an audit log that outgrows the disk',
    auditLog.evaluate({ files: 2, bytes: 1 << 20, freeBytes: gib, folder: '/d' }),
    'warning',
    /the disk is full before/,
  ],
  [
    'an audit log at its bound',
    auditLog.evaluate({ files: 20, bytes: 1950 << 20, freeBytes: 100 * gib, folder: '/d' }),
    'warning',
    /removed next/,
  ],
  ['parts', parts.evaluate({ parts: [part], problem: undefined }), 'ok', /^1 ready/],
  [
    'a part that was restarted',
    parts.evaluate({ parts: [{ ...part, restarts: 3, lastExit: 'signal SIGKILL' }], problem: undefined }),
    'warning',
    /restarted 3 times, last ended with signal SIGKILL/,
  ],
  [
    'a part that does not run',
    parts.evaluate({ parts: [{ ...part, state: 'starting' }], problem: undefined }),
    'failure',
    /server is starting/,
  ],
  ['a server that does not answer', api.evaluate({ runs: true, problem: 'no answer' }), 'failure', /no answer/],
  ['an up that hangs', parts.evaluate({ parts: undefined, problem: 'does not answer' }), 'failure', /does not answer/],
  [
    'containers without up',
    leftovers.evaluate({ own: 'aa', upRuns: false, traces: [], running: new Map([['aa', '/d/node']]) }),
    'warning',
    /1 dead node: aa/,
  ],
  ['no schedule of backups', backups.evaluate({ now, schedules: [] }), 'warning', /none is scheduled/],
  [
    'a verified backup',
    backups.evaluate({ now, schedules: [{ name: 'daily', verified: days(-1) }] }),
    'ok',
    /"daily" at 2026-11-30T00:00Z/,
  ],
  ['an old backup', backups.evaluate({ now, schedules: [{ name: 'daily', verified: days(-3) }] }), 'warning', /more than two days ago/],
  [
    'a backup that was never verified',
    backups.evaluate({ now, schedules: [{ name: 'daily', verified: undefined }] }),
    'warning',
    /no backup that was verified/,
  ],
  ['a cluster without backups', backups.evaluate({ now, schedules: undefined }), 'not applicable', /no server/],
  [
    'leftovers',
    leftovers.evaluate({ own: 'aa', upRuns: false, traces: ['aa', 'bb'], running: new Map([['bb', '/x/node']]) }),
    'warning',
    /1 dead node: aa/,
  ],
  ['a running node', leftovers.evaluate({ own: 'aa', upRuns: true, traces: ['aa'], running: new Map([['aa', '/d/node']]) }), 'ok', /none/],
  ['another cluster', otherClusters.evaluate({ others: ['/other'] }), 'warning', /containers of \/other run/],
]

for (const [title, verdict, state, text] of rows)
  test(`doctor on ${title}: ${state}`, () => {
    assert.equal(verdict.state, state, verdict.detail)
    assert.match(verdict.detail, text)
    assert.equal(verdict.advice.length > 0, state === 'warning' || state === 'failure', 'advice exactly for what is not ok')
  })

test('mountOf() finds the file system of a path, not that of a folder with a longer name', () => {
  const line = (point: string, type: string, options: string) => `1 2 8:1 / ${point} ${options} shared:1 - ${type} /dev/x rw`
  const info = [
    line('/', 'ext4', 'rw'),
    line('/var/lib', 'xfs', 'rw,noexec'),
    line('/var/library', 'nfs4', 'rw'),
    line('/var/lib', 'btrfs', 'rw'),
  ].join('\n')
  assert.equal(mountOf(info, '/var/lib/bulkhead')?.type, 'btrfs')
  assert.equal(mountOf(info, '/var/libx')?.type, 'ext4')
  assert.equal(mountOf('', '/'), undefined)
})

test('docs/operations.md lists every check', () => {
  const rows = groups.map(group => [
    group,
    checks
      .filter(check => check.group === group)
      .map(({ title }) => title)
      .join(', '),
  ])
  assertTable('docs/operations.md', ['group', 'checks'], rows)
})
