// Three API servers of one cluster on one real etcd, in this process: the same keys, a store each.
import { randomUUID } from 'node:crypto'
import { systemClock } from '../../../base/clock.ts'
import { silentLogger } from '../../../base/log.ts'
import { createMemorySigner } from '../../../signer/memory-signer.ts'
import type { TestEtcd } from '../../../store/etcd/etcd.testing.ts'
import { openEtcdStore } from '../../../store/etcd/etcd-store.ts'
import { testSealer } from '../../../store/records/sealer.testing.ts'
import type { Store } from '../../../store/store.ts'
import { SecuredApi } from '../secured-api.testing.ts'

export interface ThreeServers extends AsyncDisposable {
  readonly apis: readonly [SecuredApi, SecuredApi, SecuredApi]
  /** All have the newest state. */
  fresh(): Promise<void>
}

export async function threeServers(etcd: TestEtcd): Promise<ThreeServers> {
  const prefix = `/${randomUUID()}/`
  const signer = createMemorySigner({ clock: systemClock })
  const open = async (id: string): Promise<SecuredApi> => {
    const store: Store = await openEtcdStore({
      ...{ etcd, prefix, cluster: 'test', sealer: testSealer(), clock: systemClock, log: silentLogger },
      identity: { id, address: `https://${id}:6443` },
    })
    return await SecuredApi.open({ store, signer })
  }
  // The first alone, the others at once.
  const first = await open('one')
  const [second, third] = await Promise.all([open('two'), open('three')])
  const apis = [first, second, third] as const
  return {
    apis,
    fresh: async () => {
      await Promise.all(apis.map(({ store }) => store.fresh()))
    },
    [Symbol.asyncDispose]: async () => {
      for (const api of apis) await api[Symbol.asyncDispose]()
    },
  }
}
