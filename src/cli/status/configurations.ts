// Configuration files that are read again when they change: which content is in force, and why the newest is not.
import { isJsonObject } from '../../base/json.ts'

export interface ConfigurationFacts {
  readonly kind: string
  /** SHA-256 of the text, as sha256sum prints it. */
  readonly hash: string
  /** RFC 3339. */
  readonly since: string
  readonly refused?: { readonly since: string; readonly why: string }
}

/** From the details of the server; empty if it has no such files or is an older release. */
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
    refused ? [`The ${kind} configuration of ${since} is in force, because the one of ${refused.since} was refused: ${refused.why}`] : [],
  )
}
