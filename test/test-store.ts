// The store of the clusters of a test: SQLite, or with BULKHEAD_TEST_STORE=etcd an etcd of its own for each data directory.
import { startEtcd, type TestEtcd } from '../src/store/etcd/etcd.testing.ts'

export const usesEtcd = process.env['BULKHEAD_TEST_STORE'] === 'etcd'

const started = new Map<string, Promise<TestEtcd>>()
/** `exit` is synchronous. */
const members = new Set<TestEtcd>()
if (usesEtcd)
  process.once('exit', () => {
    for (const etcd of members) for (const member of etcd.members) member.kill('SIGKILL')
  })

/** Flags of `bulkhead up` for a data directory; the same etcd for the same directory. */
export async function storeFlags(dataDirectory: string): Promise<readonly string[]> {
  if (!usesEtcd) return []
  let etcd = started.get(dataDirectory)
  if (etcd === undefined) {
    etcd = startEtcd()
    started.set(dataDirectory, etcd)
    members.add(await etcd)
  }
  return etcdFlags(await etcd)
}

export function etcdFlags({ endpoints, files }: TestEtcd): readonly string[] {
  const { ca, cert, key } = files
  return ['--store', 'etcd', '--etcd-servers', endpoints.join(), '--etcd-ca', ca, '--etcd-cert', cert, '--etcd-key', key]
}

/** At the end of a cluster whose data directory is removed. */
export async function stopStore(dataDirectory: string): Promise<void> {
  const etcd = started.get(dataDirectory)
  started.delete(dataDirectory)
  await (await etcd)?.[Symbol.asyncDispose]()
}
