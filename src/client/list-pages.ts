// All pages of a list. Whoever makes objects decides how large they are, and must not keep others from listing them.
import type { KubeObject } from '../api/object.ts'
import type { ObjectList } from './client.ts'
import { AnswerTooLarge } from './transport.ts'

/** As client-go's reflectors ask. */
const pageSize = 500

/**
 * Page by page, of fewer objects each from where an answer was larger than the transport takes. One object always fits. Rejects with what `page` rejects
 * with; an expired token is the caller's to handle.
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
