import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import { systemClock } from '../../base/clock.ts'
import { silentLogger } from '../../base/log.ts'
import { testSealer } from '../records/sealer.testing.ts'
import { storeContract } from '../store.contract.ts'
import { openSqliteStore } from './sqlite-store.ts'

const root = await mkdtemp(join(tmpdir(), 'bulkhead-store-'))
let opened = 0
after(() => rm(root, { recursive: true }))

const allLarge = { fromBytes: 0, cacheBytes: 0 }
storeContract('sqlite with all objects in files', options =>
  openSqliteStore({
    directory: join(root, `${opened++}`),
    sealer: testSealer(),
    clock: systemClock,
    log: silentLogger,
    large: allLarge,
    ...options,
  }),
)
storeContract('sqlite', options =>
  openSqliteStore({ directory: join(root, `${opened++}`), sealer: testSealer(), clock: systemClock, log: silentLogger, ...options }),
)
