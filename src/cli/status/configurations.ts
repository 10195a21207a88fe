// Files of access that are read again when they change: whose content is in force, and why what is there now is not.
import { isJsonObject } from '../../base/json.ts'

export interface ConfigurationFacts {
  readonly kind: string
  /** Of the file's text, as sha256sum shows it. */
  readonly hash: string
  /** RFC 3339. */
  readonly since: string
  readonly refused?: { readonly since: string; readonly why: string }
}

/** From what the server says of itself; none where it has no such files, or is of an older release. */
export function configurationFacts(details: Readonly<Record<string, unknown>>): ConfigurationFacts[] {
  const shown = details['configurations']
  if (!isJsonObject(shown)) return []
  return Object.entries(shown).flatMap(([kind, state]) => {
    if (!isJsonObject(state)) return []
    const { hash, since, refused } = state
    const problem = isJsonObject(refused) ? { refused: { since: time(refused['since']), why: String(refused['why']) } } : {}
    return [{ kind, hash: String(hash), since: time(since), ...problem }]
  })
}

const time = (ms: unknown): string => new Date(Number(ms)).toISOString()

export function refusedConfigurations(facts: readonly ConfigurationFacts[]): string[] {
  return facts.flatMap(({ kind, since, refused }) =>
    refused ? [`The ${kind} configuration is the one of ${since}, what is there since ${refused.since} is refused: ${refused.why}`] : [],
  )
}
