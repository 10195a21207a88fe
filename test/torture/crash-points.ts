// Where a control plane may lose its power: before one of the calls that change its disk. A tracer ends the process there, so the product
// has no code for it.

export interface CrashPoint {
  readonly name: string
  /** Below the data directory. */
  readonly path: string
  readonly call: string
  /** The call of this number on the path. */
  readonly nth: number
}

const drafts = ['write', 'fsync', 'rename'] as const

/** Files that are replaced as a whole: written beside, synced, renamed. */
const replaced: readonly string[] = [
  ...['client-ca.key', 'client-ca.crt', 'serving-ca.key', 'front-proxy-ca.crt', 'kubelet-serving-ca.key', 'registry-ca.crt', 'etcd-ca.key'],
  ...['service-account-1.key', 'encryption-1.key', 'evidence.key', 'audit.key', 'volumes/v0.key', 'volumes/v11.key'],
  ...['audit-head.json', 'audit-epoch.json', 'store-head.json', 'backup-heads.json'],
].map(file => `signer/${file}`)

/** Path, call, and which of its calls. */
const calls: readonly (readonly [path: string, call: string, nths: readonly number[]])[] = [
  ['signer', 'fsync', [1, 9]],
  ['signer/audit-epoch.json', 'pwrite64', [1]],
  ['signer/audit-epoch.json', 'fsync', [1]],
  ['signer/audit-epoch.json.new', 'rename', [2]],
  ['signer/audit-head.json.new', 'rename', [2]],
  ['server/store.db', 'openat', [1]],
  ['server/store.db', 'pwrite64', [1, 4]],
  ['server/store.db', 'fsync', [1, 3]],
  ['server/store.db-journal', 'pwrite64', [1, 3]],
  ['server/store.db-journal', 'fsync', [1, 2]],
  ['server/store.db-journal', 'unlink', [1]],
  ['server/store.db-wal', 'openat', [1]],
  ['server/store.db-wal', 'pwrite64', [1, 2, 3, 10, 50, 100, 200, 400, 600]],
  ['server/store.db-wal', 'fsync', [1, 2, 3, 5, 10, 20, 40]],
  ['server/audit/audit-00000001.log', 'openat', [1]],
  ['server/audit/audit-00000001.log', 'pwrite64', [1, 2, 6]],
  ['server/audit/audit-00000002.log', 'openat', [1]],
  ['server/audit/audit-00000002.log', 'pwrite64', [1, 2]],
  ['server/audit/epochs', 'write', [1]],
  ['server/audit/epochs', 'fsync', [1]],
  ['server/audit/tlog/checkpoint.new', 'write', [1]],
  ['server/audit/tlog/checkpoint.new', 'rename', [1]],
]

const point = (path: string, call: string, nth: number): CrashPoint => ({ name: `${path}: ${call} ${nth}`, path, call, nth })

export const crashPoints: readonly CrashPoint[] = [
  ...replaced.flatMap(file => drafts.map(call => point(`${file}.new`, call, 1))),
  ...calls.flatMap(([path, call, nths]) => nths.map(nth => point(path, call, nth))),
]
