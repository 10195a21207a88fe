// Reads all pages of a list. Large objects must not prevent others from listing.
import type { KubeObject } from '../api/object.ts'
import type { ObjectList } from './client.ts'
import { AnswerTooLarge } from './transport/transport.ts'

/** As client-go's reflectors. */
const pageSize = 500

/**
 * Page by page; after an answer above the limit of the transport, with fewer objects each. One object always fits. Rejects with the error
 * of `page`; the caller handles an expired token.
 */
export async function* listPages<T extends KubeObject>(
  page: (limit: number, token: string) => Promise<ObjectList<T>>,
): AsyncGenerator<ObjectList<T>> {
  let limit = pageSize
  for (let token = ''; ; ) {
    let found: ObjectList<T>
    try {
      found = await page(limit, token)
    } catch (err) {
      if (!(err instanceof AnswerTooLarge) || limit === 1) throw err
      limit = Math.floor(limit / 2)
      continue
    }
    yield found
    token = found.continue
    if (token === '') return
  }
}
