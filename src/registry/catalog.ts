// The list of repositories, as far as the owner of a token may pull from them.
import { parseRepositoryName } from '../api/repository-name.ts'
import { isJsonObject, isTexts, parseJson } from '../base/json.ts'
import { readAnswer, type Upstream } from './upstream.ts'

/** Names that are reviewed in one question. */
export const pageSize = 100
/** Pages that are read for one answer, so that a request of somebody who may pull little costs no more. */
export const maxPages = 20
const maxAnswerBytes = 1 << 20

export interface CatalogPage {
  readonly repositories: readonly string[]
  /** The name after which the next page begins; undefined on the last one. It is always one that the owner may pull from. */
  readonly last: string | undefined
}

/** At most `limit` names after `last`. `mayPull` returns those of up to `pageSize` names that may be listed. */
export async function readCatalog(
  pageAfter: (last: string) => Promise<readonly string[]>,
  mayPull: (names: readonly string[]) => Promise<ReadonlySet<string>>,
  { last, limit }: { readonly last: string; readonly limit: number },
): Promise<CatalogPage> {
  const found: string[] = []
  let after = last
  for (let page = 0; page < maxPages; page++) {
    const names = await pageAfter(after)
    const named = names.filter(name => parseRepositoryName(name) !== undefined)
    const allowed = named.length === 0 ? new Set<string>() : await mayPull(named)
    for (const name of named) {
      if (!allowed.has(name)) continue
      if (found.length === limit) return { repositories: found, last: found.at(-1) }
      found.push(name)
    }
    const end = names.at(-1)
    if (end === undefined || names.length < pageSize) return { repositories: found, last: undefined }
    after = end
  }
  return { repositories: found, last: found.at(-1) }
}

/** One page of the registry's own list. */
export function upstreamPages(upstream: Upstream, signal: AbortSignal): (last: string) => Promise<readonly string[]> {
  const access = [{ type: 'registry', name: 'catalog', actions: ['*'] }] as const
  return async last => {
    const query = new URLSearchParams({ n: String(pageSize), ...(last === '' ? {} : { last }) })
    const answer = await upstream.send({ method: 'GET', path: `/v2/_catalog?${query}`, access }, signal)
    const body: unknown = parseJson((await readAnswer(answer, maxAnswerBytes)).toString('utf8'))
    const names = isJsonObject(body) ? body['repositories'] : undefined
    return answer.statusCode === 200 && isTexts(names) ? names : []
  }
}
