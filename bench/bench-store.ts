// The store of the measured clusters: SQLite, or an etcd of its own for each data directory, on the same disk.
import { startEtcd, type TestEtcd } from '../src/store/etcd/etcd.testing.ts'

let isEtcd = false
const started = new Map<string, TestEtcd>()

/** From here on clusters have etcd. */
export function useEtcd(): void {
  isEtcd = true
}

/** Flags of `bulkhead up` for a data directory. */
export async function storeFlags(dataDirectory: string): Promise<readonly string[]> {
  if (!isEtcd) return []
  const etcd = started.get(dataDirectory) ?? (await startEtcd())
  started.set(dataDirectory, etcd)
  const { ca, cert, key } = etcd.files
  return ['--store', 'etcd', '--etcd-servers', etcd.endpoints.join(), '--etcd-ca', ca, '--etcd-cert', cert, '--etcd-key', key]
}

export async function stopStores(): Promise<void> {
  for (const etcd of started.values()) await etcd[Symbol.asyncDispose]()
  started.clear()
}
