import { randomUUID } from 'node:crypto'
import { after, test } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { storeContract } from '../store.contract.ts'
import { noEtcd, startEtcd } from './etcd.testing.ts'
import { openEtcdStore } from './etcd-store.ts'

const etcd = noEtcd === false ? await startEtcd() : undefined
after(() => etcd?.[Symbol.asyncDispose]())

if (etcd === undefined) test('the store on etcd keeps the contract', { skip: noEtcd })
else
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
