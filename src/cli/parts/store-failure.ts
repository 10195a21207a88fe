// What a server does whose store takes no more writes: it ends, and the supervisor starts one that opens the file again and reads what it holds.
import type { Logger } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'

/** Rejects when the store fails; never resolves. */
export function storeFailure(store: Pick<Store, 'onFailure'>, log: Logger): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  // Nobody waits for it while the server starts.
  promise.catch(() => undefined)
  store.onFailure(err => {
    log.error('the server ends because its store has failed, and is started again', { err })
    reject(new Error('The store has failed', { cause: err }))
  })
  return promise
}
