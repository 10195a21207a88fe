// Ends the server when its store accepts no more writes. The supervisor starts it again, and it opens the file anew.
import type { Logger } from '../../base/log.ts'
import type { Store } from '../../store/store.ts'

/** Rejects when the store fails; never resolves. */
export function storeFailure(store: Pick<Store, 'onFailure'>, log: Logger): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>()
  // Nothing awaits it while the server starts.
  promise.catch(() => undefined)
  store.onFailure(err => {
    log.error('the store has failed, so the server ends and is restarted', { err })
    reject(new Error('The store has failed', { cause: err }))
  })
  return promise
}
