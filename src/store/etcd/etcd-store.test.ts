import { randomUUID } from 'node:crypto'
import { after } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { storeContract } from '../store.contract.ts'
import { startEtcd } from './etcd.testing.ts'
import { openEtcdStore } from './etcd-store.ts'

const etcd = await startEtcd()
after(() => etcd[Symbol.asyncDispose]())

storeContract('etcd', options =>
  openEtcdStore({
    etcd,
    prefix: `/${randomUUID()}/`,
    cluster: 'test',
    identity: { id: 'one', address: 'https://127.0.0.1:6443' },
    sealer: testSealer(),
    clock: systemClock,
    log: silentLogger,
    ...options,
  }),
)
