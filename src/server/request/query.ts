// Parses the query of a request once, without URL objects.

import { parse } from 'node:querystring'
import { parseInt64 } from '../../api/go-text/go-int64.ts'
import { queryFlag } from '../../api/nodes/query-flag.ts'
import { badRequest } from '../../api/status.ts'

export interface Query {
  /** The first value; undefined if the name does not occur. */
  get(name: string): string | undefined
  all(name: string): readonly string[]
  /** See `queryFlag()`. */
  flag(name: string): boolean
  /** Throws a 400 if the value is not an integer. */
  integer(name: string): number | undefined
  /** The query as it was sent, without the question mark. */
  readonly raw: string
}

export const emptyQuery: Query = {
  get: () => undefined,
  all: () => [],
  flag: () => false,
  integer: () => undefined,
  raw: '',
}

/** More than any client sends, except for the words of a long command. Excess ones are refused and not dropped: without a selector or dryRun the request would mean something else. */
const maxParameters = 1000

export function parseQuery(raw: string): Query {
  return raw === '' ? emptyQuery : new ParsedQuery(raw)
}

class ParsedQuery implements Query {
  readonly raw: string
  readonly #values: NodeJS.Dict<string | string[]>

  constructor(raw: string) {
    this.raw = raw
    this.#values = parse(raw, '&', '=', { maxKeys: maxParameters + 1 })
    // Each takes at least a byte, so most queries are too short to need counting.
    if (raw.length > maxParameters && Object.values(this.#values).flat().length > maxParameters)
      throw badRequest(`the query has more than ${maxParameters} parameters`)
  }

  get(name: string): string | undefined {
    const value = this.#values[name]
    return Array.isArray(value) ? value[0] : value
  }

  all(name: string): readonly string[] {
    const value = this.#values[name]
    return value === undefined ? [] : Array.isArray(value) ? value : [value]
  }

  flag(name: string): boolean {
    return queryFlag(this.get(name))
  }

  integer(name: string): number | undefined {
    const value = this.get(name)
    if (value === undefined) return undefined
    const number = parseInt64(value)
    if (typeof number === 'string') throw badRequest(number)
    return number
  }
}
