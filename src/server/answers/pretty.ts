// Decides about formatted JSON: if the client requests it, and for programs that show it to a person, as upstream.
import { writeJson } from '../../base/write-json.ts'
import { emptyQuery, type Query } from '../request/query.ts'

const people = ['curl', 'Wget', 'Mozilla/5.0']

/** Go's spellings of true; anything else is false. */
const yes = ['1', 't', 'T', 'TRUE', 'true', 'True']

export function wantsPretty(query: Query, agent: string | undefined): boolean {
  const asked = query === emptyQuery ? undefined : query.get('pretty')
  if (asked) return yes.includes(asked)
  return agent !== undefined && people.some(name => agent.startsWith(name))
}

/** Deeper values stay on one line: their indentation would multiply the size. */
const maxLevels = 64

/** Formatted JSON. */
export const prettyText = (value: unknown): string => writeJson(value, null, goesDeeper(value, maxLevels) ? 0 : 2)

function goesDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some(member => goesDeeper(member, levels - 1))
}
